//! Where the shop is: a database on each backend, made by the migrations of this repository and filled.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use dbtool::backend::Backend;
use dbtool::config::Target;
use dbtool::db::AnyConnection;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl as _, sql_query};

use super::fill::{self, Sizes};

pub struct House {
    pub backend: Backend,
    pub sizes: Sizes,
    /// Of the database.
    pub url: String,
    /// Of the one that it is made from.
    server: String,
    name: String,
}

/// What a server is asked for in its own words.
#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

impl House {
    /// A database for so many rows; `None`: no server answers.
    pub fn on(backend: Backend, sizes: Sizes) -> Option<Self> {
        let name = format!("bench_shop_{}", sizes.orders);
        let from = |variable: &str, default: &str| std::env::var(variable).unwrap_or_else(|_| default.to_owned());
        let server = match backend {
            Backend::Sqlite => "sqlite::memory:".to_owned(),
            Backend::Postgres => from("DBTOOL_BENCH_POSTGRES_URL", "postgres://postgres@127.0.0.1/postgres"),
            Backend::Mysql => from("DBTOOL_BENCH_MYSQL_URL", "mysql://root@127.0.0.1/mysql"),
        };
        let url = match backend {
            Backend::Sqlite => format!("sqlite://{}", file(&name).display()),
            // So that neither side pays for TLS.
            Backend::Postgres => format!("{}/{name}?sslmode=disable", server.rsplit_once('/')?.0),
            Backend::Mysql => format!("{}/{name}", server.rsplit_once('/')?.0),
        };
        open(&server).ok()?;
        Some(Self { backend, sizes, url, server, name })
    }

    pub fn open(&self) -> AnyConnection {
        open(&self.url).unwrap()
    }

    /// The file of a database on SQLite.
    pub fn file(&self) -> PathBuf {
        file(&self.name)
    }

    /// What the server says it is.
    pub fn version(&self) -> String {
        let sql = match self.backend {
            Backend::Sqlite => "SELECT sqlite_version() AS line",
            Backend::Postgres => "SELECT current_setting('server_version') AS line",
            Backend::Mysql => "SELECT version() AS line",
        };
        let version = lines(&mut self.open(), sql).swap_remove(0);
        let title = if version.contains("MariaDB") { "MariaDB" } else { self.backend.title() };
        format!("{title} {}", version.split([' ', '-']).next().unwrap())
    }

    /// Makes it anew, and fills it.
    pub fn make(&self) {
        self.drop();
        if self.backend == Backend::Sqlite {
            std::fs::create_dir_all(self.file().parent().unwrap()).unwrap();
        } else {
            open(&self.server).unwrap().batch_execute(&format!("CREATE DATABASE {}", self.name)).unwrap();
        }
        let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let mut migrate = Command::new(env!("CARGO_BIN_EXE_dbtool"));
        let migrate =
            migrate.args(["--url", &self.url, "--migrations-dir"]).arg(migrations).args(["migrate", "up", "-q"]);
        assert!(migrate.status().unwrap().success());
        self.fill();
    }

    /// The rows; the indexes of the large tables are made behind them, which is faster.
    fn fill(&self) {
        let mut connection = self.open();
        let mut run = |sql: &str| connection.batch_execute(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
        // References are right as they are made, and what a crash would leave is made anew.
        run(match self.backend {
            Backend::Sqlite => "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -500000",
            Backend::Postgres => {
                "SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '256MB'"
            }
            Backend::Mysql => "SET foreign_key_checks = 0, unique_checks = 0",
        });
        let indexes: Vec<_> = ["orders", "order_items"].iter().flat_map(|table| self.indexes(table)).collect();
        for (drop, _) in &indexes {
            run(drop);
        }
        for sql in &fill::statements(self.backend, self.sizes) {
            run(sql);
        }
        for (_, create) in &indexes {
            run(create);
        }
        // As a server that has been up for a while: nothing waits to be cleaned or written, and it knows its tables. Nobody tells SQLite.
        run(match self.backend {
            Backend::Sqlite => "PRAGMA wal_checkpoint(TRUNCATE)",
            Backend::Postgres => "VACUUM ANALYZE",
            Backend::Mysql => "ANALYZE TABLE users, user_profiles, products, product_categories, orders, order_items",
        });
        if self.backend == Backend::Postgres {
            run("CHECKPOINT");
        }
    }

    /// How each index of a table that is no constraint is dropped, and made.
    fn indexes(&self, table: &str) -> Vec<(String, String)> {
        let found = |sql: &str| lines(&mut self.open(), sql);
        let named = |line: String| {
            let (name, rest) = line.split_once('|').unwrap();
            (name.to_owned(), rest.to_owned())
        };
        match self.backend {
            Backend::Sqlite => {
                let sql = format!(
                    "SELECT name || '|' || sql AS line FROM sqlite_master WHERE type = 'index' AND tbl_name = '{table}' \
                     AND sql IS NOT NULL"
                );
                found(&sql)
                    .into_iter()
                    .map(named)
                    .map(|(name, create)| (format!("DROP INDEX {name}"), create))
                    .collect()
            }
            Backend::Postgres => {
                let sql = format!(
                    "SELECT indexname || '|' || indexdef AS line FROM pg_indexes WHERE tablename = '{table}' \
                     AND indexname LIKE 'idx%'"
                );
                found(&sql)
                    .into_iter()
                    .map(named)
                    .map(|(name, create)| (format!("DROP INDEX {name}"), create))
                    .collect()
            }
            Backend::Mysql => {
                let sql = format!(
                    "SELECT CONCAT(index_name, '|', GROUP_CONCAT(column_name ORDER BY seq_in_index)) AS line \
                     FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = '{table}' \
                     AND non_unique = 1 GROUP BY index_name"
                );
                let of = |(name, columns): (String, String)| {
                    let create = format!("ALTER TABLE {table} ADD INDEX {name} ({columns})");
                    (format!("ALTER TABLE {table} DROP INDEX {name}"), create)
                };
                found(&sql).into_iter().map(named).map(of).collect()
            }
        }
    }

    /// Whether it is there already, filled.
    pub fn is_made(&self) -> bool {
        let count = || {
            let mut connection = open(&self.url).ok()?;
            let text = self.backend == Backend::Mysql;
            let kind = if text { "CHAR" } else { "TEXT" };
            let sql = format!("SELECT CAST(COUNT(*) AS {kind}) AS line FROM orders");
            sql_query(sql).load::<Line>(&mut connection).ok()?.pop()?.line.parse::<u64>().ok()
        };
        (self.backend != Backend::Sqlite || self.file().exists())
            && count().is_some_and(|count| count >= self.sizes.orders)
    }

    pub fn drop(&self) {
        if self.backend == Backend::Sqlite {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                let _ = std::fs::remove_file(format!("{}{suffix}", self.file().display()));
            }
        } else {
            open(&self.server).unwrap().batch_execute(&format!("DROP DATABASE IF EXISTS {}", self.name)).unwrap();
        }
    }
}

fn open(url: &str) -> Result<AnyConnection, dbtool::db::DbError> {
    AnyConnection::open(&Target::parse(url, Path::new("")).unwrap(), Duration::from_secs(5))
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("shop").join(format!("{name}.db"))
}

fn lines(connection: &mut AnyConnection, sql: &str) -> Vec<String> {
    sql_query(sql).load::<Line>(connection).unwrap().into_iter().map(|found| found.line).collect()
}
