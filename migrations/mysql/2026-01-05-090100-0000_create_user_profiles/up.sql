-- Reference data with a natural key: no audit columns.
CREATE TABLE countries (
    code CHAR(2) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    CONSTRAINT uq_countries_name UNIQUE (name),
    CONSTRAINT ck_countries_code CHECK (length(code) = 2 AND code = upper(code))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- One for each user at most: the key is the user's.
CREATE TABLE user_profiles (
    user_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    phone VARCHAR(50),
    country_code CHAR(2) CHARACTER SET ascii COLLATE ascii_bin,
    birth_date DATE,
    created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
    created_by CHAR(36) CHARACTER SET ascii COLLATE ascii_bin,
    updated_by CHAR(36) CHARACTER SET ascii COLLATE ascii_bin,
    INDEX idx_user_profiles_country_code (country_code),
    CONSTRAINT fk_user_profiles_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_user_profiles_country_code FOREIGN KEY (country_code) REFERENCES countries (code) ON DELETE RESTRICT,
    INDEX idx_user_profiles_created_by (created_by),
    INDEX idx_user_profiles_updated_by (updated_by),
    CONSTRAINT fk_user_profiles_created_by FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT fk_user_profiles_updated_by FOREIGN KEY (updated_by) REFERENCES users (id) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
