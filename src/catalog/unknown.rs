//! A table that is not there, or that is something else.

use super::{Catalog, Name};
use crate::error::{Code, Error};
use crate::text;

/// That there is no table or view of this name; and the nearest that there is, or what makes some where there are none at all.
#[must_use]
pub fn unknown_table(catalog: &Catalog, wanted: &str) -> Error {
    let hint = "`dbtool schema tables` lists them";
    if let Some(told) = not_shown(catalog, wanted) {
        return Error::new(Code::UnknownTable, told).hint(hint);
    }
    let names = catalog.tables.iter().map(|table| &table.name).chain(catalog.views.iter().map(|view| &view.name));
    let names: Vec<String> = names.map(ToString::to_string).collect();
    let error = Error::new(Code::UnknownTable, format!("there is no table `{wanted}`"));
    if names.is_empty() {
        let error = error.note("the database has no tables");
        return error.hint("`dbtool migrate up` makes those of the migrations; `dbtool migrate status` lists them");
    }
    // Names are given as they are; in quotes, as in SQL, is near enough to be told.
    let bare = wanted.trim_matches(['"', '`', '[', ']']);
    let quoted = names.iter().find(|name| bare != wanted && *name == bare);
    let nearest = match quoted {
        Some(name) => Some(format!("did you mean `{name}`?")),
        None => text::did_you_mean(wanted, names.iter().map(String::as_str)),
    };
    nearest.into_iter().fold(error, Error::hint).hint(hint)
}

/// What is there by that name, and cannot be shown: what it is.
fn not_shown(catalog: &Catalog, wanted: &str) -> Option<String> {
    let is = |name: &Name| name.to_string() == wanted || name.name == wanted;
    if let Some(object) = catalog.not_seen.iter().find(|object| is(&object.name)) {
        return Some(format!("{} `{wanted}` could not be read, for want of a right or of an answer", object.kind));
    }
    // `median(integer)`
    let begins = |name: &str| name.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('('));
    if let Some(object) = catalog.not_modelled.iter().find(|object| is(&object.name) || begins(&object.name.name)) {
        return Some(format!("`{wanted}` is {} {}, and no table", text::article(&object.kind), object.kind));
    }
    let of_tables = catalog.tables.iter().map(|table| (&table.name, &table.triggers));
    let of_views = catalog.views.iter().map(|view| (&view.name, &view.triggers));
    let mut owners = of_tables.chain(of_views).filter(|(_, all)| all.iter().any(|trigger| trigger.name == wanted));
    owners.next().map(|(owner, _)| format!("`{wanted}` is a trigger of `{owner}`, and no table: it is shown with that"))
}
