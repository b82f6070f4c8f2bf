-- Reference data with a natural key: no audit columns.
CREATE TABLE countries (
    code TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    CONSTRAINT uq_countries_name UNIQUE (name),
    CONSTRAINT ck_countries_code CHECK (length(code) = 2 AND code = upper(code))
) STRICT;

-- One for each user at most: the key is the user's.
CREATE TABLE user_profiles (
    user_id TEXT NOT NULL PRIMARY KEY,
    phone TEXT,
    country_code TEXT,
    birth_date TEXT,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
    created_by TEXT,
    updated_by TEXT,
    CONSTRAINT ck_user_profiles_birth_date CHECK (birth_date IS date(birth_date)),
    CONSTRAINT fk_user_profiles_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_user_profiles_country_code FOREIGN KEY (country_code) REFERENCES countries (code) ON DELETE RESTRICT,
    CONSTRAINT fk_user_profiles_created_by FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT fk_user_profiles_updated_by FOREIGN KEY (updated_by) REFERENCES users (id) ON DELETE SET NULL
) STRICT;
CREATE INDEX idx_user_profiles_country_code ON user_profiles (country_code);
CREATE INDEX idx_user_profiles_created_by ON user_profiles (created_by);
CREATE INDEX idx_user_profiles_updated_by ON user_profiles (updated_by);

CREATE TRIGGER trg_user_profiles_updated_at AFTER UPDATE ON user_profiles FOR EACH ROW WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE user_profiles SET updated_at = strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z' WHERE user_id = NEW.user_id;
END;
