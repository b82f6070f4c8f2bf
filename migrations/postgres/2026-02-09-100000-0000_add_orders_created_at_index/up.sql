-- The newest orders first, and what was sold in a month: without it each reads every order there is.
-- On a large table use CREATE INDEX CONCURRENTLY, which lets others write meanwhile, with `run_in_transaction = false` in
-- metadata.toml.
CREATE INDEX idx_orders_created_at ON orders (created_at);
