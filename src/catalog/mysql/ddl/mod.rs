//! Writes the statements that make a schema on MySQL and MariaDB, each by itself: what has a body needs no DELIMITER.
//!
//! Sequences come first, for defaults count with them; then tables, and their foreign keys, for those may go round in a circle;
//! routines, which views may call; views, each behind those that it looks at; triggers last.

mod program;
mod table;

use std::collections::BTreeSet;

use self::program::{routine, trigger};
use super::expression::literal;
use super::tables::COLUMNS_OF_VIEW;
use crate::catalog::Frame;
use crate::catalog::model::{Catalog, Name, Order, Sequence, View};
use crate::db::Dialect;
use crate::sql::{Kind, Lexer, Rules, Token};

/// What every statement needs: how names and texts are quoted.
struct Writer<'a> {
    dialect: &'a dyn Dialect,
    /// How texts are escaped.
    rules: &'a Rules,
}

impl Writer<'_> {
    fn name(&self, name: &str) -> String {
        self.dialect.identifier(name)
    }

    fn names(&self, names: &[String]) -> String {
        names.iter().map(|name| self.name(name)).collect::<Vec<_>>().join(", ")
    }

    fn qualified(&self, name: &Name) -> String {
        match &name.schema {
            Some(schema) => format!("{}.{}", self.name(schema), self.name(&name.name)),
            None => self.name(&name.name),
        }
    }

    fn literal(&self, text: &str) -> String {
        literal(text, self.rules)
    }

    /// ` COMMENT '…'`, where there is one.
    fn comment(&self, comment: Option<&str>) -> String {
        comment.map_or_else(String::new, |comment| format!(" COMMENT {}", self.literal(comment)))
    }
}

/// A column of an index: a length and an order, where they are not the usual ones.
fn part(what: &str, length: Option<&String>, order: Order) -> String {
    let length = length.map_or_else(String::new, |length| format!("({length})"));
    let order = if order == Order::Descending { " DESC" } else { "" };
    format!("{what}{length}{order}")
}

pub(super) fn ddl(catalog: &Catalog, dialect: &dyn Dialect) -> Vec<String> {
    // The servers' own texts have backslash escapes; what has a body is made in the session's mode, which stays with it.
    let usual = Writer { dialect, rules: &Rules::MYSQL };
    let writer = Writer { dialect, rules: dialect.rules() };
    let mut tables: Vec<String> = catalog.sequences.iter().map(|one| sequence(one, &usual)).collect();
    tables.extend(catalog.tables.iter().map(|one| table::create(one, &usual)));
    tables.extend(catalog.tables.iter().filter_map(|one| table::foreign_keys(one, &usual)));
    let mut statements = with_escapes(tables, dialect);
    for one in &catalog.routines {
        statements.extend(routine(one, &writer));
    }
    let views = in_order(catalog).into_iter().map(|one| view(one, &usual)).collect();
    statements.extend(with_escapes(views, dialect));
    for table in &catalog.tables {
        let mut triggers: Vec<_> = table.triggers.iter().collect();
        triggers.sort_by_key(|trigger| trigger.options.get("order").and_then(|order| order.parse::<u32>().ok()));
        for one in triggers {
            statements.extend(trigger(one, &table.name, &writer));
        }
    }
    statements
}

/// The session's own settings, by the names that they are kept under meanwhile.
const SETTINGS: [(&str, &str); 5] = [
    ("character_set_client", "@dbtool_client"),
    ("character_set_results", "@dbtool_results"),
    ("collation_connection", "@dbtool_collation"),
    ("time_zone", "@dbtool_time_zone"),
    ("sql_mode", "@dbtool_mode"),
];

pub(super) fn frame(catalog: &Catalog, dialect: &dyn Dialect) -> Frame {
    let all = |one: fn(&(&str, &str)) -> String| SETTINGS.iter().map(one).collect::<Vec<_>>().join(", ");
    let mode = catalog.making.sql_mode.as_ref().map(|mode| format!(", sql_mode = {}", dialect.literal(mode)));
    let zone = format!("SET time_zone = '+00:00'{}", mode.unwrap_or_default());
    Frame {
        before: vec![
            format!("SET {}", all(|(name, kept)| format!("{kept} = @@SESSION.{name}"))),
            "SET NAMES utf8mb4".to_owned(),
            zone,
        ],
        after: vec![format!("SET {}", all(|(name, kept)| format!("{name} = {kept}")))],
    }
}

/// Statements, and around them what makes a session that has no backslash escapes take them.
fn with_escapes(statements: Vec<String>, dialect: &dyn Dialect) -> Vec<String> {
    if dialect.rules().backslash_escapes || statements.is_empty() {
        return statements;
    }
    let mut all = vec![
        KEEP_MODE.to_owned(),
        "SET SESSION sql_mode = REPLACE(@@SESSION.sql_mode, 'NO_BACKSLASH_ESCAPES', '')".to_owned(),
    ];
    all.extend(statements);
    all.push(GIVE_MODE_BACK.to_owned());
    all
}

const KEEP_MODE: &str = "SET @dbtool_sql_mode = @@SESSION.sql_mode";
const GIVE_MODE_BACK: &str = "SET SESSION sql_mode = @dbtool_sql_mode";

fn sequence(sequence: &Sequence, writer: &Writer<'_>) -> String {
    let cache = if sequence.cache == "0" { "NOCACHE".to_owned() } else { format!("CACHE {}", sequence.cache) };
    format!(
        "CREATE SEQUENCE {} START WITH {} MINVALUE {} MAXVALUE {} INCREMENT BY {} {cache} {}",
        writer.qualified(&sequence.name),
        sequence.start,
        sequence.minimum,
        sequence.maximum,
        sequence.increment,
        if sequence.cycle { "CYCLE" } else { "NOCYCLE" }
    )
}

/// The views that can be made, each behind those that it looks at. One that looks at what is gone cannot.
fn in_order(catalog: &Catalog) -> Vec<&View> {
    let broken =
        |view: &View| catalog.not_seen.iter().any(|object| object.kind == COLUMNS_OF_VIEW && object.name == view.name);
    let mut left: Vec<&View> = catalog.views.iter().filter(|view| !broken(view)).collect();
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let names: BTreeSet<&str> = left.iter().map(|view| view.name.name.as_str()).collect();
        let waits = |view: &View| {
            let named = names_in(&view.body);
            names.iter().any(|other| *other != view.name.name && named.contains(*other))
        };
        let (later, mut now): (Vec<&View>, Vec<&View>) = left.iter().partition(|view| waits(view));
        // Something may be called as a view is, so that two seem to wait for each other.
        let later = if now.is_empty() {
            now = later;
            Vec::new()
        } else {
            later
        };
        ordered.append(&mut now);
        left = later;
    }
    ordered
}

/// The tables and views that a query of the server's own writing looks at, and perhaps more: a column has its table's name
/// before it, or AS, and what something else is called for the query stands behind it.
fn names_in(body: &str) -> BTreeSet<String> {
    let tokens: Vec<Token> = Lexer::new(body, &Rules::MYSQL).filter(Token::is_code).collect();
    let word = |at: Option<usize>| at.and_then(|at| tokens.get(at)).map_or("", |token| token.text(body));
    let is_table = |at: usize| {
        let before = word(at.checked_sub(1));
        tokens[at].kind == Kind::QuotedName
            && word(Some(at + 1)) != "."
            && !(matches!(before, "." | ")") || before.starts_with('`') || before.eq_ignore_ascii_case("as"))
    };
    let names = (0..tokens.len()).filter(|at| is_table(*at));
    names.map(|at| tokens[at].text(body).trim_matches('`').replace("``", "`")).collect()
}

fn view(view: &View, writer: &Writer<'_>) -> String {
    let option = |name: &str| view.options.get(name).map(|value| value.to_uppercase());
    let algorithm = option("algorithm").map_or_else(String::new, |word| format!("ALGORITHM={word} "));
    let security = option("security").map_or_else(String::new, |word| format!("SQL SECURITY {word} "));
    let check = option("check_option").map_or_else(String::new, |word| format!(" WITH {word} CHECK OPTION"));
    let columns: Vec<String> = view.columns.iter().map(|column| column.name.clone()).collect();
    format!(
        "CREATE {algorithm}{security}VIEW {} ({}) AS {}{check}",
        writer.qualified(&view.name),
        writer.names(&columns),
        view.body
    )
}
