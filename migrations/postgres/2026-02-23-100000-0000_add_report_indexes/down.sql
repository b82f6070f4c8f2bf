ALTER TABLE order_items
    DROP CONSTRAINT uq_order_items_order_id_product_id,
    ADD CONSTRAINT uq_order_items_order_id_product_id UNIQUE (order_id, product_id);
DROP INDEX idx_orders_status_created_at_total_amount;
CREATE INDEX idx_orders_status_created_at_total_amount ON orders (status, created_at, total_amount);
