//! The database that orders are in: its transactions, and what it must have.

use super::Step;
use crate::db::{AnyConnection, Isolation, TransactionOptions, transaction as in_transaction};
use crate::entities::RepositoryError;
use crate::error::{Code, Error, Result};
use crate::{fault, text};

/// The columns that are read and written, by their tables.
const SHOP: &[(&str, &[&str])] = &[
    ("order_items", &["id", "order_id", "product_id", "quantity", "unit_price"]),
    ("orders", &["id", "user_id", "status", "total_amount", "created_at", "updated_at", "created_by", "updated_by"]),
    ("products", &["id", "sku", "name", "price", "stock_quantity", "updated_by"]),
    ("users", &["id", "email", "status"]),
];

/// Many who want the same few products may meet several times.
const ATTEMPTS: u32 = 20;

/// Does all of something, or nothing; a deadlock is tried again.
pub fn transaction<T>(
    connection: &mut AnyConnection,
    mut work: impl FnMut(&mut AnyConnection) -> Step<T>,
) -> Result<T> {
    let options = TransactionOptions::new().attempts(ATTEMPTS);
    let options = if connection.is_in_transaction() {
        options
    } else {
        // What is read behind a lock is what the lock found, and not what was there when the transaction began.
        options.isolation(Isolation::ReadCommitted)
    };
    fault::point();
    let work = |connection: &mut AnyConnection| {
        let done = work(connection);
        fault::point();
        done
    };
    let done = in_transaction(connection, &options, work).map_err(|failure| explain(connection, failure));
    fault::point();
    done
}

/// Does all of something, and takes it back.
pub fn rehearse<T>(connection: &mut AnyConnection, mut work: impl FnMut(&mut AnyConnection) -> Step<T>) -> Result<T> {
    let mut done = None;
    let back = transaction(connection, |connection| {
        done = Some(work(connection)?);
        Err::<(), _>(Error::new(Code::Unexpected, "taken back").into())
    });
    match (done, back) {
        (Some(done), _) => Ok(done),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(Error::new(Code::Unexpected, "nothing was done")),
    }
}

/// The error for a person: a database that is no shop is told by what it lacks.
pub fn explain(connection: &mut AnyConnection, failure: RepositoryError) -> Error {
    if matches!(failure, RepositoryError::Database(_))
        && let Some(missing) = missing(connection)
    {
        let error = Error::new(Code::UnknownTable, format!("orders need a shop, and this database lacks {missing}"));
        return error
            .hint("`dbtool init --template shop` writes the migrations of one, and `dbtool migrate up` runs them");
    }
    failure.into()
}

/// What of the shop is not there; `None`: nothing, or it cannot be seen.
fn missing(connection: &mut AnyConnection) -> Option<String> {
    let (mut tables, mut columns) = (Vec::new(), Vec::new());
    for (table, wanted) in SHOP {
        let found = connection.columns_of(table).ok()?;
        if found.is_empty() {
            tables.push(format!("`{table}`"));
        } else {
            let missing = wanted.iter().filter(|column| !found.iter().any(|found| found == *column));
            columns.extend(missing.map(|column| format!("`{table}.{column}`")));
        }
    }
    let of = |name: &str, missing: Vec<String>| {
        let plural = if missing.len() == 1 { "" } else { "s" };
        (!missing.is_empty()).then(|| format!("the {name}{plural} {}", text::listed(missing)))
    };
    let parts: Vec<String> = [of("table", tables), of("column", columns)].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}
