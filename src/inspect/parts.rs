//! What belongs to a table or view, a section for each kind: keys, checks, indexes, triggers, policies.

use super::page::{Item, Section};
use crate::catalog::{
    Check, Column, ForeignKey, Identity, Index, IndexPart, Key, Options, Order, Policy, Table, Trigger,
};

/// The title of the section that those who refer to a table stand behind.
pub const FOREIGN_KEYS: &str = "Foreign keys";

/// Whether a column is part of the primary key, of a foreign key, or unique by itself.
#[must_use]
pub fn marks(table: &Table, column: &str) -> Vec<&'static str> {
    let has = |columns: &[String]| columns.iter().any(|one| one == column);
    let mut marks = Vec::new();
    if table.primary_key.as_ref().is_some_and(|key| has(&key.columns)) {
        marks.push("PK");
    }
    if table.foreign_keys.iter().any(|key| has(&key.columns)) {
        marks.push("FK");
    }
    if is_unique(table, &[column.to_owned()]) && !marks.contains(&"PK") {
        marks.push("UK");
    }
    marks
}

/// Whether no two rows have the same values in these columns, whichever order they are named in.
#[must_use]
pub fn is_unique(table: &Table, columns: &[String]) -> bool {
    let same = |other: &[String]| other.len() == columns.len() && other.iter().all(|one| columns.contains(one));
    let keys = table.primary_key.iter().chain(&table.uniques);
    let by_index = |index: &Index| {
        let parts: Option<Vec<String>> = index.parts.iter().map(|part| part.column.clone()).collect();
        index.unique && index.predicate.is_none() && parts.is_some_and(|parts| same(&parts))
    };
    keys.into_iter().any(|key| same(&key.columns)) || table.indexes.iter().any(by_index)
}

/// What else a column does by itself: identity, generated, collation, what only one backend knows.
#[must_use]
pub fn extra(column: &Column) -> String {
    let mut extra = Vec::new();
    extra.extend(column.identity.map(|identity| match identity {
        Identity::Always => "identity always".to_owned(),
        Identity::ByDefault => "identity by default".to_owned(),
        Identity::AutoIncrement => "auto increment".to_owned(),
        Identity::RowId => "row id".to_owned(),
    }));
    extra.extend(column.generated.as_ref().map(|generated| {
        let when = if generated.stored { "stored" } else { "virtual" };
        format!("{when}: {}", generated.expression)
    }));
    extra.extend(column.on_update.as_ref().map(|update| format!("on update {update}")));
    extra.extend(column.collation.as_ref().map(|collation| format!("collation {collation}")));
    extra.extend(told(&column.options));
    extra.join(", ")
}

pub(super) fn primary_key(table: &Table) -> Section {
    Section { title: "Primary key", items: table.primary_key.iter().map(key).collect() }
}

pub(super) fn uniques(table: &Table) -> Section {
    Section { title: "Unique", items: table.uniques.iter().map(key).collect() }
}

fn key(key: &Key) -> Item {
    let columns = format!("({})", key.columns.join(", "));
    Item::new([key.name.clone().unwrap_or_default(), columns, included(&key.included), told(&key.options).join(", ")])
}

pub(super) fn foreign_keys(table: &Table) -> Section {
    let item = |key: &ForeignKey| {
        let lead = format!("({}) → {} ({})", key.columns.join(", "), key.to, key.to_columns.join(", "));
        let mut facts = vec![action("delete", &key.on_delete), action("update", &key.on_update)];
        facts.extend(key.deferrable.as_ref().map(|first| format!("deferrable, {first} at first")));
        facts.extend((!key.valid).then(|| "not valid".to_owned()));
        facts.extend(told(&key.options));
        facts.retain(|fact| !fact.is_empty());
        Item::new([key.name.clone().unwrap_or_default(), lead, facts.join(", ")])
    };
    Section { title: FOREIGN_KEYS, items: table.foreign_keys.iter().map(item).collect() }
}

/// `on delete cascade`; nothing for what is done where nothing is said.
pub(super) fn action(event: &str, action: &str) -> String {
    if action == "no action" || action.is_empty() { String::new() } else { format!("on {event} {action}") }
}

pub(super) fn checks(checks: &[Check]) -> Section {
    let item = |check: &Check| {
        let valid = if check.valid { "" } else { "not valid" };
        let name = check.name.clone().unwrap_or_default();
        Item::new([name, check.expression.clone(), valid.to_owned(), told(&check.options).join(", ")])
    };
    Section { title: "Checks", items: checks.iter().map(item).collect() }
}

pub(super) fn exclusions(table: &Table) -> Section {
    let items = table.exclusions.iter().map(|one| Item::new([one.name.clone(), one.definition.clone()])).collect();
    Section { title: "Exclusions", items }
}

pub(super) fn indexes(indexes: &[Index]) -> Section {
    let item = |index: &Index| {
        let parts: Vec<_> = index.parts.iter().map(part).collect();
        let mut facts = vec![included(&index.included)];
        facts.extend(index.predicate.as_ref().map(|predicate| format!("where {predicate}")));
        facts.extend((!index.valid).then(|| "not valid".to_owned()));
        facts.extend(told(&index.options));
        facts.extend(index.comment.as_ref().map(|comment| format!("“{comment}”")));
        facts.retain(|fact| !fact.is_empty());
        let unique = if index.unique { "unique" } else { "" };
        // The usual one is not worth a word.
        let method = if index.method == "btree" { "" } else { &index.method };
        let lead = format!("({})", parts.join(", "));
        Item::new([index.name.clone(), unique.to_owned(), method.to_owned(), lead, facts.join(", ")])
    };
    Section { title: "Indexes", items: indexes.iter().map(item).collect() }
}

fn part(part: &IndexPart) -> String {
    let what = match (&part.column, &part.expression) {
        (Some(column), _) => column.clone(),
        (None, Some(expression)) => expression.clone(),
        (None, None) => "?".to_owned(),
    };
    let order = if part.order == Order::Descending { " desc" } else { "" };
    let mut options = part.options.clone();
    // Only the beginning of a text is in it.
    let length = options.remove("length").map(|length| format!("({length})")).unwrap_or_default();
    let options: String = told(&options).iter().map(|option| format!(" {option}")).collect();
    format!("{what}{length}{order}{options}")
}

pub(super) fn triggers(triggers: &[Trigger]) -> Section {
    let item = |trigger: &Trigger| {
        let mut facts = Vec::new();
        facts.push(if trigger.for_each_row { "for each row" } else { "for each statement" }.to_owned());
        facts.extend(trigger.condition.as_ref().map(|condition| format!("when {condition}")));
        facts.extend((!trigger.enabled).then(|| "disabled".to_owned()));
        facts.extend(told(&trigger.options));
        facts.extend(trigger.comment.as_ref().map(|comment| format!("“{comment}”")));
        let when = format!("{} {}", trigger.timing, trigger.events.join(" or "));
        Item::new([trigger.name.clone(), when, facts.join(", ")]).with_text(&trigger.body)
    };
    Section { title: "Triggers", items: triggers.iter().map(item).collect() }
}

pub(super) fn policies(table: &Table) -> Section {
    let item = |policy: &Policy| {
        let mut facts = Vec::new();
        facts.extend((!policy.permissive).then(|| "restrictive".to_owned()));
        facts.extend(policy.using.as_ref().map(|using| format!("using {using}")));
        facts.extend(policy.check.as_ref().map(|check| format!("with check {check}")));
        let whom = format!("for {} to {}", policy.command, policy.roles.join(", "));
        Item::new([policy.name.clone(), whom, facts.join(", ")])
    };
    Section { title: "Policies", items: table.policies.iter().map(item).collect() }
}

pub(super) fn partitioning(table: &Table) -> Section {
    let fact = |name: &str, value: String| Item::new([name.to_owned(), value]);
    let mut items = Vec::new();
    if !table.inherits.is_empty() {
        let parents: Vec<_> = table.inherits.iter().map(ToString::to_string).collect();
        let what = if table.partition_bound.is_some() { "partition of" } else { "inherits" };
        items.push(fact(what, parents.join(", ")));
    }
    items.extend(table.partition_bound.iter().map(|bound| fact("rows", bound.clone())));
    items.extend(table.partition_by.iter().map(|by| fact("partitioned by", by.clone())));
    Section { title: "Partitioning", items }
}

pub(super) fn options(options: &Options) -> Section {
    let items = options.iter().map(|(name, value)| Item::new([name.replace('_', " "), value.clone()])).collect();
    Section { title: "Options", items }
}

fn included(columns: &[String]) -> String {
    if columns.is_empty() { String::new() } else { format!("include ({})", columns.join(", ")) }
}

/// Options in words: `name value`, or the name alone for what is on.
fn told(options: &Options) -> Vec<String> {
    let word = |(name, value): (&String, &String)| match value.as_str() {
        "" | "true" | "yes" | "on" => name.replace('_', " "),
        _ => format!("{} {value}", name.replace('_', " ")),
    };
    options.iter().map(word).collect()
}
