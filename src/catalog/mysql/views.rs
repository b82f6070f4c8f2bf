//! Views: their queries, and how they are looked at.

use super::Server;
use super::expression::without_database;
use super::read::Found;
use crate::db::Row;

pub(super) fn query(server: &Server<'_>) -> &'static str {
    if server.maria {
        "SELECT table_name, view_definition, check_option, security_type, algorithm, \
         IF(definer = CURRENT_USER(), NULL, definer) FROM information_schema.views \
         WHERE table_schema = DATABASE()"
    } else {
        // What MySQL keeps of the algorithm is in the statement alone.
        "SELECT table_name, view_definition, check_option, security_type, 'UNDEFINED', \
         IF(definer = CURRENT_USER(), NULL, definer) FROM information_schema.views \
         WHERE table_schema = DATABASE()"
    }
}

pub(super) fn read(rows: &[Row], server: &Server<'_>, found: &mut Found) {
    for row in rows {
        let name = row.text(0);
        let Some(view) = found.views.get_mut(name) else { continue };
        view.body = without_database(row.text(1), server);
        for (column, option, usual) in
            [(2, "check_option", "NONE"), (3, "security", "DEFINER"), (4, "algorithm", "UNDEFINED")]
        {
            if row.text(column) != usual {
                view.options.insert(option.to_owned(), row.text(column).to_lowercase());
            }
        }
        found.defined_by("view", name, row.optional(5));
    }
    let unseen: Vec<String> =
        found.views.iter().filter(|(_, view)| view.body.is_empty()).map(|(name, _)| name.clone()).collect();
    for name in unseen {
        found.views.remove(&name);
        found.not_seen.retain(|object| object.name.name != name);
        found.unseen("view", &name);
    }
}
