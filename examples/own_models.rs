//! A team's own dbtool: the same commands, with the team's entities in place of the shop's. What changes a row of theirs by `seed` or
//! `data` keeps their rules and runs their hooks; `schema rust --check` holds them against the database.

use std::process::ExitCode;

use dbtool::config::Process;
use dbtool::db::AnyConnection;
use dbtool::entities::{Entity, Field, Meaning, Record, Registry, RepositoryError};

struct Books;

impl Entity for Books {
    fn table(&self) -> &'static str {
        "books"
    }

    fn singular(&self) -> &'static str {
        "book"
    }

    fn key(&self) -> &'static [&'static str] {
        &["isbn"]
    }

    fn fields(&self) -> &'static [Field] {
        const FIELDS: &[Field] = &[
            Field::new("isbn", Meaning::Text).longest(13),
            Field::new("title", Meaning::Text).longest(200),
            Field::new("price", Meaning::Money).at_least(0),
            Field::new("author_email", Meaning::Email).sensitive().nullable(),
        ];
        FIELDS
    }

    fn before_create(&self, _: &mut AnyConnection, book: &mut Record) -> Result<(), RepositoryError> {
        if let Some(isbn) = book.get("isbn").and_then(|isbn| isbn.as_str()) {
            let digits = isbn.replace('-', "");
            book.insert("isbn".into(), digits.into());
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    let registry = Registry::new(&[&Books]);
    dbtool::run_with(registry, std::env::args_os(), Process::from_system()).into()
}
