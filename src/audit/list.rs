//! Events as they are asked for: the newest first, page by page.

use std::collections::BTreeSet;

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, QueryResult, Queryable,
    RunQueryDsl as _,
};
use serde::Serialize;
use serde_json::Value;

use super::event::Outcome;
use crate::db::AnyConnection;
use crate::db::types::{Id, Instant, Json};
use crate::record::Record;
use crate::schema::audit_events;

/// An event that was recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable)]
pub struct Recorded {
    pub id: Id,
    pub occurred_at: Instant,
    pub actor: String,
    pub action: String,
    pub entity: String,
    pub entity_id: String,
    pub outcome: String,
    pub reason: Option<String>,
    pub before: Option<Json>,
    pub after: Option<Json>,
    pub run_id: Id,
}

/// A column whose value is another than before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    pub column: String,
    /// Null too where there was none.
    pub before: Value,
    pub after: Value,
}

impl Recorded {
    /// What is different after the event, column by column.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let columns = |row: &Option<Json>| row.as_ref().and_then(|row| row.0.as_object().cloned()).unwrap_or_default();
        let (before, after) = (columns(&self.before), columns(&self.after));
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let value = |row: &Record, name: &str| row.get(name).cloned().unwrap_or_default();
        let change =
            |name: &String| Change { column: name.clone(), before: value(&before, name), after: value(&after, name) };
        names.into_iter().map(change).filter(|change| change.before != change.after).collect()
    }
}

/// Which events are wanted: those for which everything holds that is asked here.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub entity: Option<String>,
    pub entity_id: Option<String>,
    pub action: Option<String>,
    pub actor: Option<String>,
    pub outcome: Option<Outcome>,
    /// This moment, and later.
    pub since: Option<Instant>,
    /// Before this moment.
    pub until: Option<Instant>,
    pub run_id: Option<Id>,
}

/// Some events, and what the next page is asked for with.
#[derive(Debug, Clone, Serialize)]
pub struct Page {
    pub events: Vec<Recorded>,
    /// The last of these events; null: there are no more.
    pub next: Option<Id>,
}

/// The events of a filter, the newest first; those that are older than one of them, where that is given. `None`: it is
/// not there.
pub fn list(
    connection: &mut AnyConnection,
    filter: &Filter,
    limit: u32,
    older_than: Option<Id>,
) -> QueryResult<Option<Page>> {
    let mut query = audit_events::table.into_boxed();
    if let Some(last) = older_than {
        let at = audit_events::table.find(last).select(audit_events::occurred_at).first::<Instant>(connection);
        let Some(at) = at.optional()? else { return Ok(None) };
        let earlier = audit_events::occurred_at.lt(at);
        query = query.filter(earlier.or(audit_events::occurred_at.eq(at).and(audit_events::id.lt(last))));
    }
    if let Some(entity) = &filter.entity {
        query = query.filter(audit_events::entity.eq(entity));
    }
    if let Some(id) = &filter.entity_id {
        query = query.filter(audit_events::entity_id.eq(id));
    }
    if let Some(action) = &filter.action {
        query = query.filter(audit_events::action.eq(action));
    }
    if let Some(actor) = &filter.actor {
        query = query.filter(audit_events::actor.eq(actor));
    }
    if let Some(outcome) = filter.outcome {
        query = query.filter(audit_events::outcome.eq(outcome.name()));
    }
    if let Some(since) = filter.since {
        query = query.filter(audit_events::occurred_at.ge(since));
    }
    if let Some(until) = filter.until {
        query = query.filter(audit_events::occurred_at.lt(until));
    }
    if let Some(run_id) = filter.run_id {
        query = query.filter(audit_events::run_id.eq(run_id));
    }
    let order = (audit_events::occurred_at.desc(), audit_events::id.desc());
    // One more than is wanted tells whether there are more.
    let mut events: Vec<Recorded> = query.order(order).limit(i64::from(limit) + 1).load(connection)?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = events.len() > wanted;
    events.truncate(wanted);
    let next = events.last().filter(|_| more).map(|event| event.id);
    Ok(Some(Page { events, next }))
}

/// One event; `None`: it is not there.
pub fn find(connection: &mut AnyConnection, id: Id) -> QueryResult<Option<Recorded>> {
    audit_events::table.find(id).first(connection).optional()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changes(before: Option<Value>, after: Option<Value>) -> Vec<String> {
        let event = Recorded {
            id: Id::new(),
            occurred_at: Instant::now(),
            actor: String::new(),
            action: String::new(),
            entity: String::new(),
            entity_id: String::new(),
            outcome: String::new(),
            reason: None,
            before: before.map(Json),
            after: after.map(Json),
            run_id: Id::new(),
        };
        event
            .changes()
            .iter()
            .map(|change| format!("{}: {} -> {}", change.column, change.before, change.after))
            .collect()
    }

    #[test]
    fn the_difference_is_told_by_column() {
        let (old, new) = (json!({ "a": 1, "b": "x", "c": null }), json!({ "a": 1, "b": "y", "d": true }));
        assert_eq!(changes(Some(old.clone()), Some(new)), ["b: \"x\" -> \"y\"", "d: null -> true"]);
        assert_eq!(changes(None, Some(old.clone())), ["a: null -> 1", "b: null -> \"x\""]);
        assert_eq!(changes(Some(old), None), ["a: 1 -> null", "b: \"x\" -> null"]);
        assert!(changes(None, None).is_empty());
    }
}
