//! The reference schema: the same on each backend, named by its rules, and reversible.

use std::collections::BTreeSet;

use dbtool::backend::Backend;

use crate::support::{Project, on_each_backend, root};

fn reference(project: Project) -> Project {
    let directory = root().join("migrations");
    let project = project.variable("DBTOOL_MIGRATE_DIR", directory.to_str().unwrap());
    project.ok(&["migrate", "up"]);
    project
}

#[test]
fn every_backend_has_the_same_migrations() {
    let names = |backend: &Backend| -> BTreeSet<String> {
        let entries = std::fs::read_dir(root().join("migrations").join(backend.name())).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let sets: Vec<_> = Backend::ALL.iter().map(names).collect();
    assert!(sets.windows(2).all(|pair| pair[0] == pair[1]), "{sets:#?}");
    assert_eq!(sets[0].len(), 9);
}

#[test]
fn up_down_and_up_again_leave_the_same_schema() {
    on_each_backend(|project| {
        let project = reference(project);
        let first = project.schema();
        project.ok(&["migrate", "down", "--all", "--yes"]);
        assert_eq!(project.schema(), "");
        project.ok(&["migrate", "up"]);
        assert_eq!(project.schema(), first);
        for _ in 0..9 {
            let before = project.schema();
            project.ok(&["migrate", "redo"]);
            assert_eq!(project.schema(), before);
            project.ok(&["migrate", "down"]);
        }
    });
}

/// Table, columns of a key; table, leading columns of an index.
fn foreign_keys_and_indexes(project: &Project) -> (Vec<String>, Vec<String>) {
    match project.backend {
        Backend::Sqlite => (
            project.query("SELECT m.name, f.\"from\" FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'"),
            project.query("SELECT m.name, i.name FROM sqlite_master m, pragma_index_list(m.name) l, pragma_index_info(l.name) i WHERE m.type = 'table' AND i.seqno = 0 UNION SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE c.pk = 1"),
        ),
        Backend::Postgres => (
            project.query("SELECT conrelid::regclass, a.attname FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = conkey[1] WHERE contype = 'f'"),
            project.query("SELECT indrelid::regclass, a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = indrelid AND a.attnum = indkey[0] WHERE indrelid::regclass::text NOT LIKE 'pg_%'"),
        ),
        Backend::Mysql => (
            project.query("SELECT table_name, column_name FROM information_schema.key_column_usage WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL"),
            project.query("SELECT table_name, column_name FROM information_schema.statistics WHERE table_schema = DATABASE() AND seq_in_index = 1"),
        ),
    }
}

#[test]
fn every_foreign_key_stands_on_an_index() {
    on_each_backend(|project| {
        let project = reference(project);
        let (keys, indexes) = foreign_keys_and_indexes(&project);
        assert!(keys.len() >= 18, "{keys:?}");
        for key in keys {
            assert!(indexes.contains(&key), "no index under {key} on {}", project.backend);
        }
    });
}

#[test]
fn names_follow_the_rules() {
    on_each_backend(|project| {
        let project = reference(project);
        let indexes = match project.backend {
            Backend::Sqlite => project.query("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"),
            Backend::Postgres => project.query("SELECT indexname, tablename, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE '\\_\\_%' AND indexname NOT IN (SELECT conname FROM pg_constraint)"),
            Backend::Mysql => project.query("SELECT index_name, table_name, CONCAT('(', GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ', '), ')') FROM information_schema.statistics WHERE table_schema = DATABASE() AND non_unique = 1 AND table_name NOT LIKE '\\_\\_%' GROUP BY 1, 2"),
        };
        assert!(indexes.len() >= 15, "{indexes:?}");
        for index in indexes {
            let [name, table, sql] = index.splitn(3, '|').collect::<Vec<_>>().try_into().unwrap();
            // What an index only carries is no part of its name.
            let sql = sql.split(" INCLUDE ").next().unwrap();
            let columns = sql.rsplit('(').next().unwrap().trim_end_matches(')').replace(", ", "_");
            assert_eq!(name, format!("idx_{table}_{columns}"));
        }
        let columns = match project.backend {
            Backend::Sqlite => project.query("SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite_%'"),
            Backend::Postgres => project.query("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'"),
            Backend::Mysql => project.query("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name NOT LIKE '\\_\\_%'"),
        };
        for line in &columns {
            assert!(line.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == '|'), "{line} is not snake_case");
        }
        let tables: BTreeSet<_> = columns.iter().map(|line| line.split('|').next().unwrap()).collect();
        assert_eq!(
            tables.into_iter().collect::<Vec<_>>(),
            [
                "audit_events",
                "categories",
                "countries",
                "order_items",
                "orders",
                "product_categories",
                "products",
                "user_profiles",
                "users"
            ]
        );
        for table in ["users", "user_profiles", "categories", "products", "orders"] {
            for column in ["created_at", "updated_at", "created_by", "updated_by"] {
                assert!(columns.contains(&format!("{table}|{column}")), "{table} lacks {column}");
            }
        }
        if project.backend == Backend::Mysql {
            for line in project.query("SELECT constraint_type, constraint_name, table_name FROM information_schema.table_constraints WHERE table_schema = DATABASE() AND constraint_type <> 'PRIMARY KEY' AND table_name NOT LIKE '\\_\\_%'") {
                let [kind, name, table] = line.split('|').collect::<Vec<_>>().try_into().unwrap();
                let prefix = match kind { "FOREIGN KEY" => "fk", "UNIQUE" => "uq", _ => "ck" };
                // MariaDB makes a check of its own for a JSON column, and names it after that.
                assert!(name.starts_with(&format!("{prefix}_{table}_")) || ["before", "after"].contains(&name), "{line}");
            }
            let engines = project.query("SELECT DISTINCT engine, table_collation LIKE 'utf8mb4%' FROM information_schema.tables WHERE table_schema = DATABASE()");
            assert_eq!(engines, ["InnoDB|1"]);
        }
        if project.backend == Backend::Postgres {
            for line in project.query("SELECT contype, conname, conrelid::regclass FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('f', 'u', 'c') AND conrelid::regclass::text NOT LIKE '\\_\\_%'") {
                let [kind, name, table] = line.split('|').collect::<Vec<_>>().try_into().unwrap();
                let prefix = match kind { "f" => "fk", "u" => "uq", _ => "ck" };
                assert!(name.starts_with(&format!("{prefix}_{table}_")), "{line}");
            }
            let doubled = project.query("SELECT i.indexrelid::regclass FROM pg_index i JOIN pg_index u ON u.indrelid = i.indrelid AND u.indkey = i.indkey AND u.indisunique AND i.indexrelid <> u.indexrelid");
            assert_eq!(doubled, [""; 0], "a unique key already is an index");
        }
    });
}

#[test]
fn the_rules_of_the_rows_hold() {
    on_each_backend(|project| {
        let project = reference(project);
        let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA";
        let user = |email: &str| {
            format!(
                "INSERT INTO users (email, password_hash, first_name, last_name) VALUES ('{email}', '{hash}', 'A', 'B')"
            )
        };
        let mut session = project.session();
        session.execute(&user("alice@example.com")).unwrap();
        for (wrong, why) in [
            (user("alice@example.com"), "the e-mail is taken"),
            (user("Bob@example.com"), "the e-mail is not in lower case"),
            (user("carol@example.com").replace(hash, "plain"), "the password is not hashed"),
            ("INSERT INTO products (sku, name, price) VALUES ('a', 'b', -1)".into(), "the price is negative"),
            ("UPDATE users SET role = 'king'".into(), "no such role"),
            ("UPDATE users SET status = 'gone'".into(), "no such status"),
            (
                "INSERT INTO user_profiles (user_id) VALUES ('00000000-0000-0000-0000-000000000000')".into(),
                "no such user",
            ),
        ] {
            assert!(session.execute(&wrong).is_err(), "{why} on {}", project.backend);
        }
        session.execute("INSERT INTO products (sku, name, price, stock_quantity) VALUES ('a', 'b', 110, 5)").unwrap();
        let before = project.query("SELECT updated_at FROM users");
        std::thread::sleep(std::time::Duration::from_millis(5));
        session.execute("UPDATE users SET first_name = 'C'").unwrap();
        assert_ne!(project.query("SELECT updated_at FROM users"), before, "the database keeps updated_at");
        let run = "00000000-0000-0000-0000-000000000001";
        session.execute(&format!("INSERT INTO audit_events (actor, action, entity, entity_id, outcome, run_id) VALUES ('a', 'b', 'c', 'd', 'done', '{run}')")).unwrap();
        for change in ["UPDATE audit_events SET actor = 'x'", "DELETE FROM audit_events"] {
            assert!(session.execute(change).is_err(), "audit_events is append-only: {change}");
        }
    });
}

#[test]
fn the_later_change_is_safe_for_the_rows_that_are_there() {
    on_each_backend(|project| {
        let directory = root().join("migrations");
        let project = project.variable("DBTOOL_MIGRATE_DIR", directory.to_str().unwrap());
        project.ok(&["migrate", "up", "--steps", "5"]);
        project.session().execute("INSERT INTO users (email, password_hash, first_name, last_name) VALUES ('a@example.com', '$argon2id$x', 'A', 'B')").unwrap();
        project.ok(&["migrate", "up"]);
        assert_eq!(project.query("SELECT email, status FROM users"), ["a@example.com|active"]);
        project.ok(&["migrate", "down"]);
        project.ok(&["migrate", "up"]);
        assert_eq!(project.query("SELECT email, status FROM users"), ["a@example.com|active"]);
    });
}

#[test]
fn money_is_exact_on_each_backend() {
    use dbtool::db::types::{Money, MoneyType};
    use diesel::prelude::*;

    #[derive(diesel::QueryableByName)]
    struct Priced {
        #[diesel(sql_type = MoneyType)]
        price: Money,
    }

    on_each_backend(|project| {
        let project = reference(project);
        let price = Money::new("19.90".parse().unwrap()).unwrap();
        let insert = "INSERT INTO products (sku, name, price) VALUES ('a', 'b', ";
        let read = "SELECT price FROM products";
        let priced: Vec<Priced> = match project.backend {
            Backend::Sqlite => {
                let mut connection = SqliteConnection::establish(&project.url).unwrap();
                diesel::sql_query(format!("{insert}?)")).bind::<MoneyType, _>(price).execute(&mut connection).unwrap();
                diesel::sql_query(read).load(&mut connection).unwrap()
            }
            Backend::Mysql => {
                let mut connection = dbtool::db::MysqlConnection::establish(&project.url).unwrap();
                diesel::sql_query(format!("{insert}?)")).bind::<MoneyType, _>(price).execute(&mut connection).unwrap();
                diesel::sql_query(read).load(&mut connection).unwrap()
            }
            Backend::Postgres => {
                let mut connection = PgConnection::establish(&project.url).unwrap();
                diesel::sql_query(format!("{insert}$1)")).bind::<MoneyType, _>(price).execute(&mut connection).unwrap();
                diesel::sql_query(read).load(&mut connection).unwrap()
            }
        };
        assert_eq!(priced[0].price, price);
        let stored = if project.backend == Backend::Sqlite { "1990" } else { "19.90" };
        assert_eq!(project.query(read), [stored]);
    });
}
