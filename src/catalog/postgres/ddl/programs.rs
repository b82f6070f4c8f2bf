//! Routines, triggers, and row-level security.

use super::constraints::deferrable;
use super::{Clauses, Writer, has};
use crate::catalog::model::{Name, Policy, Routine, Table, Trigger};
use crate::catalog::postgres::read::split;

/// The settings whose value is a list of names.
const LISTS: [&str; 6] = [
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
];

impl Writer<'_> {
    pub(super) fn make_routine(&mut self, routine: &Routine) {
        let options = &routine.options;
        let arguments = options.get("signature").unwrap_or(&routine.arguments);
        let mut sql =
            Clauses(format!("CREATE {} {}({arguments})", routine.kind.to_uppercase(), self.name(&routine.name)));
        if let Some(returns) = &routine.returns {
            sql.add(format!("\nRETURNS {returns}"));
        }
        sql.add(format!("\nLANGUAGE {}", self.quote(&routine.language)));
        if let Some(transforms) = options.get("transforms") {
            let types: Vec<String> = transforms.split(", ").map(|one| format!("FOR TYPE {one}")).collect();
            sql.add(format!(" TRANSFORM {}", types.join(", ")));
        }
        for (option, words) in [
            ("window", " WINDOW"),
            ("leakproof", " LEAKPROOF"),
            ("strict", " STRICT"),
            ("security", " SECURITY DEFINER"),
        ] {
            if has(options, option) {
                sql.add(words);
            }
        }
        if let Some(volatility) = options.get("volatility") {
            sql.add(format!(" {}", volatility.to_uppercase()));
        }
        for option in ["parallel", "cost", "rows", "support"] {
            if let Some(value) = options.get(option) {
                sql.add(format!(" {} {value}", option.to_uppercase()));
            }
        }
        for (option, value) in options {
            if let Some(setting) = option.strip_prefix("set ") {
                sql.add(format!("\nSET {} TO {}", self.setting(setting), self.setting_value(setting, value)));
            }
        }
        sql.add(match options.get("library") {
            _ if has(options, "sql body") => format!("\n{}", routine.body),
            Some(library) => format!("\nAS {}, {}", self.literal(library), self.literal(&routine.body)),
            None => format!("\nAS {}", dollars(&routine.body)),
        });
        self.put(sql.0);
    }

    fn setting(&self, name: &str) -> String {
        name.split('.').map(|part| self.quote(part)).collect::<Vec<_>>().join(".")
    }

    /// Lists are kept with the quotes of names; a name of nothing can only be written as a text.
    fn setting_value(&self, name: &str, value: &str) -> String {
        if !LISTS.contains(&name) {
            return self.literal(value);
        }
        split(value).into_iter().map(|name| self.literal(&unquoted(name))).collect::<Vec<_>>().join(", ")
    }

    /// Triggers, policies, and what else a table does when it is used.
    pub(super) fn programs(&mut self) {
        let catalog = self.catalog;
        for table in &catalog.tables {
            for trigger in &table.triggers {
                self.trigger(&table.name, trigger);
            }
            self.table_settings(table);
            for policy in &table.policies {
                self.policy(&table.name, policy);
            }
        }
        self.triggers_of_partitions();
        for view in &catalog.views {
            for trigger in &view.triggers {
                self.trigger(&view.name, trigger);
            }
        }
    }

    fn trigger(&mut self, on: &Name, trigger: &Trigger) {
        let (table, name, options) = (self.name(on), self.quote(&trigger.name), &trigger.options);
        let events: Vec<String> = trigger.events.iter().map(|event| self.event(event)).collect();
        let constraint = if has(options, "constraint") { "CONSTRAINT " } else { "" };
        let mut sql = Clauses(format!(
            "CREATE {constraint}TRIGGER {name} {} {} ON {table}",
            trigger.timing.to_uppercase(),
            events.join(" OR ")
        ));
        if let Some(other) = options.get("from") {
            sql.add(format!(" FROM {other}"));
        }
        sql.add(deferrable(options.get("deferrable")));
        let tables = [("old table", "OLD"), ("new table", "NEW")];
        let tables = tables.iter().filter_map(|(option, word)| Some((word, options.get(*option)?)));
        let tables: String = tables.map(|(word, table)| format!(" {word} TABLE AS {}", self.quote(table))).collect();
        if !tables.is_empty() {
            sql.add(format!(" REFERENCING{tables}"));
        }
        sql.add(if trigger.for_each_row { " FOR EACH ROW" } else { " FOR EACH STATEMENT" });
        if let Some(condition) = &trigger.condition {
            sql.add(format!(" WHEN ({condition})"));
        }
        self.put(format!("{} EXECUTE FUNCTION {}", sql.0, trigger.body));
        let state = match options.get("enabled") {
            Some(when) => format!("ENABLE {}", when.to_uppercase()),
            None if !trigger.enabled => "DISABLE".to_owned(),
            None => return,
        };
        self.put(format!("ALTER TABLE {table} {state} TRIGGER {name}"));
    }

    /// Those that do not fire as they do on the partition's parent, which must be told first, and so must its own parent.
    fn triggers_of_partitions(&mut self) {
        let tables = &self.catalog.tables;
        let depth = |table: &Table| {
            let parent = |table: &Table| tables.iter().find(|other| Some(&other.name) == table.inherits.first());
            std::iter::successors(parent(table), |table| parent(table)).take(tables.len()).count()
        };
        let own =
            |(option, state): (&String, &String)| Some((option.strip_prefix("trigger ")?.to_owned(), state.clone()));
        let mut all: Vec<(usize, &Table, String, String)> = Vec::new();
        for table in tables {
            let own: Vec<_> = table.options.iter().filter_map(own).collect();
            all.extend(own.into_iter().map(|(name, state)| (depth(table), table, name, state)));
        }
        all.sort_by_key(|(depth, ..)| *depth);
        for (_, table, name, state) in all {
            let state = match state.as_str() {
                "disabled" => "DISABLE".to_owned(),
                state => state.replace("enabled", "ENABLE").to_uppercase(),
            };
            self.put(format!("ALTER TABLE ONLY {} {state} TRIGGER {}", self.name(&table.name), self.quote(&name)));
        }
    }

    /// `update of total, "Name"`
    fn event(&self, event: &str) -> String {
        match event.strip_prefix("update of ") {
            Some(columns) => {
                let columns: Vec<String> =
                    split(columns).into_iter().map(|column| self.quote(&unquoted(column))).collect();
                format!("UPDATE OF {}", columns.join(", "))
            }
            None => event.to_uppercase(),
        }
    }

    fn table_settings(&mut self, table: &Table) {
        let name = self.name(&table.name);
        let security = table.options.get("row_security").map_or("", String::as_str);
        if matches!(security, "on" | "forced") {
            self.put(format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"));
        }
        if security.ends_with("forced") {
            self.put(format!("ALTER TABLE {name} FORCE ROW LEVEL SECURITY"));
        }
        match table.options.get("replica identity").map(String::as_str) {
            Some(word @ ("full" | "nothing")) => {
                self.put(format!("ALTER TABLE ONLY {name} REPLICA IDENTITY {}", word.to_uppercase()));
            }
            Some(index) => {
                self.put(format!("ALTER TABLE ONLY {name} REPLICA IDENTITY USING INDEX {}", self.quote(index)));
            }
            None => {}
        }
    }

    fn policy(&mut self, on: &Name, policy: &Policy) {
        let role = |role: &String| if role == "public" { "PUBLIC".to_owned() } else { self.quote(role) };
        let roles: Vec<String> = policy.roles.iter().map(role).collect();
        let mut sql = Clauses(format!(
            "CREATE POLICY {} ON {} AS {} FOR {} TO {}",
            self.quote(&policy.name),
            self.name(on),
            if policy.permissive { "PERMISSIVE" } else { "RESTRICTIVE" },
            policy.command.to_uppercase(),
            roles.join(", ")
        ));
        if let Some(using) = &policy.using {
            sql.add(format!(" USING ({using})"));
        }
        if let Some(check) = &policy.check {
            sql.add(format!(" WITH CHECK ({check})"));
        }
        self.put(sql.0);
    }
}

/// A name without its quotes.
fn unquoted(name: &str) -> String {
    match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(name) => name.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}

/// A text between dollars, which it does not have itself.
fn dollars(text: &str) -> String {
    let mut tag = "$$".to_owned();
    let mut number = 0;
    while text.contains(tag.trim_end_matches('$')) && text.contains('$') {
        number += 1;
        tag = format!("$body{number}$");
    }
    format!("{tag}{text}{tag}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_ends_where_it_ends() {
        assert_eq!(dollars("x"), "$$x$$");
        assert_eq!(dollars("SELECT $1"), "$body1$SELECT $1$body1$");
        assert_eq!(dollars("$body1$ x"), "$body2$$body1$ x$body2$");
    }

    #[test]
    fn quotes_are_taken_off() {
        assert_eq!(unquoted("\"a\"\"b\""), "a\"b");
        assert_eq!(unquoted("a"), "a");
    }
}
