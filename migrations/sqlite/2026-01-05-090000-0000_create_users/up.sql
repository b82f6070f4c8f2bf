-- People who can sign in. E-mail addresses are stored in lower case, so that plain equality and the unique key serve.
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    role TEXT NOT NULL DEFAULT 'customer',
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
    created_by TEXT,
    updated_by TEXT,
    CONSTRAINT uq_users_email UNIQUE (email),
    CONSTRAINT ck_users_id CHECK (length(id) = 36),
    CONSTRAINT ck_users_email CHECK (email = lower(email) AND length(email) <= 255),
    CONSTRAINT ck_users_password_hash CHECK (password_hash LIKE '$argon2id$%' AND length(password_hash) <= 255),
    CONSTRAINT ck_users_names CHECK (length(first_name) <= 100 AND length(last_name) <= 100),
    CONSTRAINT ck_users_role CHECK (role IN ('admin', 'customer')),
    CONSTRAINT fk_users_created_by FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT fk_users_updated_by FOREIGN KEY (updated_by) REFERENCES users (id) ON DELETE SET NULL
) STRICT;
CREATE INDEX idx_users_created_by ON users (created_by);
CREATE INDEX idx_users_updated_by ON users (updated_by);

CREATE TRIGGER trg_users_updated_at AFTER UPDATE ON users FOR EACH ROW WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE users SET updated_at = strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z' WHERE id = NEW.id;
END;
