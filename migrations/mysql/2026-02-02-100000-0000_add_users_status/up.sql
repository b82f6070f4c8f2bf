-- A safe change to a table with rows in it: a constant default reaches the rows that are there without rewriting them.
ALTER TABLE users ADD COLUMN status VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'active';
-- The check reads the table; on a large one, do this part in a later migration.
ALTER TABLE users ADD CONSTRAINT ck_users_status CHECK (status IN ('active', 'suspended'));
