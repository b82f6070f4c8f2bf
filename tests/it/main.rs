//! The integration tests: the binary, run as a person or a pipeline runs it. One file for each command or promise.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]
#![allow(
    clippy::items_after_statements,
    clippy::duration_suboptimal_units,
    clippy::single_match_else,
    reason = "a table of cases stands where it is used, and times are all in one unit"
)]

mod support;

mod atomic;
mod audit;
mod audit_guide;
mod bad_input;
mod bulk;
mod catalog;
mod catalog_mysql;
mod catalog_mysql_only;
mod catalog_postgres;
mod catalog_postgres_more;
mod catalog_sqlite;
mod catalog_sqlite_texts;
mod checks;
mod completions;
mod concurrency;
mod config;
mod data;
mod data_edges;
mod data_exact;
mod data_filters;
mod data_injection;
mod data_sensitive;
mod data_values;
mod data_waits;
mod db;
mod diagrams;
mod diesel;
mod docs;
mod drift;
mod durable;
mod fault_points;
mod faults;
mod floors;
mod generated;
mod generated_schema;
mod guards;
mod half_applied;
mod import_export;
mod init;
mod inspection;
mod interrupts;
mod large_files;
mod logs;
mod lost_commit;
mod migrate;
mod mysql;
mod mysql_connection;
mod mysql_truth;
mod newcomers;
mod orders;
mod orders_together;
mod output;
mod own_models;
mod passwords;
mod pool;
mod private;
mod query_plans;
mod recovery;
mod reference;
mod reports;
mod repositories;
mod round_trips;
mod schema;
mod schema_design;
mod schema_rust;
mod secrets;
mod seeding;
mod seeding_csv;
mod seeding_faults;
mod seeding_guide;
mod seeding_order;
mod seeding_place;
mod seeding_progress;
mod seeding_references;
mod seeding_reseed;
mod seeding_sieve;
mod seeding_sql;
mod seeding_twice;
mod splitter;
mod sqlite_keys;
mod statement;
mod terminal;
mod tls;
mod transactions;
mod values;
mod verify;
mod verify_rows;
mod waits;
