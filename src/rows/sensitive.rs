//! Which columns settings call sensitive, and whether there are such columns.

use crate::catalog::{Catalog, Name};
use crate::text;

/// The names of columns in settings, such as `users.password_hash`.
pub type Sensitive = [String];

/// Whether settings name a column, with the schema of its table or without.
pub(super) fn names(sensitive: &Sensitive, table: &Name, column: &str) -> bool {
    let is = |one: &String| spelled(table, column).iter().any(|name| *name == one.to_lowercase());
    sensitive.iter().any(is)
}

/// What a column may be called.
fn spelled(table: &Name, column: &str) -> [String; 2] {
    [format!("{}.{column}", table.name).to_lowercase(), format!("{table}.{column}").to_lowercase()]
}

/// The names that are those of no column, each with the one that was meant, where one is near. In an empty database there are none to
/// compare with.
#[must_use]
pub fn unknown(sensitive: &Sensitive, catalog: &Catalog) -> Vec<(String, Option<String>)> {
    let tables = catalog.tables.iter().map(|table| (&table.name, &table.columns));
    let views = catalog.views.iter().map(|view| (&view.name, &view.columns));
    let all = tables.chain(views).flat_map(|(name, columns)| columns.iter().map(move |column| (name, &column.name)));
    let all: Vec<[String; 2]> = all.map(|(table, column)| spelled(table, column)).collect();
    let is_known = |name: &&String| all.iter().flatten().any(|one| *one == name.to_lowercase());
    let meant = |name: &String| {
        // Perhaps the table was forgotten.
        let end = format!(".{}", name.to_lowercase());
        let whole = all.iter().map(|[short, _]| short).find(|one| one.ends_with(&end));
        match whole {
            Some(whole) => Some(format!("did you mean `{whole}`?")),
            None => text::did_you_mean(name, all.iter().flatten().map(String::as_str)),
        }
    };
    let unknown = sensitive.iter().filter(|name| !all.is_empty() && !is_known(name));
    unknown.map(|name| (name.clone(), meant(name))).collect()
}
