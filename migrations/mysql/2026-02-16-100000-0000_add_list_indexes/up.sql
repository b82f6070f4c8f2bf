-- Users, profiles and products, newest first: without these a page of twenty sorts every row there is.
CREATE INDEX idx_users_created_at ON users (created_at);
CREATE INDEX idx_users_status_created_at ON users (status, created_at);
CREATE INDEX idx_user_profiles_created_at ON user_profiles (created_at);
CREATE INDEX idx_products_created_at ON products (created_at);

-- The orders in a state, newest first, and what was sold in a month, for which the total stands in the index, too: so no row is
-- read for it. The index on the state alone is the beginning of this one.
CREATE INDEX idx_orders_status_created_at_total_amount ON orders (status, created_at, total_amount);
DROP INDEX idx_orders_status ON orders;
