//! Which constraint refused a change, as far as the driver tells: PostgreSQL in fields of its own, the others in their words.
//! Values stand in those words, too, and are left out.

use std::fmt;

use diesel::result::DatabaseErrorInformation;

/// What kind of constraint it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Which {
    Unique,
    ForeignKey,
    NotNull,
    Check,
    Exclusion,
}

impl Which {
    /// As a person reads it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Which::Unique => "unique",
            Which::ForeignKey => "foreign key",
            Which::NotNull => "not null",
            Which::Check => "check",
            Which::Exclusion => "exclusion",
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A constraint that refused a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    pub which: Which,
    /// SQLite names a unique constraint by its columns alone, and a foreign key not at all.
    pub name: Option<String>,
    pub table: Option<String>,
    /// Those that the server names.
    pub columns: Vec<String>,
}

/// `unique constraint uq_users_email (email)`
impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} constraint", self.which)?;
        if let Some(name) = &self.name {
            write!(f, " `{name}`")?;
        }
        if !self.columns.is_empty() {
            write!(f, " ({})", self.columns.join(", "))?;
        }
        Ok(())
    }
}

impl Constraint {
    fn new(which: Which) -> Self {
        Self { which, name: None, table: None, columns: Vec::new() }
    }

    /// From what Diesel kept of the error.
    pub(super) fn read(which: Which, information: &dyn DatabaseErrorInformation) -> Self {
        let mut constraint = Self::of_message(which, information.message());
        let owned = |text: Option<&str>| text.map(str::to_owned);
        constraint.name = owned(information.constraint_name()).or(constraint.name);
        constraint.table = owned(information.table_name()).or(constraint.table);
        if let Some(column) = information.column_name() {
            constraint.columns = vec![column.to_owned()];
        }
        // Key (order_id, product_id)=(…) already exists.
        let key =
            information.details().and_then(|detail| detail.strip_prefix("Key (")).and_then(|it| it.split_once(")=("));
        if let Some((columns, _)) = key {
            constraint.columns = names(columns);
        }
        constraint
    }

    /// From a message of SQLite, MySQL or MariaDB.
    pub(super) fn of_message(which: Which, message: &str) -> Self {
        let mut constraint = Self::new(which);
        if let Some(what) = message.split_once("constraint failed: ").map(|(_, what)| what) {
            constraint.read_sqlite(what);
        } else if let Some((_, rest)) = message.split_once("CONSTRAINT `") {
            constraint.name = rest.split('`').next().map(str::to_owned);
            // … FOREIGN KEY (`user_id`) REFERENCES …
            let columns = rest.split_once("FOREIGN KEY (").and_then(|(_, rest)| rest.split_once(')'));
            constraint.columns = columns.map(|(columns, _)| names(columns)).unwrap_or_default();
            // (`shop`.`orders`, CONSTRAINT …, or … failed for `shop`.`users`
            let table = message.split_once("(`").or_else(|| message.split_once("failed for `"));
            constraint.table = table.and_then(|(_, rest)| rest.split('`').nth(2)).map(str::to_owned);
        } else if let Some((_, rest)) = message.rsplit_once("for key '") {
            let key = rest.trim_end_matches('\'');
            // MySQL puts the table before it.
            let (table, name) = key.split_once('.').map_or((None, key), |(table, name)| (Some(table), name));
            constraint.table = table.map(str::to_owned);
            constraint.name = Some(name.to_owned());
        } else if let Some(rest) = message.strip_prefix("Check constraint '") {
            constraint.name = rest.split('\'').next().map(str::to_owned);
        } else if let Some(rest) = message.strip_prefix("Column '").or_else(|| message.strip_prefix("Field '")) {
            constraint.columns = rest.split('\'').next().map(str::to_owned).into_iter().collect();
        }
        constraint
    }

    /// `users.email`, `order_items.order_id, order_items.product_id`, `index 'uq_…'`, or the name of a check.
    fn read_sqlite(&mut self, what: &str) {
        if self.which == Which::Check {
            self.name = Some(what.to_owned());
        } else if let Some(index) = what.strip_prefix("index '") {
            self.name = Some(index.trim_end_matches('\'').to_owned());
        } else {
            let columns = what.split(", ").filter_map(|column| column.split_once('.'));
            for (table, column) in columns {
                self.table = Some(table.to_owned());
                self.columns.push(column.to_owned());
            }
        }
    }
}

fn names(list: &str) -> Vec<String> {
    list.split(", ").map(|name| name.trim_matches(['`', '"']).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_each_server_name_the_constraint() {
        let read = |which, message| {
            let Constraint { name, table, columns, .. } = Constraint::of_message(which, message);
            format!("{} {} {}", name.unwrap_or_default(), table.unwrap_or_default(), columns.join("+"))
        };
        let (unique, key, null, check) = (Which::Unique, Which::ForeignKey, Which::NotNull, Which::Check);
        for (which, message, expected) in [
            (unique, "UNIQUE constraint failed: users.email", " users email"),
            (
                unique,
                "UNIQUE constraint failed: order_items.order_id, order_items.product_id",
                " order_items order_id+product_id",
            ),
            (unique, "UNIQUE constraint failed: index 'uq_a_lower_b'", "uq_a_lower_b  "),
            (check, "CHECK constraint failed: ck_users_email", "ck_users_email  "),
            (null, "NOT NULL constraint failed: users.email", " users email"),
            (key, "FOREIGN KEY constraint failed", "  "),
            (unique, "Duplicate entry 'a' for key 'b' for key 'uq_users_email'", "uq_users_email  "),
            (unique, "Duplicate entry 'x' for key 'users.uq_users_email'", "uq_users_email users "),
            (
                key,
                "Cannot add or update a child row: a foreign key constraint fails (`shop`.`orders`, CONSTRAINT `fk_orders_user_id` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`))",
                "fk_orders_user_id orders user_id",
            ),
            (check, "CONSTRAINT `ck_users_email` failed for `shop`.`users`", "ck_users_email users "),
            (check, "Check constraint 'ck_users_email' is violated.", "ck_users_email  "),
            (null, "Column 'email' cannot be null", "  email"),
            (null, "Field 'email' doesn't have a default value", "  email"),
        ] {
            assert_eq!(read(which, message), expected, "{message}");
        }
    }
}
