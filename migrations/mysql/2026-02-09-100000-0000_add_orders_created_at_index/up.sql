-- The newest orders first, and what was sold in a month: without it each reads every order there is.
CREATE INDEX idx_orders_created_at ON orders (created_at);
