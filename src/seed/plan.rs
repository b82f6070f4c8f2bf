//! What is to be done: the rows that seeds list beside those that are there and those that seeds have written before. Pure.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::columns::Column;
use super::source::Mode;
use super::values::password;
use crate::secret::Secret;
use crate::text;

/// A row's identity within its table: the columns of its key with their values, as a JSON object.
pub type Key = String;

/// The values of a row by their columns.
pub type Record = serde_json::Map<String, Value>;

/// What happens to a value that was edited since a seed wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDrift {
    #[default]
    Keep,
    Overwrite,
    Fail,
}

/// What a seed wants a column to hold.
#[derive(Debug, Clone)]
pub enum Want {
    Is(Value),
    /// A hash of this password.
    HashOf(Secret),
    /// The value that a row gets from the database when it is inserted, earlier in this run.
    Pending {
        table: String,
        key: Key,
        column: String,
    },
    /// The value of a row that a CSV brings, earlier in this run.
    Brought {
        table: String,
        /// The values that the row is found by.
        by: Key,
        column: String,
    },
}

/// A value of a row's key as it is shown: it may stand for one that is not known yet.
#[must_use]
pub fn shown(column: &Column<'_>, value: &Value) -> String {
    let new = value.get(NEW).and_then(|of| Some((of.get(0)?.as_str()?, of.get(2)?.as_str()?)));
    match new {
        Some((table, of)) if !column.is_json() => new_of(table, of),
        _ => column.shown(value),
    }
}

fn new_of(table: &str, column: &str) -> String {
    format!("({column} of a new row of {table})")
}

/// In a key: the table, the row and the column that it is known by when that row is there.
const NEW: &str = "new";

impl Want {
    /// Whether what is stored is what is wanted.
    #[must_use]
    pub fn is(&self, stored: &Value) -> bool {
        match self {
            Want::Is(value) => value == stored,
            Want::HashOf(password) => {
                stored.as_str().is_some_and(|stored| password::verifies(stored, password.expose()))
            }
            // The row that it refers to is not there yet.
            Want::Pending { .. } | Want::Brought { .. } => false,
        }
    }

    /// As it is shown before it is known.
    #[must_use]
    pub fn shown(&self) -> Value {
        match self {
            Want::Is(value) => value.clone(),
            Want::HashOf(_) => "(a new hash)".into(),
            Want::Pending { table, column, .. } | Want::Brought { table, column, .. } => new_of(table, column).into(),
        }
    }

    /// What stands for it in a key: two rows that refer to different new ones are not the same.
    #[must_use]
    pub fn identity(&self) -> Value {
        match self {
            Want::Pending { table, key, column } | Want::Brought { table, by: key, column } => {
                json!({ NEW: [table, key, column] })
            }
            other => other.shown(),
        }
    }
}

/// A row that a seed lists.
#[derive(Debug, Clone)]
pub struct Listed {
    pub key: Key,
    /// The columns of the key are among them.
    pub wants: BTreeMap<String, Want>,
}

/// What is known of a row that a seed wrote to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owned {
    /// The seed's name.
    pub seed: String,
    /// A seed put it there; else it was there before.
    pub inserted: bool,
    /// A digest of each value that was written.
    pub written: BTreeMap<String, String>,
}

/// A column of a row that is not as it is listed.
#[derive(Debug, Clone)]
pub struct Difference {
    pub column: String,
    pub before: Value,
    pub after: Want,
}

/// What becomes of a row.
#[derive(Debug, Clone)]
pub enum Change {
    Insert,
    Update(Vec<Difference>),
    Unchanged,
    Delete(Record),
}

#[derive(Debug, Clone)]
pub struct Planned {
    pub key: Key,
    /// The place in the list; none where it is listed no more.
    pub listed: Option<usize>,
    pub change: Change,
    /// What somebody edited since, and stays.
    pub kept: Vec<Difference>,
    /// Columns of which the ledger is to know what stands in them.
    pub note: BTreeSet<String>,
    /// Somebody edited it since, and loses that.
    pub overwritten: bool,
}

/// The digest of a value, for the ledger: whether it was edited can be told, and what it was cannot be read.
#[must_use]
pub fn digest(key: &Key, column: &str, value: &Value) -> String {
    // A document is the same in whatever order its keys are.
    let value = if value.is_object() || value.is_array() {
        let mut sorted = value.clone();
        sorted.sort_all_objects();
        Cow::Owned(sorted)
    } else {
        Cow::Borrowed(value)
    };
    let hash = blake3::hash(format!("{key}\0{column}\0{value}").as_bytes());
    text::hex(&hash.as_bytes()[..8])
}

/// Puts the three side by side. `owned` are the rows that this seed has written to.
#[must_use]
pub fn plan(
    mode: Mode,
    on_drift: OnDrift,
    listed: &[Listed],
    stored: &BTreeMap<Key, Record>,
    owned: &BTreeMap<Key, Owned>,
) -> Vec<Planned> {
    let mut planned: Vec<Planned> = listed
        .iter()
        .enumerate()
        .map(|(at, row)| match stored.get(&row.key) {
            None => fresh(at, row),
            Some(stored) if mode.updates() => compare(at, row, stored, owned.get(&row.key), on_drift),
            Some(_) => Planned { change: Change::Unchanged, note: BTreeSet::new(), ..fresh(at, row) },
        })
        .collect();
    if mode == Mode::Exact {
        let names: BTreeSet<&Key> = listed.iter().map(|row| &row.key).collect();
        let gone = owned.iter().filter(|(key, owned)| owned.inserted && !names.contains(key));
        planned.extend(gone.filter_map(|(key, owned)| Some(remove(key, stored.get(key)?, owned, on_drift))));
    }
    planned
}

fn fresh(at: usize, row: &Listed) -> Planned {
    Planned {
        key: row.key.clone(),
        listed: Some(at),
        change: Change::Insert,
        kept: Vec::new(),
        note: row.wants.keys().cloned().collect(),
        overwritten: false,
    }
}

fn compare(at: usize, row: &Listed, stored: &Record, owned: Option<&Owned>, on_drift: OnDrift) -> Planned {
    let mut planned = Planned { change: Change::Unchanged, note: BTreeSet::new(), ..fresh(at, row) };
    let mut updates = Vec::new();
    for (column, want) in &row.wants {
        let before = stored.get(column).unwrap_or(&Value::Null);
        let written = owned.and_then(|owned| owned.written.get(column));
        let as_written = written.is_some_and(|written| *written == digest(&row.key, column, before));
        if want.is(before) {
            if !as_written {
                planned.note.insert(column.clone());
            }
            continue;
        }
        let difference = Difference { column: column.clone(), before: before.clone(), after: want.clone() };
        // Where a seed has never written there is nothing that somebody could have edited since.
        let edited = written.is_some() && !as_written;
        if edited && on_drift != OnDrift::Overwrite {
            planned.kept.push(difference);
        } else {
            planned.overwritten |= edited;
            planned.note.insert(column.clone());
            updates.push(difference);
        }
    }
    if !updates.is_empty() {
        planned.change = Change::Update(updates);
    }
    planned
}

/// A row of this seed that it lists no more. One that somebody edited since is theirs.
fn remove(key: &Key, stored: &Record, owned: &Owned, on_drift: OnDrift) -> Planned {
    let value = |column: &String| stored.get(column).cloned().unwrap_or_default();
    let edited: Vec<Difference> = owned
        .written
        .iter()
        .filter(|(column, written)| stored.contains_key(*column) && **written != digest(key, column, &value(column)))
        .map(|(column, _)| Difference { column: column.clone(), before: value(column), after: Want::Is(Value::Null) })
        .collect();
    let keeps = !edited.is_empty() && on_drift != OnDrift::Overwrite;
    Planned {
        key: key.clone(),
        listed: None,
        change: if keeps { Change::Unchanged } else { Change::Delete(stored.clone()) },
        overwritten: !edited.is_empty() && !keeps,
        kept: if keeps { edited } else { Vec::new() },
        note: BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Stored = BTreeMap<Key, Record>;
    type Ledger = BTreeMap<Key, Owned>;

    fn listed(rows: &[(u8, u8)]) -> Vec<Listed> {
        let row = |(key, value): &(u8, u8)| Listed {
            key: key.to_string(),
            wants: [("id".to_owned(), Want::Is((*key).into())), ("value".to_owned(), Want::Is((*value).into()))].into(),
        };
        rows.iter().map(row).collect()
    }

    fn record(key: u8, value: u8) -> Record {
        [("id".to_owned(), key.into()), ("value".to_owned(), value.into())].into_iter().collect()
    }

    /// Does what a plan says, as `apply` does.
    fn act(listed: &[Listed], planned: &[Planned], stored: &mut Stored, owned: &mut Ledger) {
        for row in planned {
            match &row.change {
                Change::Insert => {
                    let wants = &listed[row.listed.unwrap()].wants;
                    let values = wants.iter().map(|(column, want)| (column.clone(), want.shown())).collect();
                    stored.insert(row.key.clone(), values);
                    owned.insert(row.key.clone(), Owned { inserted: true, ..Owned::default() });
                }
                Change::Update(differences) => {
                    for difference in differences {
                        stored.get_mut(&row.key).unwrap().insert(difference.column.clone(), difference.after.shown());
                    }
                }
                Change::Delete(_) => {
                    stored.remove(&row.key);
                    owned.remove(&row.key);
                }
                Change::Unchanged => {}
            }
            for column in &row.note {
                let digest = digest(&row.key, column, &stored[&row.key][column]);
                owned.entry(row.key.clone()).or_default().written.insert(column.clone(), digest);
            }
        }
    }

    fn changes(planned: &[Planned]) -> String {
        let one = |row: &Planned| match &row.change {
            Change::Insert => "+",
            Change::Update(_) => "~",
            Change::Unchanged if row.kept.is_empty() => "=",
            Change::Unchanged => "k",
            Change::Delete(_) => "-",
        };
        planned.iter().map(one).collect()
    }

    #[test]
    fn each_mode_does_what_it_says() {
        let rows = listed(&[(1, 10), (2, 20)]);
        let there: Stored = [("2".to_owned(), record(2, 99))].into();
        let planned = |mode| changes(&plan(mode, OnDrift::Keep, &rows, &there, &Ledger::new()));
        assert_eq!(planned(Mode::Ensure), "+=");
        assert_eq!(planned(Mode::Fill), "+=");
        assert_eq!(planned(Mode::Sync), "+~");
        assert_eq!(planned(Mode::Exact), "+~");
    }

    #[test]
    fn what_somebody_edited_is_kept_and_what_the_file_changed_is_not() {
        let (mut stored, mut owned) = (Stored::new(), Ledger::new());
        let rows = listed(&[(1, 10), (2, 20)]);
        act(&rows, &plan(Mode::Sync, OnDrift::Keep, &rows, &stored, &owned), &mut stored, &mut owned);
        stored.insert("1".into(), record(1, 11));
        let rows = listed(&[(1, 10), (2, 22)]);
        let planned = plan(Mode::Sync, OnDrift::Keep, &rows, &stored, &owned);
        assert_eq!(changes(&planned), "k~");
        let planned = plan(Mode::Sync, OnDrift::Overwrite, &rows, &stored, &owned);
        assert_eq!(changes(&planned), "~~");
        assert!(planned[0].overwritten && !planned[1].overwritten);
        // Listed no more: the edited one stays, the other goes.
        let planned = plan(Mode::Exact, OnDrift::Keep, &[], &stored, &owned);
        assert_eq!(changes(&planned), "k-");
    }

    fn rows() -> impl Strategy<Value = Vec<(u8, u8)>> {
        prop::collection::btree_map(0..6u8, 0..4u8, 0..6).prop_map(|rows| rows.into_iter().collect())
    }

    fn mode() -> impl Strategy<Value = Mode> {
        prop::sample::select(vec![Mode::Ensure, Mode::Sync, Mode::Exact, Mode::Fill])
    }

    fn on_drift() -> impl Strategy<Value = OnDrift> {
        prop::sample::select(vec![OnDrift::Keep, OnDrift::Overwrite, OnDrift::Fail])
    }

    proptest! {
        /// Whatever was there and whatever was edited: run again, nothing changes, and nobody's own row is gone.
        #[test]
        fn a_second_run_changes_nothing(
            mine in rows(), before in rows(), edits in rows(), after in rows(), mode in mode(), on_drift in on_drift()
        ) {
            let mut stored: Stored = mine.iter().map(|(key, value)| (key.to_string(), record(*key, *value))).collect();
            let mut owned = Ledger::new();
            for rows in [&before, &after] {
                let rows = listed(rows);
                let planned = plan(mode, on_drift, &rows, &stored, &owned);
                act(&rows, &planned, &mut stored, &mut owned);
                for (key, _) in &mine {
                    prop_assert!(stored.contains_key(&key.to_string()), "a row that was there before is gone");
                }
                for (key, value) in &edits {
                    if let Some(row) = stored.get_mut(&key.to_string()) {
                        *row = record(*key, *value);
                    }
                }
                let planned = plan(mode, on_drift, &rows, &stored, &owned);
                act(&rows, &planned, &mut stored, &mut owned);
                let again = plan(mode, on_drift, &rows, &stored, &owned);
                prop_assert!(again.iter().all(|row| matches!(row.change, Change::Unchanged) && row.note.is_empty()), "{:?}", again);
                for row in &rows {
                    prop_assert!(stored.contains_key(&row.key));
                }
            }
        }
    }
}
