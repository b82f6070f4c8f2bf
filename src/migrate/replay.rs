//! What the beginning of a file has left with its connection, and its rest may count on: what can be had again on another
//! connection, and what cannot.

use crate::db::{Dialect, Effect};
use crate::sql::Statement;

/// The statements among the first `done` that must be run again before the rest; or the one whose effect cannot be had again, or
/// that asks for it. Pure.
pub fn replay<'s>(
    dialect: &dyn Dialect,
    statements: &'s [Statement<'s>],
    done: usize,
) -> Result<Vec<&'s Statement<'s>>, &'s Statement<'s>> {
    let (past, rest) = statements.split_at(done.min(statements.len()));
    if past.is_empty() || rest.is_empty() {
        return Ok(Vec::new());
    }
    let again = settings(dialect, past)?;
    if let Some(asks) = rest.iter().find(|one| dialect.looks_back(one)) {
        return Err(asks);
    }
    let sets = |one: &Statement<'_>| one.begins(&["SET"]);
    let known: Vec<String> =
        again.iter().copied().chain(rest).filter(|one| sets(one)).flat_map(|one| dialect.variables(one)).collect();
    let unknown = |one: &&Statement<'_>| !sets(one) && dialect.variables(one).iter().any(|name| !known.contains(name));
    match rest.iter().find(unknown) {
        Some(asks) => Err(asks),
        None => Ok(again),
    }
}

/// The settings that still hold at the end.
fn settings<'s>(dialect: &dyn Dialect, past: &'s [Statement<'s>]) -> Result<Vec<&'s Statement<'s>>, &'s Statement<'s>> {
    let mut hold: Vec<&Statement<'_>> = Vec::new();
    // How many there were when a transaction began: a rollback takes the later ones back.
    let mut before = None;
    for one in past {
        if one.is_transaction_control() {
            match one.head().first().map(String::as_str) {
                Some("BEGIN" | "START") => before = Some(hold.len()),
                Some("ROLLBACK" | "ABORT") => hold.truncate(before.take().unwrap_or(hold.len())),
                _ => before = None,
            }
            continue;
        }
        let last = one.head().last();
        let same =
            |other: &&Statement<'_>, verb: &str| other.begins(&[verb]) && other.head().get(1) == one.head().get(1);
        match dialect.effect(one) {
            Effect::Temporary | Effect::State => return Err(one),
            Effect::LocksTables => hold.push(one),
            Effect::UnlocksTables => hold.retain(|other| dialect.effect(other) != Effect::LocksTables),
            Effect::Setting if one.begins(&["DISCARD"]) => hold.clear(),
            Effect::Setting if one.begins(&["DEALLOCATE"]) => {
                hold.retain(|other| !(other.begins(&["PREPARE"]) && other.head().get(1) == one.head().last()));
            }
            Effect::Setting if one.begins(&["DETACH"]) => {
                hold.retain(|other| !(other.begins(&["ATTACH"]) && other.head().last() == last));
            }
            Effect::Setting => {
                hold.retain(|other| !(same(other, "PREPARE") || (one.begins(&["USE"]) && other.begins(&["USE"]))));
                hold.push(one);
            }
            Effect::None => {}
        }
    }
    Ok(hold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;
    use crate::db::dialect_of;
    use crate::sql::split;

    fn again(backend: Backend, sql: &str, done: usize) -> Result<String, String> {
        let dialect = dialect_of(backend);
        let statements = split(sql, dialect.rules()).unwrap();
        let joined = |all: Vec<&Statement<'_>>| all.iter().map(|one| one.text).collect::<Vec<_>>().join("; ");
        replay(dialect, &statements, done).map(joined).map_err(|one| one.text.to_owned())
    }

    #[test]
    fn what_still_holds_is_had_again() {
        use Backend::{Mysql, Postgres, Sqlite};
        for (backend, sql, done, expected) in [
            (Mysql, "SET a = 1; CREATE TABLE t (i INT); SELECT 1", 2, Ok("SET a = 1")),
            (Mysql, "USE a; USE b; SELECT 1", 2, Ok("USE b")),
            (Mysql, "LOCK TABLES o WRITE; UNLOCK TABLES; SELECT 1", 2, Ok("")),
            (Mysql, "LOCK TABLES o WRITE; SELECT 1", 1, Ok("LOCK TABLES o WRITE")),
            (Mysql, "PREPARE s FROM 'x'; DEALLOCATE PREPARE s; SELECT 1", 2, Ok("")),
            (Mysql, "SET @a = 1; INSERT INTO t VALUES (@a); SELECT @a", 2, Ok("SET @a = 1")),
            (Mysql, "CALL p(); SELECT @z", 1, Err("SELECT @z")),
            (Mysql, "INSERT INTO t VALUES (1); SELECT LAST_INSERT_ID()", 1, Err("SELECT LAST_INSERT_ID()")),
            (Mysql, "SELECT 1 INTO @k; SELECT 2", 1, Err("SELECT 1 INTO @k")),
            (Mysql, "SELECT 1 INTO @k; SELECT 2", 2, Ok("")),
            (Postgres, "BEGIN; SET a = 1; ROLLBACK; SELECT 1", 3, Ok("")),
            (Postgres, "BEGIN; SET a = 1; COMMIT; SELECT 1", 3, Ok("SET a = 1")),
            (Postgres, "SET a = 1; DISCARD ALL; SELECT 1", 2, Ok("")),
            (Postgres, "CREATE LOCAL TEMP TABLE t (); SELECT 1", 1, Err("CREATE LOCAL TEMP TABLE t ()")),
            (Sqlite, "ATTACH 'x' AS o; DETACH o; SELECT 1", 2, Ok("")),
            (Sqlite, "CREATE TABLE temp.t (i); SELECT 1", 1, Err("CREATE TABLE temp.t (i)")),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(again(backend, sql, done), expected, "{sql}");
        }
    }
}
