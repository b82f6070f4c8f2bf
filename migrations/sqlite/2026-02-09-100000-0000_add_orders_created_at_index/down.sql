DROP INDEX idx_orders_created_at;
