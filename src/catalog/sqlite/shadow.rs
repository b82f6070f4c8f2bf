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
    let module = virtual_table.sql.as_deref().and_then(create_other::virtual_table).map(|table| table.module);
    let module = module.unwrap_or_default().to_ascii_lowercase();
    let suffixes = SUFFIXES.iter().filter(|(modules, _)| modules.contains(&module.as_str()));
    let name = virtual_table.name.to_ascii_lowercase();
    suffixes.flat_map(|(_, suffixes)| *suffixes).map(|suffix| format!("{name}_{suffix}")).collect()
}
