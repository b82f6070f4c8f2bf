//! MariaDB's sequences: each is a table of one row, and all are asked in one query.

use super::read::Found;
use crate::catalog::model::{Name, Options, Sequence};
use crate::db::{DbError, Dialect, Kind, Row, Session};

pub(super) fn read(session: &mut Session, dialect: &dyn Dialect, found: &mut Found) -> Result<Vec<Sequence>, DbError> {
    let names = std::mem::take(&mut found.sequences);
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let each = names.iter().map(|name| {
        format!(
            "SELECT {}, start_value, increment, minimum_value, maximum_value, cache_size, cycle_option FROM {}",
            dialect.literal(name),
            dialect.identifier(name)
        )
    });
    let query = each.collect::<Vec<_>>().join(" UNION ALL ");
    match session.query(&query) {
        Ok(rows) => Ok(rows.iter().map(sequence).collect()),
        // To look into one is a right of its own; and one may just have gone.
        Err(error) if error.kind == Kind::Permission || error.errno == Some(1146) => {
            for name in names {
                found.unseen("sequence", &name);
            }
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

fn sequence(row: &Row) -> Sequence {
    Sequence {
        name: Name::of(None, row.text(0)),
        type_name: "bigint".to_owned(),
        start: row.text(1).to_owned(),
        increment: row.text(2).to_owned(),
        minimum: row.text(3).to_owned(),
        maximum: row.text(4).to_owned(),
        cache: row.text(5).to_owned(),
        cycle: row.flag(6),
        owned_by: None,
        comment: None,
        options: Options::new(),
    }
}
