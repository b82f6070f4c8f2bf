//! What is told by the month: a query for each, all of them in one statement.
//!
//! Not `GROUP BY` the month of a moment: that is computed for each row, and no server knows beforehand how few months come of it, so
//! that PostgreSQL sorts all rows, and MariaDB looks each of them up in a table of its own. The rows of one month stand side by side in
//! an index on the moment, and a sum without groups runs along them; PostgreSQL shares the months out among its workers, too.

use chrono::{DateTime, Datelike as _, Months, NaiveDate, NaiveTime, Utc};
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::{QueryResult, RunQueryDsl};

use crate::db::types::Instant;

/// A month, or the part of it that belongs to a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    pub from: Instant,
    /// No longer in it.
    pub until: Instant,
}

impl Month {
    /// `2026-01`, in UTC.
    pub fn name(self) -> String {
        self.from.utc().format("%Y-%m").to_string()
    }
}

/// The months of a time, in UTC, from its beginning to before its end.
pub fn months(from: Instant, until: Instant) -> impl Iterator<Item = Month> {
    let mut from = from;
    std::iter::from_fn(move || {
        let month = (from < until).then(|| Month { from, until: next(from).map_or(until, |next| next.min(until)) })?;
        from = month.until;
        Some(month)
    })
}

/// The first moment of the month after; `None`: there is none that a database keeps.
fn next(moment: Instant) -> Option<Instant> {
    let date = moment.utc().date_naive();
    let date = NaiveDate::from_ymd_opt(date.year(), date.month(), 1)?.checked_add_months(Months::new(1))?;
    Instant::new(DateTime::<Utc>::from_naive_utc_and_offset(date.and_time(NaiveTime::MIN), Utc))
}

/// The rows of each of these queries, in any order. Diesel's own has a type for each number of them.
#[derive(Debug, Clone)]
pub struct UnionAll<Q>(pub Vec<Q>);

/// The text depends on how many there are.
impl<Q> QueryId for UnionAll<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for UnionAll<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, C> RunQueryDsl<C> for UnionAll<Q> {}

impl<Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for UnionAll<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // Kept, PostgreSQL would plan it for any times, which it takes for short ones, and work at it alone.
        out.unsafe_to_cache_prepared();
        for (at, query) in self.0.iter().enumerate() {
            if at > 0 {
                out.push_sql(" UNION ALL ");
            }
            query.walk_ast(out.reborrow())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(from: &str, until: &str) -> Vec<String> {
        let months = months(from.parse().unwrap(), until.parse().unwrap());
        months.map(|month| format!("{}: {} {}", month.name(), month.from, month.until)).collect()
    }

    #[test]
    fn a_time_is_taken_apart_at_the_first_of_each_month() {
        assert_eq!(
            told("2024-01-31T23:59:59.999999Z", "2024-03-01T00:00:00.000001Z"),
            [
                "2024-01: 2024-01-31T23:59:59.999999Z 2024-02-01T00:00:00.000000Z",
                "2024-02: 2024-02-01T00:00:00.000000Z 2024-03-01T00:00:00.000000Z",
                "2024-03: 2024-03-01T00:00:00.000000Z 2024-03-01T00:00:00.000001Z",
            ]
        );
        assert_eq!(told("2025-12-01T00:00:00Z", "2026-01-01T00:00:00Z").len(), 1);
        assert_eq!(told("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), [""; 0]);
        assert_eq!(told("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"), [""; 0]);
        // The last month that there is.
        assert_eq!(
            told("9999-11-30T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
            [
                "9999-11: 9999-11-30T00:00:00.000000Z 9999-12-01T00:00:00.000000Z",
                "9999-12: 9999-12-01T00:00:00.000000Z 9999-12-31T23:59:59.999999Z",
            ]
        );
    }
}
