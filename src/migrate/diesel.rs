//! The way out to Diesel: a [`Source`] is a `MigrationSource`, so an application's tests can run the same directory with
//! Diesel's `MigrationHarness` on a connection of their own.
//!
//! ```
//! use diesel::prelude::*;
//! use dbtool::migrate::{MigrationHarness, Source};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let source = Source::read("migrations/sqlite".as_ref())?;
//! let mut connection = diesel::SqliteConnection::establish(":memory:")?;
//! connection.run_pending_migrations(source)?;
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;

use diesel::backend::Backend;
use diesel::connection::BoxableConnection;
use diesel::migration::{self, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion};

use super::source::{Down, Metadata, Migration, Source};

struct Name(String);

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl MigrationName for Name {
    fn version(&self) -> MigrationVersion<'_> {
        MigrationVersion::from(self.0.split('_').next().unwrap_or_default().replace('-', ""))
    }
}

impl MigrationMetadata for Metadata {
    fn run_in_transaction(&self) -> bool {
        self.run_in_transaction
    }
}

struct Runnable {
    migration: Arc<Migration>,
    name: Name,
    metadata: Metadata,
}

impl<DB: Backend> migration::Migration<DB> for Runnable {
    fn run(&self, connection: &mut dyn BoxableConnection<DB>) -> migration::Result<()> {
        let file = self.migration.up()?;
        Ok(connection.batch_execute(&file.whole()?)?)
    }

    fn revert(&self, connection: &mut dyn BoxableConnection<DB>) -> migration::Result<()> {
        let file = self.migration.down()?.filter(|_| self.migration.way_back() == Down::Present);
        let file = file.ok_or_else(|| format!("`{}` has no down.sql", self.name))?;
        Ok(connection.batch_execute(&file.whole()?)?)
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        &self.metadata
    }

    fn name(&self) -> &dyn MigrationName {
        &self.name
    }
}

impl<DB: Backend> MigrationSource<DB> for Source {
    fn migrations(&self) -> migration::Result<Vec<Box<dyn migration::Migration<DB>>>> {
        let boxed = |migration: &Arc<Migration>| -> migration::Result<Box<dyn migration::Migration<DB>>> {
            Ok(Box::new(Runnable {
                name: Name(migration.label()),
                metadata: migration.metadata()?.0,
                migration: Arc::clone(migration),
            }))
        };
        self.migrations.iter().map(boxed).collect()
    }
}
