//! Tables and views by their names, with what stands behind the columns of a table.

use super::read::Found;
use super::{Server, charset, some};
use crate::catalog::is_ours;
use crate::catalog::model::{Name, Options, Table, TableKind, View};
use crate::db::Row;
use crate::sql::{Kind, Lexer, Rules, Token};

pub(super) const QUERY: &str = "SELECT table_name, table_type, engine, table_collation, create_options, table_comment, \
    table_rows, data_length + index_length FROM information_schema.tables WHERE table_schema = DATABASE()";

/// How both servers begin the comment of a view that they cannot look into.
const BROKEN: &str = "View '";

/// What has not the columns that its query asks for any more.
pub(super) const COLUMNS_OF_VIEW: &str = "columns of the view";

pub(super) fn read(rows: &[Row], server: &Server<'_>, found: &mut Found) {
    for row in rows {
        let (name, kind) = (row.text(0), row.text(1));
        match kind {
            _ if is_ours(name) => {}
            "BASE TABLE" | "SYSTEM VERSIONED" => {
                found.tables.insert(name.to_owned(), table(row, server));
            }
            "VIEW" | "SYSTEM VIEW" => {
                found.views.insert(name.to_owned(), view(name));
                if row.text(5).starts_with(BROKEN) {
                    found.unseen(COLUMNS_OF_VIEW, name);
                }
            }
            "SEQUENCE" => found.sequences.push(name.to_owned()),
            // They go with their connection.
            "TEMPORARY" => {}
            other => found.unmodelled(other.to_lowercase(), name, None),
        }
    }
}

fn table(row: &Row, server: &Server<'_>) -> Table {
    let mut table = Table::new(Name::of(None, row.text(0)), TableKind::Table);
    table.comment = some(row.text(5));
    table.rows = row.optional(6).and_then(|rows| rows.parse().ok());
    table.bytes = row.optional(7).and_then(|bytes| bytes.parse().ok());
    table.options = create_options(row.text(4));
    table.options.extend(some(row.text(2)).map(|engine| ("engine".to_owned(), engine)));
    let collation = some(row.text(3)).unwrap_or_else(|| server.collation.clone());
    table.options.insert("charset".to_owned(), charset(&collation).to_owned());
    table.options.insert("collation".to_owned(), collation);
    if row.text(1) == "SYSTEM VERSIONED" {
        table.options.insert("system_versioned".to_owned(), "yes".to_owned());
    }
    table
}

/// What was asked for by name: `row_format=COMPRESSED KEY_BLOCK_SIZE=8`. Each word by itself, and its value as it is written.
fn create_options(text: &str) -> Options {
    let tokens: Vec<Token> = Lexer::new(text, &Rules::MYSQL).filter(Token::is_code).collect();
    let mut options = Options::new();
    for three in tokens.windows(3) {
        let [name, equals, value] = [three[0].text(text), three[1].text(text), three[2].text(text)];
        if equals == "=" && three[0].kind != Kind::Symbol {
            let upper = if value.starts_with('\'') { value.to_owned() } else { value.to_uppercase() };
            options.insert(name.trim_matches('`').to_lowercase(), upper);
        }
    }
    options
}

fn view(name: &str) -> View {
    View {
        name: Name::of(None, name),
        materialized: false,
        columns: Vec::new(),
        body: String::new(),
        indexes: Vec::new(),
        triggers: Vec::new(),
        comment: None,
        options: Options::new(),
        sql: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn create_options_of_both_servers_are_read() {
        let told = |text: &str| {
            create_options(text).iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told("row_format=COMPRESSED KEY_BLOCK_SIZE=8"), "key_block_size=8 row_format=COMPRESSED");
        assert_eq!(told("`page_compressed`='1' partitioned"), "page_compressed='1'");
        assert_eq!(told(""), "");
    }
}
