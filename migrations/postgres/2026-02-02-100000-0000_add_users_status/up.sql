-- A safe change to a table with rows in it: a constant default reaches the rows that are there without rewriting them, so
-- the lock is held for a moment only.
ALTER TABLE users ADD COLUMN status TEXT NOT NULL DEFAULT 'active';
-- On a large table, do this part in a later migration: adding the constraint as NOT VALID takes a short lock, and VALIDATE
-- reads the table under one that lets others write.
ALTER TABLE users ADD CONSTRAINT ck_users_status CHECK (status IN ('active', 'suspended')) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT ck_users_status;
