-- Reference data with a natural key: no audit columns.
CREATE TABLE countries (
    code CHAR(2) NOT NULL PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    CONSTRAINT uq_countries_name UNIQUE (name),
    CONSTRAINT ck_countries_code CHECK (length(code) = 2 AND code = upper(code))
);

-- One for each user at most: the key is the user's.
CREATE TABLE user_profiles (
    user_id UUID NOT NULL PRIMARY KEY,
    phone TEXT,
    country_code CHAR(2),
    birth_date DATE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    created_by UUID,
    updated_by UUID,
    CONSTRAINT fk_user_profiles_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_user_profiles_country_code FOREIGN KEY (country_code) REFERENCES countries (code) ON DELETE RESTRICT,
    CONSTRAINT fk_user_profiles_created_by FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT fk_user_profiles_updated_by FOREIGN KEY (updated_by) REFERENCES users (id) ON DELETE SET NULL
);
CREATE INDEX idx_user_profiles_country_code ON user_profiles (country_code);
CREATE INDEX idx_user_profiles_created_by ON user_profiles (created_by);
CREATE INDEX idx_user_profiles_updated_by ON user_profiles (updated_by);

CREATE TRIGGER trg_user_profiles_updated_at BEFORE UPDATE ON user_profiles FOR EACH ROW EXECUTE FUNCTION set_updated_at();
