//! What must not be read out of the events: the values of sensitive columns.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::record::Record;
use crate::secret::{CHANGED, MASK};

/// The columns whose values are not shown, each as `users.password_hash`.
#[derive(Debug, Clone, Default)]
pub struct Sensitive(BTreeSet<String>);

impl<T: AsRef<str>> FromIterator<T> for Sensitive {
    fn from_iter<I: IntoIterator<Item = T>>(columns: I) -> Self {
        Self(columns.into_iter().map(|column| column.as_ref().to_lowercase()).collect())
    }
}

impl Sensitive {
    /// Whether a column of a table is one. A table may have its schema before its name, there and here.
    #[must_use]
    pub fn has(&self, table: &str, column: &str) -> bool {
        let full = format!("{table}.{column}").to_lowercase();
        let short = full.split_once('.').map_or("", |(_, rest)| rest);
        self.0.contains(&full) || (short.contains('.') && self.0.contains(short))
    }

    /// Masks the values of a row before and after a change. NULL stays; that a value is another than before stays visible.
    pub(super) fn mask(&self, table: &str, before: &mut Option<Record>, after: &mut Option<Record>) {
        if self.0.is_empty() {
            return;
        }
        for (column, value) in after.iter_mut().flatten().filter(|(column, _)| self.has(table, column)) {
            let old = before.as_ref().and_then(|before| before.get(column));
            let changed = old.is_some_and(|old| !old.is_null() && old != value);
            hide(value, if changed { CHANGED } else { MASK });
        }
        for (_, value) in before.iter_mut().flatten().filter(|(column, _)| self.has(table, column)) {
            hide(value, MASK);
        }
    }
}

fn hide(value: &mut Value, with: &str) {
    if !value.is_null() {
        *value = with.into();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn masked(before: &Value, after: &Value) -> (Value, Value) {
        let sensitive: Sensitive = ["users.password_hash", "Users.Phone", "crm.people.tax_id"].into_iter().collect();
        let (mut before, mut after) = (before.as_object().cloned(), after.as_object().cloned());
        sensitive.mask("users", &mut before, &mut after);
        (json!(before), json!(after))
    }

    #[test]
    fn values_are_masked_and_changes_stay_visible() {
        let before = json!({ "email": "a@b.c", "password_hash": "one", "phone": "1" });
        let after = json!({ "email": "a@b.d", "password_hash": "two", "phone": "1" });
        let (before, after) = masked(&before, &after);
        assert_eq!(before, json!({ "email": "a@b.c", "password_hash": "***", "phone": "***" }));
        assert_eq!(after, json!({ "email": "a@b.d", "password_hash": "*** (changed)", "phone": "***" }));
    }

    #[test]
    fn null_stays() {
        let (before, after) = masked(&json!({ "phone": null }), &json!({ "phone": "1" }));
        assert_eq!((before, after), (json!({ "phone": null }), json!({ "phone": "***" })));
        let (before, after) = masked(&json!({ "phone": "1" }), &json!({ "phone": null }));
        assert_eq!((before, after), (json!({ "phone": "***" }), json!({ "phone": null })));
    }

    #[test]
    fn a_schema_may_stand_before_the_table() {
        let sensitive: Sensitive = ["users.phone", "crm.people.tax_id"].into_iter().collect();
        assert!(sensitive.has("users", "phone") && sensitive.has("public.users", "Phone"));
        assert!(sensitive.has("crm.people", "tax_id"));
        assert!(!sensitive.has("people", "tax_id") && !sensitive.has("users", "email"));
    }
}
