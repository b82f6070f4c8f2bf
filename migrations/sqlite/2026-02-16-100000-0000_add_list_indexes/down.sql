CREATE INDEX idx_orders_status ON orders (status);
DROP INDEX idx_orders_status_created_at_total_amount;
DROP INDEX idx_products_created_at;
DROP INDEX idx_user_profiles_created_at;
DROP INDEX idx_users_status_created_at;
DROP INDEX idx_users_created_at;
