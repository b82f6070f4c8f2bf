//! A thing of a schema as a page that people read: a heading, the columns, and a section for each kind of what belongs to it.

use super::find::Thing;
use super::list::{kind, view_kind};
use super::parts;
use super::show::{Referrer, Shown};
use crate::catalog::{Column, Composite, Domain, Enum, Routine, Sequence, Table, Type, View};
use crate::text;

/// A default that is longer stands below the columns, and shortened among them.
pub const LONG: usize = 50;

/// A page; what is empty is not shown.
#[derive(Debug, Default)]
pub struct Page {
    pub title: String,
    /// What it is, in a line.
    pub about: String,
    pub comment: Option<String>,
    pub sections: Vec<Section>,
}

#[derive(Debug)]
pub struct Section {
    pub title: &'static str,
    pub items: Vec<Item>,
}

/// A line in cells, and the longer text below it.
#[derive(Debug, Default)]
pub struct Item {
    pub cells: Vec<String>,
    pub text: Option<String>,
}

impl Item {
    pub(super) fn new<const N: usize>(cells: [String; N]) -> Self {
        Self { cells: Vec::from(cells), text: None }
    }

    pub(super) fn with_text(mut self, text: &str) -> Self {
        self.text = Some(text.trim_matches('\n').trim_end().to_owned());
        self
    }
}

/// The page of a thing, without the table of its columns.
#[must_use]
pub fn page(shown: &Shown<'_>) -> Page {
    let (about, comment, sections) = match shown.thing {
        Thing::Table(table) => (about_table(table), &table.comment, table_sections(table)),
        Thing::View(view) => (view_kind(view.materialized).to_owned(), &view.comment, view_sections(view)),
        Thing::Enum(one) => ("enum".to_owned(), &one.comment, enum_sections(one)),
        Thing::Domain(domain) => (about_domain(domain), &domain.comment, domain_sections(domain)),
        Thing::Composite(one) => ("composite type".to_owned(), &one.comment, composite_sections(one)),
        Thing::Sequence(sequence) => ("sequence".to_owned(), &sequence.comment, sequence_sections(sequence)),
        Thing::Routine(routine) => (about_routine(routine), &routine.comment, routine_sections(routine)),
    };
    let mut sections = sections;
    if let Some(referrers) = &shown.referred_to_by {
        let at = sections.iter().position(|section| section.title == parts::FOREIGN_KEYS).map_or(0, |at| at + 1);
        sections.insert(at, Section { title: "Referred to by", items: referrers.iter().map(referrer).collect() });
    }
    sections.retain(|section| !section.items.is_empty());
    Page { title: shown.thing.name().to_string(), about, comment: comment.clone(), sections }
}

/// The columns of a table or view as rows: name, type, null, default, key, extra, comment.
#[must_use]
pub fn column_rows(thing: Thing<'_>) -> Option<Vec<Vec<String>>> {
    let row = |column: &Column, key: String| {
        vec![
            column.name.clone(),
            shown_type(column).to_owned(),
            if column.nullable { "yes" } else { "no" }.to_owned(),
            column.default.clone().unwrap_or_default(),
            key,
            parts::extra(column),
            column.comment.clone().unwrap_or_default(),
        ]
    };
    match thing {
        Thing::Table(table) => {
            Some(table.columns.iter().map(|column| row(column, parts::marks(table, &column.name).join(" "))).collect())
        }
        Thing::View(view) => Some(view.columns.iter().map(|column| row(column, String::new())).collect()),
        _ => None,
    }
}

/// A column's type as the server writes it; MariaDB keeps JSON as a long text with a check, and says so.
fn shown_type(column: &Column) -> &str {
    match (&column.neutral, column.type_name.as_str()) {
        (Type::Json, "longtext") => "json",
        (_, name) => name,
    }
}

fn about_table(table: &Table) -> String {
    let mut about = vec![kind(table.kind).to_owned()];
    if let Some(rows) = table.rows {
        let plural = if rows == 1 { "" } else { "s" };
        about.push(format!("~{} row{plural}", text::thousands(rows)));
    }
    about.extend(table.bytes.map(|bytes| text::bytes(usize::try_from(bytes).unwrap_or(usize::MAX))));
    about.join(", ")
}

fn table_sections(table: &Table) -> Vec<Section> {
    let long = |column: &&Column| column.default.as_ref().is_some_and(|default| default.chars().count() > LONG);
    let default = |column: &Column| Item::new([column.name.clone(), column.default.clone().unwrap_or_default()]);
    let defaults = table.columns.iter().filter(long).map(default).collect();
    vec![
        Section { title: "Defaults", items: defaults },
        parts::primary_key(table),
        parts::uniques(table),
        parts::foreign_keys(table),
        parts::checks(&table.checks),
        parts::exclusions(table),
        parts::indexes(&table.indexes),
        parts::triggers(&table.triggers),
        parts::policies(table),
        parts::partitioning(table),
        parts::options(&table.options),
    ]
}

fn referrer(referrer: &Referrer) -> Item {
    let name = referrer.foreign_key.clone().unwrap_or_default();
    let from = format!("{} ({})", referrer.table, referrer.columns.join(", "));
    let to = format!("→ ({})", referrer.to_columns.join(", "));
    Item::new([name, from, to, parts::action("delete", &referrer.on_delete)])
}

fn view_sections(view: &View) -> Vec<Section> {
    vec![
        Section { title: "Query", items: vec![Item::default().with_text(&view.body)] },
        parts::indexes(&view.indexes),
        parts::triggers(&view.triggers),
        parts::options(&view.options),
    ]
}

fn enum_sections(one: &Enum) -> Vec<Section> {
    let items = one.values.iter().map(|value| Item::new([value.clone()])).collect();
    vec![Section { title: "Values", items }]
}

fn about_domain(domain: &Domain) -> String {
    let null = if domain.nullable { "" } else { ", not null" };
    let default = domain.default.as_ref().map(|default| format!(", default {default}")).unwrap_or_default();
    let collation = domain.collation.as_ref().map(|collation| format!(", collation {collation}")).unwrap_or_default();
    format!("domain over {}{null}{default}{collation}", domain.type_name)
}

fn domain_sections(domain: &Domain) -> Vec<Section> {
    vec![parts::checks(&domain.checks)]
}

fn composite_sections(composite: &Composite) -> Vec<Section> {
    let items = composite.attributes.iter().map(|(name, kind)| Item::new([name.clone(), kind.clone()])).collect();
    vec![Section { title: "Attributes", items }]
}

fn sequence_sections(sequence: &Sequence) -> Vec<Section> {
    let owner = sequence.owned_by.as_ref().map(|(table, column)| format!("{table}.{column}"));
    let facts = [
        ("type", sequence.type_name.clone()),
        ("start", sequence.start.clone()),
        ("increment", sequence.increment.clone()),
        ("minimum", sequence.minimum.clone()),
        ("maximum", sequence.maximum.clone()),
        ("cache", sequence.cache.clone()),
        ("cycle", if sequence.cycle { "yes" } else { "no" }.to_owned()),
        ("owned by", owner.unwrap_or_default()),
    ];
    let items = facts.into_iter().filter(|(_, value)| !value.is_empty());
    let items = items.map(|(name, value)| Item::new([name.to_owned(), value])).collect();
    vec![Section { title: "Facts", items }]
}

fn about_routine(routine: &Routine) -> String {
    let returns = routine.returns.as_ref().map(|returns| format!(" → {returns}")).unwrap_or_default();
    format!("{} ({}){returns}, language {}", routine.kind, routine.arguments, routine.language)
}

fn routine_sections(routine: &Routine) -> Vec<Section> {
    let body = Section { title: "Body", items: vec![Item::default().with_text(&routine.body)] };
    vec![body, parts::options(&routine.options)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::{find, samples};

    /// A page in lines, as far as it is not a table of columns.
    fn lines(name: &str) -> Vec<String> {
        let catalog = samples::catalog();
        let shown = Shown::of(&catalog, find(&catalog, name).unwrap());
        let page = page(&shown);
        let mut lines = vec![format!("{}: {}", page.title, page.about)];
        for section in page.sections {
            for item in section.items {
                let cells: Vec<_> = item.cells.into_iter().filter(|cell| !cell.is_empty()).collect();
                lines.push(format!("{}: {}", section.title, cells.join(" | ")));
                lines.extend(item.text.iter().flat_map(|text| text.lines()).map(str::to_owned));
            }
        }
        lines
    }

    #[test]
    fn a_table_has_all_that_belongs_to_it() {
        assert_eq!(
            lines("orders"),
            [
                "orders: table, ~1,234 rows, 48.0 KiB",
                "Primary key: (id)",
                "Foreign keys: fk_user_id | (user_id) → users (id) | on delete cascade, deferrable, deferred at first",
                "Referred to by: fk_order_id | order_items (order_id) | → (id) | on delete cascade",
                "Checks: ck_total | total >= 0",
                "Indexes: idx_user_total | (user_id, total desc) | include (note), where total > 0",
                "Triggers: keep | before insert or update of total | for each row",
                "BEGIN",
                "  SELECT 1;",
                "END",
                "Options: row security | true",
            ]
        );
        let catalog = samples::catalog();
        let rows = column_rows(find(&catalog, "orders").unwrap()).unwrap();
        assert_eq!(rows[0], ["id", "bigint", "no", "", "PK", "identity always", ""]);
        assert_eq!(rows[1], ["user_id", "bigint", "no", "", "FK", "", ""]);
        assert_eq!(rows[2], ["total", "numeric(12,2)", "no", "0", "", "", "with tax"]);
    }

    #[test]
    fn other_things_have_pages_of_their_own() {
        assert_eq!(
            lines("order_totals"),
            ["order_totals: view", "Query: ", "SELECT sum(total) AS total", "  FROM orders"]
        );
        assert_eq!(lines("mood"), ["mood: enum", "Values: sad", "Values: happy"]);
        assert_eq!(lines("total(uuid)")[0], "total: function (uuid) → numeric, language sql");
    }

    #[test]
    fn who_refers_to_a_table_is_part_of_its_document() {
        let catalog = samples::catalog();
        let document = |name: &str| serde_json::to_value(Shown::of(&catalog, find(&catalog, name).unwrap())).unwrap();
        let users = document("users");
        assert_eq!((&users["name"], &users["kind"]), (&"users".into(), &"table".into()));
        assert_eq!(
            users["referred_to_by"],
            serde_json::json!([
                { "table": "orders", "columns": ["user_id"], "foreign_key": "fk_user_id" },
                { "table": "users", "columns": ["manager_id"], "foreign_key": "fk_manager_id" },
                { "table": "audit.events", "columns": ["user_id"], "foreign_key": "fk_user_id" },
            ])
        );
        assert_eq!(document("Users")["referred_to_by"], serde_json::json!([]));
        assert_eq!(document("order_totals").get("referred_to_by"), None);
    }
}
