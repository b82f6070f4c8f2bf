//! The tables in which SQLite's own modules keep what is in their virtual tables.
//!
//! `pragma_table_list` knows them too, but only from 3.37 on, and only where the module is compiled in.

use super::create_other;
use super::pragmas::Object;

/// By module, what the names of its tables end in.
const SUFFIXES: &[(&[&str], &[&str])] = &[
    (&["fts3", "fts4"], &["content", "docsize", "segdir", "segments", "stat"]),
    (&["fts5"], &["config", "content", "data", "docsize", "idx"]),
    (&["rtree", "rtree_i32", "geopoly"], &["node", "parent", "rowid"]),
];

/// The names that a virtual table's own tables can have, in lower case.
pub(super) fn shadow_tables(virtual_table: &Object) -> Vec<String> {
    let Some(table) = virtual_table.sql.as_deref().and_then(create_other::virtual_table) else { return Vec::new() };
    let module = table.module.to_ascii_lowercase();
    // Where the contents stand elsewhere, a table of that name is somebody else's.
    let is_option =
        |argument: &String| argument.split('=').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("content"));
    let elsewhere = table.arguments.iter().any(is_option);
    let suffixes = SUFFIXES.iter().filter(|(modules, _)| modules.contains(&module.as_str()));
    let name = virtual_table.name.to_ascii_lowercase();
    let own = suffixes.flat_map(|(_, suffixes)| *suffixes).filter(|suffix| !elsewhere || **suffix != "content");
    own.map(|suffix| format!("{name}_{suffix}")).collect()
}
