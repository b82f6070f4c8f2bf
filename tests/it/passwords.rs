//! Passwords, on a server of our own that asks for them: the test's server trusts everybody.

use dbtool::backend::Backend;

use crate::private::Private;
use crate::support::Project;

const PASSWORD: &str = "c4n4ry pass'w\\rd";

#[test]
fn a_wrong_password_is_told_at_once_and_a_right_one_works_from_everywhere() {
    let Some(server) = Private::start(Backend::Postgres, PASSWORD, |_| Vec::new()) else { return };
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", server.port);
    let project = Project::sqlite().migration("1_a", "SELECT 1;", "").variable("DATABASE_URL", &url);
    for wrong in [url.clone(), url.replace('@', ":wrong@")] {
        let run = project.expect(8, &["migrate", "up", "--url", &wrong]);
        run.says(&["error[connect/authentication]", "config show"]).says_nothing_of(&["retrying", "wrong@"]);
    }
    let encoded = "c4n4ry%20pass%27w%5Crd";
    project.ok(&["db", "ping", "--url", &url.replace('@', &format!(":{encoded}@"))]).says_nothing_of(&["c4n4ry"]);
    let tls = format!("{}?sslmode=require", url.replace('@', &format!(":{encoded}@")));
    project
        .expect(8, &["db", "ping", "--url", &tls])
        .says(&["error[connect/tls]", "sslmode=disable"])
        .says_nothing_of(&["c4n4ry"]);
    let with = |name: &str, value: &str| Project::sqlite().variable("DATABASE_URL", &url).variable(name, value);
    with("PGPASSWORD", PASSWORD).ok(&["db", "ping"]);
    let parts =
        format!("[env.dev]\nhost = \"127.0.0.1\"\nport = {}\nname = \"postgres\"\nuser = \"postgres\"\n", server.port);
    let kept =
        |line: &str| Project::sqlite().without_variable("DATABASE_URL").file("dbtool.toml", format!("{parts}{line}\n"));
    kept("password = \"${PW}\"").variable("PW", PASSWORD).ok(&["db", "ping"]);
    kept("password_file = \"pw\"").file("pw", format!("{PASSWORD}\n")).ok(&["db", "ping"]);
    kept("password_command = \"cat pw\"").file("pw", PASSWORD).ok(&["db", "ping"]);
    kept("").variable("PGPASSWORD", PASSWORD).ok(&["db", "ping"]);
    let pool = kept("password = \"${PW}\"").variable("PW", "wrong");
    pool.expect(8, &["migrate", "status", "--migrations-dir", "."]).says(&["error[connect/authentication]"]);
}
