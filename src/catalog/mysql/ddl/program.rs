//! Routines and triggers. What was made under another `sql_mode` is made under it again: it says how the body is read.

use super::{GIVE_MODE_BACK, KEEP_MODE, Writer};
use crate::catalog::model::{Name, Options, Routine, Trigger};
use crate::catalog::mysql::expression::literal;
use crate::sql::Rules;

pub(super) fn routine(routine: &Routine, writer: &Writer<'_>) -> Vec<String> {
    let option = |name: &str| routine.options.get(name).map(|value| value.to_uppercase());
    let aggregate = if routine.options.contains_key("aggregate") { "AGGREGATE " } else { "" };
    let mut words = vec![format!(
        "CREATE {aggregate}{} {}({})",
        routine.kind.to_uppercase(),
        writer.qualified(&routine.name),
        routine.arguments
    )];
    words.extend(routine.returns.as_ref().map(|returns| format!("RETURNS {returns}")));
    words.extend(routine.options.contains_key("deterministic").then(|| "DETERMINISTIC".to_owned()));
    words.extend(option("data_access"));
    words.extend(option("security").map(|security| format!("SQL SECURITY {security}")));
    words.extend(
        routine
            .comment
            .as_ref()
            .map(|comment| format!("COMMENT {}", literal(comment, rules(&routine.options, writer)))),
    );
    in_mode(&routine.options, format!("{}\n{}", words.join(" "), routine.body))
}

pub(super) fn trigger(trigger: &Trigger, table: &Name, writer: &Writer<'_>) -> Vec<String> {
    let statement = format!(
        "CREATE TRIGGER {} {} {} ON {} FOR EACH ROW\n{}",
        writer.name(&trigger.name),
        trigger.timing.to_uppercase(),
        trigger.events.join(" OR ").to_uppercase(),
        writer.qualified(table),
        trigger.body
    );
    in_mode(&trigger.options, statement)
}

/// How texts are escaped in the mode that it is made in.
fn rules<'w>(options: &Options, writer: &Writer<'w>) -> &'w Rules {
    match options.get("sql_mode") {
        Some(mode) if mode.contains("NO_BACKSLASH_ESCAPES") => &NO_ESCAPES,
        Some(_) => &Rules::MYSQL,
        None => writer.rules,
    }
}

const NO_ESCAPES: Rules = Rules { backslash_escapes: false, double_quote_escapes: false, ..Rules::MYSQL };

/// A statement, and around it what sets another `sql_mode` and takes it back.
fn in_mode(options: &Options, statement: String) -> Vec<String> {
    match options.get("sql_mode") {
        Some(mode) => {
            vec![KEEP_MODE.to_owned(), format!("SET SESSION sql_mode = '{mode}'"), statement, GIVE_MODE_BACK.to_owned()]
        }
        None => vec![statement],
    }
}
