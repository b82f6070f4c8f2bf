//! Transactions: all or nothing on every backend, nested, isolated, and tried again where the server asks for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;

use dbtool::db::{AnyConnection, DbError, Isolation, Kind, TransactionError, TransactionOptions, transaction};
use dbtool::error::{Code, Error};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

use crate::support::{Project, on_each_backend, on_servers};
use crate::values::connection as connection_of;

diesel::table! {
    accounts (id) {
        id -> Integer,
        balance -> Integer,
    }
}

fn accounts(project: &Project) -> AnyConnection {
    project.ok(&["db", "create"]);
    let mut connection = connection_of(project);
    connection.batch_execute("CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)").unwrap();
    for id in [1, 2] {
        set(&mut connection, id, 100).unwrap();
    }
    connection
}

fn set(connection: &mut AnyConnection, id: i32, balance: i32) -> QueryResult<()> {
    let row = (accounts::id.eq(id), accounts::balance.eq(balance));
    diesel::insert_into(accounts::table).values(row).execute(connection).map(|_| ())
}

fn add(connection: &mut AnyConnection, id: i32, amount: i32) -> QueryResult<()> {
    let account = accounts::table.find(id);
    diesel::update(account).set(accounts::balance.eq(accounts::balance + amount)).execute(connection).map(|_| ())
}

fn balance(connection: &mut AnyConnection, id: i32) -> i32 {
    accounts::table.find(id).select(accounts::balance).first(connection).unwrap()
}

/// An error of the caller's own.
#[derive(Debug, PartialEq)]
enum Own {
    Poor { id: i32 },
    Database(Kind),
}

impl From<diesel::result::Error> for Own {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(DbError::kind_of(&error))
    }
}

impl TransactionError for Own {
    fn kind(&self) -> Option<Kind> {
        match self {
            Own::Poor { .. } => None,
            Own::Database(kind) => Some(*kind),
        }
    }
}

const PLAIN: TransactionOptions =
    TransactionOptions { isolation: None, read_only: false, deferrable: false, attempts: 5 };

#[test]
fn what_succeeds_is_committed_and_what_fails_leaves_nothing() {
    on_each_backend(|project| {
        let mut connection = accounts(&project);
        let moved: Result<i32, Own> = transaction(&mut connection, &PLAIN, |connection| {
            add(connection, 1, -30)?;
            add(connection, 2, 30)?;
            Ok(30)
        });
        assert_eq!(moved, Ok(30));
        // The error is the closure's own.
        let refused: Result<(), Own> = transaction(&mut connection, &PLAIN, |connection| {
            add(connection, 1, -100)?;
            Err(Own::Poor { id: 1 })
        });
        assert_eq!(refused, Err(Own::Poor { id: 1 }));
        // One of the database's, too.
        let twice: Result<(), Own> = transaction(&mut connection, &PLAIN, |connection| {
            add(connection, 1, -1)?;
            Ok(set(connection, 1, 0)?)
        });
        assert_eq!(twice, Err(Own::Database(Kind::Constraint)));
        assert_eq!([1, 2].map(|id| balance(&mut connection, id)), [70, 130]);
    });
}

#[test]
fn a_panic_rolls_back_and_goes_on() {
    on_each_backend(|project| {
        let mut connection = accounts(&project);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _: QueryResult<()> = transaction(&mut connection, &PLAIN, |connection| {
                add(connection, 1, -100)?;
                panic!("on purpose");
            });
        }));
        assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"on purpose"));
        // The connection is as good as before.
        let after: QueryResult<()> = transaction(&mut connection, &PLAIN, |connection| add(connection, 1, 1));
        after.unwrap();
        assert_eq!(balance(&mut connection, 1), 101);
    });
}

#[test]
fn a_nested_one_is_undone_by_itself() {
    on_each_backend(|project| {
        let mut connection = accounts(&project);
        let outer: Result<(), Own> = transaction(&mut connection, &PLAIN, |connection| {
            add(connection, 1, 1)?;
            let inner: Result<(), Own> = transaction(connection, &PLAIN, |connection| {
                add(connection, 1, 10)?;
                transaction(connection, &PLAIN, |connection| Ok::<_, Own>(add(connection, 1, 100)?))?;
                // A statement that fails takes the inner one with it, not the outer.
                Ok(set(connection, 1, 0)?)
            });
            assert_eq!(inner, Err(Own::Database(Kind::Constraint)));
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                let _: Result<(), Own> = transaction(connection, &PLAIN, |connection| {
                    add(connection, 1, 1_000)?;
                    panic!("inside");
                });
            }));
            assert!(panicked.is_err());
            transaction(connection, &PLAIN, |connection| Ok::<_, Own>(add(connection, 2, 1)?))
        });
        assert_eq!(outer, Ok(()));
        assert_eq!([1, 2].map(|id| balance(&mut connection, id)), [101, 101]);
        // And with the outer one, what its inner ones did.
        let outer: Result<(), Own> = transaction(&mut connection, &PLAIN, |connection| {
            transaction(connection, &PLAIN, |connection| Ok::<_, Own>(add(connection, 1, 1)?))?;
            Err(Own::Poor { id: 1 })
        });
        assert_eq!(outer, Err(Own::Poor { id: 1 }));
        assert_eq!(balance(&mut connection, 1), 101);
    });
}

#[test]
fn a_nested_one_is_not_promised_what_it_cannot_have() {
    on_each_backend(|project| {
        let mut connection = accounts(&project);
        let inner = PLAIN.isolation(Isolation::Serializable);
        let result: QueryResult<()> =
            transaction(&mut connection, &PLAIN, |connection| transaction(connection, &inner, |_| Ok(())));
        assert_eq!(result, Err(diesel::result::Error::AlreadyInTransaction));
    });
}

#[test]
fn a_transaction_is_of_the_kind_that_was_asked_for() {
    on_each_backend(|project| {
        let mut connection = accounts(&project);
        let mut other = connection_of(&project);
        // What another client commits meanwhile is seen, or not. SQLite lets no other in.
        for (isolation, sees) in [(Isolation::ReadCommitted, true), (Isolation::RepeatableRead, false)] {
            let seen: Result<bool, DbError> = transaction(&mut connection, &PLAIN.isolation(isolation), |connection| {
                let before = balance(connection, 1);
                if project.backend.is_server() {
                    add(&mut other, 1, 1)?;
                }
                Ok(balance(connection, 1) != before)
            });
            assert_eq!(seen, Ok(sees && project.backend.is_server()), "{isolation:?} on {}", project.backend);
        }
        if project.backend.is_server() {
            add(&mut connection, 1, -2).unwrap();
        }
        let read_only = PLAIN.read_only().isolation(Isolation::Serializable).deferrable();
        let result: Result<i32, Own> = transaction(&mut connection, &read_only, |connection| {
            assert_eq!(balance(connection, 1), 100);
            add(connection, 1, 1)?;
            Ok(1)
        });
        assert_eq!(result, Err(Own::Database(Kind::ReadOnly)), "{}", project.backend);
        // The next one is as usual again.
        let result: QueryResult<()> = transaction(&mut connection, &PLAIN, |connection| add(connection, 1, 1));
        result.unwrap();
        assert_eq!(balance(&mut connection, 1), 101);
    });
}

/// Two clients that take two rows in opposite order, and wait for each other to have the first.
fn cross(project: &Project, attempts: u32) -> [Result<u32, DbError>; 2] {
    let barrier = Barrier::new(2);
    let client = |first: i32, second: i32| {
        let mut connection = connection_of(project);
        let mut tried = 0;
        let done: Result<(), DbError> = transaction(&mut connection, &PLAIN.attempts(attempts), |connection| {
            tried += 1;
            add(connection, first, 1)?;
            if tried == 1 {
                barrier.wait();
            }
            Ok(add(connection, second, 1)?)
        });
        done.map(|()| tried)
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| client(2, 1));
        [client(1, 2), other.join().unwrap()]
    })
}

#[test]
fn a_deadlock_is_tried_again() {
    on_servers(|project| {
        let mut connection = accounts(&project);
        let tries = cross(&project, 5).map(Result::unwrap);
        assert_eq!(tries.iter().sum::<u32>(), 3, "one of the two was the victim, once: {tries:?}");
        assert_eq!([1, 2].map(|id| balance(&mut connection, id)), [102, 102]);
    });
}

#[test]
fn a_deadlock_reaches_who_has_no_attempt_left() {
    on_servers(|project| {
        let mut connection = accounts(&project);
        let results = cross(&project, 1);
        let failed: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
        assert_eq!(failed.iter().map(|error| error.kind).collect::<Vec<_>>(), [Kind::Deadlock]);
        let error: Error = failed[0].clone().into_error("x");
        assert_eq!((error.code(), error.exit_code().number()), (Code::Conflict, 7));
        assert_eq!([1, 2].map(|id| balance(&mut connection, id)), [101, 101]);
    });
}

#[test]
fn a_deadlock_that_a_nested_one_hides_commits_nothing() {
    on_servers(|project| {
        let mut watcher = accounts(&project);
        let barrier = Barrier::new(2);
        let client = |first: i32, second: i32| {
            let mut connection = connection_of(&project);
            transaction(&mut connection, &PLAIN.attempts(1), |connection| {
                add(connection, first, 1)?;
                barrier.wait();
                let hidden: QueryResult<()> = transaction(connection, &PLAIN, |connection| add(connection, second, 1));
                // Whoever lost goes on as if nothing had been.
                let lost = hidden.is_err();
                diesel::insert_into(accounts::table)
                    .values((accounts::id.eq(first + 10), accounts::balance.eq(1)))
                    .execute(connection)?;
                Ok::<_, DbError>(lost)
            })
        };
        let results = std::thread::scope(|scope| {
            let other = scope.spawn(|| client(2, 1));
            [client(1, 2), other.join().unwrap()]
        });
        for (at, result) in results.iter().enumerate() {
            let first = i32::try_from(at).unwrap() + 1;
            let rows: i64 =
                accounts::table.filter(accounts::id.eq(first + 10)).count().get_result(&mut watcher).unwrap();
            // All of it is there, or none of it.
            match result {
                Ok(_) => assert_eq!(rows, 1),
                Err(error) => assert_eq!((rows, error.kind.is_transient()), (0, true), "{error}"),
            }
        }
        let total = balance(&mut watcher, 1) + balance(&mut watcher, 2);
        let lost_and_done = results.iter().filter(|result| *result == &Ok(true)).count();
        let whole = results.iter().filter(|result| *result == &Ok(false)).count();
        assert_eq!(usize::try_from(total).unwrap(), 200 + lost_and_done + 2 * whole, "{results:?}");
        assert_eq!(whole, 1, "{results:?}");
    });
}

#[test]
fn a_serialization_failure_is_tried_again() {
    on_servers(|project| {
        let mut watcher = accounts(&project);
        let barrier = Barrier::new(2);
        let serializable = PLAIN.isolation(Isolation::Serializable);
        // Each reads both and writes one: together they have no order.
        let client = |mine: i32| {
            let mut connection = connection_of(&project);
            let mut tried = 0;
            let done: Result<(), DbError> = transaction(&mut connection, &serializable, |connection| {
                tried += 1;
                let sum = accounts::table.select(diesel::dsl::sum(accounts::balance));
                let sum: Option<i64> = sum.first(connection)?;
                if tried == 1 {
                    barrier.wait();
                }
                if sum >= Some(200) {
                    add(connection, mine, -150)?;
                }
                Ok(())
            });
            done.map(|()| tried)
        };
        let tries = std::thread::scope(|scope| {
            let other = scope.spawn(|| client(2));
            [client(1), other.join().unwrap()]
        });
        let tries = tries.map(Result::unwrap);
        assert!(tries.contains(&1) && tries.iter().any(|tried| *tried > 1), "{tries:?} on {}", project.backend);
        assert_eq!(balance(&mut watcher, 1) + balance(&mut watcher, 2), 50, "one of them alone was let through");
    });
}

#[test]
fn writers_of_sqlite_wait_for_each_other() {
    let project = Project::sqlite();
    let mut watcher = accounts(&project);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut connection = connection_of(&project);
                for _ in 0..25 {
                    let done: Result<(), DbError> = transaction(&mut connection, &PLAIN, |connection| {
                        // Reading first and writing then is what fails at once in a deferred transaction.
                        let found = balance(connection, 1);
                        let account = diesel::update(accounts::table.find(1));
                        account.set(accounts::balance.eq(found + 1)).execute(connection)?;
                        Ok(())
                    });
                    done.unwrap();
                }
            });
        }
    });
    assert_eq!(balance(&mut watcher, 1), 200);
}

#[test]
fn errors_of_commands_and_of_anyhow_are_known_for_what_they_are() {
    let deadlock = || DbError::new(Kind::Deadlock, "x");
    assert_eq!(TransactionError::kind(&deadlock().into_error("y")), Some(Kind::Serialization));
    assert_eq!(TransactionError::kind(&Error::new(Code::Usage, "y")), None);
    assert_eq!(TransactionError::kind(&anyhow::Error::new(deadlock()).context("y")), Some(Kind::Deadlock));
    assert_eq!(TransactionError::kind(&anyhow::Error::new(diesel::result::Error::NotFound)), Some(Kind::Other));
    assert_eq!(TransactionError::kind(&anyhow::anyhow!("y")), None);
}
