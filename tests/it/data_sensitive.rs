//! What is sensitive, where the database speaks of it: keys in events, and the server's own words.

use dbtool::backend::Backend;

use crate::data::stocked;
use crate::support::on_each_backend;

#[test]
fn a_sensitive_key_is_masked_in_events() {
    on_each_backend(|project| {
        let project = stocked(project);
        project
            .session()
            .execute("CREATE TABLE secrets (token varchar(30) NOT NULL PRIMARY KEY, pin integer CHECK (pin < 100))")
            .unwrap();
        let project = project.file("dbtool.toml", "[columns]\nsensitive = [\"secrets.token\", \"countries.code\"]\n");
        project.ok(&["data", "create", "secrets", "token=TOPSECRET-1", "pin=1"]);
        project.expect(11, &["data", "update", "secrets", "TOPSECRET-1", "pin=9999"]).says_nothing_of(&["TOPSECRET"]);
        project.ok(&["data", "update", "secrets", "TOPSECRET-1", "pin=2"]);
        project.ok(&["data", "delete", "secrets", "TOPSECRET-1"]);
        for format in ["table", "json"] {
            let told = project.ok(&["audit", "list", "--entity", "secrets", "-o", format]);
            told.says_nothing_of(&["TOPSECRET"]);
        }
        let ids = project.query("SELECT entity_id FROM audit_events WHERE entity = 'secrets' ORDER BY occurred_at");
        assert_eq!(ids, ["***"; 4], "{}", project.backend);
        // Of a table with a model likewise.
        project.ok(&["data", "create", "countries", "code=QX", "name=Nowhere"]);
        let ids = project.query("SELECT entity_id FROM audit_events WHERE entity = 'countries' AND action = 'create'");
        assert_eq!(ids, ["***"], "{}", project.backend);
    });
}

#[test]
fn a_server_tells_no_sensitive_value_in_another_form() {
    on_each_backend(|project| {
        let project = stocked(project);
        let stamp = project.by_backend("text", "timestamp", "timestamp");
        project
            .session()
            .execute(&format!(
                "CREATE TABLE vals (id integer NOT NULL PRIMARY KEY, amt decimal(10, 2), ts {stamp} NULL, n integer)"
            ))
            .unwrap();
        let says = project.by_backend(
            "CREATE TRIGGER tells BEFORE UPDATE ON vals BEGIN SELECT RAISE(ABORT, 'no 4712.50'); END",
            "CREATE FUNCTION tells() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             RAISE EXCEPTION 'no %', NEW.amt USING DETAIL = 'it is ' || NEW.amt; END $$; \
             CREATE TRIGGER tells BEFORE UPDATE ON vals FOR EACH ROW EXECUTE FUNCTION tells()",
            "CREATE TRIGGER tells BEFORE UPDATE ON vals FOR EACH ROW BEGIN DECLARE words varchar(50); \
             SET words = concat('no ', NEW.amt); SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = words; END",
        );
        project.session().execute(says).unwrap();
        let project = project.file("dbtool.toml", "[columns]\nsensitive = [\"vals.amt\", \"vals.ts\"]\n");
        project.ok(&["data", "create", "vals", "id=1", "amt=4712.5"]);
        let refused = [
            project.expect(11, &["data", "update", "vals", "1", "amt=4712.5", "n=1"]),
            project.expect(11, &["data", "update", "vals", "1", "n=2"]),
            project.expect(11, &["data", "update", "vals", "--all", "n=3"]),
        ];
        for run in &refused {
            run.says_nothing_of(&["4712.5"]).says(&["what the server says is not shown", "`vals.amt`"]);
        }
        let told = project.ok(&["audit", "list", "--entity", "vals", "-o", "json"]);
        told.says_nothing_of(&["4712.5"]);
        // The server writes a moment otherwise than it was typed.
        if project.backend == Backend::Mysql {
            let run = project.expect(11, &["data", "create", "vals", "id=2", "ts=1970-01-01T00:00:00Z"]);
            run.says_nothing_of(&["1970"]).says(&["`vals.ts`", "data"]);
        }
        if project.backend == Backend::Postgres {
            for words in [&["list"][..], &["count"], &["aggregate"]] {
                let args = [&["data"][..], words, &["vals", "ts=-0001-01-01T00:00:00Z"]].concat();
                project.expect(2, &args).says_nothing_of(&["0001-01-01T", "0001-01-01 "]);
            }
        }
        // Where nothing is sensitive, the server's words are the best that there is.
        let plain = project.file("dbtool.toml", "");
        plain.expect(11, &["data", "update", "vals", "1", "n=2"]).says(&["no 4712.5"]);
    });
}
