-- Best sellers read orders and items by the thousand: with the id of the order and the quantity of the item in the indexes that are
-- gone through anyway, no row is read for them. Both indexes are made anew under their names, while nobody writes; on a large table
-- use CREATE [UNIQUE] INDEX CONCURRENTLY under another name first, then ADD CONSTRAINT … USING INDEX and ALTER INDEX … RENAME.
DROP INDEX idx_orders_status_created_at_total_amount;
CREATE INDEX idx_orders_status_created_at_total_amount ON orders (status, created_at, total_amount) INCLUDE (id);
ALTER TABLE order_items
    DROP CONSTRAINT uq_order_items_order_id_product_id,
    ADD CONSTRAINT uq_order_items_order_id_product_id UNIQUE (order_id, product_id) INCLUDE (quantity);
