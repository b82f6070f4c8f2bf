-- A safe change to a table with rows in it: a constant default reaches the rows that are there without rewriting them,
-- and the check is made against each of them before the column is added.
ALTER TABLE users ADD COLUMN status TEXT NOT NULL DEFAULT 'active'
    CONSTRAINT ck_users_status CHECK (status IN ('active', 'suspended'));
