-- Best sellers read items by the thousand: with the quantity in an index on the order no row is read for them. The unique key cannot
-- have it, for it would be part of what is unique; the index on the orders' states has their ids, as every index of InnoDB.
CREATE INDEX idx_order_items_order_id_product_id_quantity ON order_items (order_id, product_id, quantity);
