CREATE INDEX idx_orders_status ON orders (status);
DROP INDEX idx_orders_status_created_at_total_amount ON orders;
DROP INDEX idx_products_created_at ON products;
DROP INDEX idx_user_profiles_created_at ON user_profiles;
DROP INDEX idx_users_status_created_at ON users;
DROP INDEX idx_users_created_at ON users;
