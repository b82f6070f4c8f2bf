//! The pool: made when it is asked for, its limits and its errors.

use dbtool::config::{Flags, Process, Settings};
use dbtool::context::Context;
use dbtool::output::{Color, Format, Terminal, Verbosity};
use diesel::RunQueryDsl as _;

use crate::support::{Project, on_each_backend};

pub fn with_context(project: &Project, variables: &[(&str, &str)], test: impl FnOnce(&Context<'_>)) {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let process = Process { directory: project.path(""), variables, ..Process::default() };
    let settings =
        Settings::read(process.clone(), Flags { url: Some(project.url.clone()), ..Flags::default() }).unwrap();
    let terminal = Terminal::new(&process, Color::Never, Verbosity::Quiet, false);
    test(&Context::new(settings, &terminal, Format::Table, false, None));
}

#[derive(diesel::QueryableByName)]
struct One {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    one: i32,
}

#[test]
fn connections_come_from_the_pool_and_go_back() {
    on_each_backend(|project| {
        project.ok(&["db", "create"]);
        with_context(
            &project,
            &[("DBTOOL_POOL_MIN", "2"), ("DBTOOL_POOL_MAX", "3"), ("DBTOOL_POOL_ACQUIRE_TIMEOUT", "300ms")],
            |context| {
                let pool = context.pool().unwrap();
                assert_eq!(pool.state(), (2, 2), "the minimum is open");
                let mut connections: Vec<_> = (0..3).map(|_| pool.get().unwrap()).collect();
                for connection in &mut connections {
                    let rows: Vec<One> = diesel::sql_query("SELECT 1 AS one").load(&mut **connection).unwrap();
                    assert_eq!(rows[0].one, 1);
                }
                let Err(error) = pool.get() else { panic!("a fourth connection of three") };
                assert!(error.to_string().contains("3 open, 0 idle"), "{error}");
                assert_eq!(error.exit_code().number(), 8);
                connections.pop();
                pool.get().unwrap();
            },
        );
    });
}

#[test]
fn a_pool_of_a_server_that_is_not_there_fails_with_its_words() {
    let mut project = Project::sqlite();
    project.url = "postgres://127.0.0.1:1/x".into();
    with_context(&project, &[("DBTOOL_RETRY_ATTEMPTS", "1")], |context| {
        let error = context.pool().unwrap_err();
        assert_eq!(error.code().name(), "connect/unreachable");
        assert!(error.cause().unwrap().contains("Connection refused"), "{error:?}");
    });
}

#[test]
fn a_database_in_memory_is_its_one_connection() {
    let mut project = Project::sqlite();
    project.url = "sqlite::memory:".into();
    with_context(&project, &[("DBTOOL_POOL_ACQUIRE_TIMEOUT", "200ms")], |context| {
        let pool = context.pool().unwrap();
        let mut connection = pool.get().unwrap();
        diesel::sql_query("CREATE TABLE a (id INT)").execute(&mut *connection).unwrap();
        drop(connection);
        let mut connection = pool.get().unwrap();
        diesel::sql_query("INSERT INTO a VALUES (1)").execute(&mut *connection).unwrap();
    });
}
