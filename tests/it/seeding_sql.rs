//! SQL among the seeds.

use crate::seeding::atlas;
use crate::support::on_each_backend;

#[test]
fn sql_is_run_once_and_again_where_it_says_so() {
    on_each_backend(|project| {
        let project = atlas(project).file(
            "seeds/base/more.sql",
            "INSERT INTO countries (code, name) VALUES ('NO', 'a;b');\nUPDATE countries SET note = 'x';\n",
        );
        let run = project.expect(3, &["seed", "--check"]);
        assert!(run.stdout.contains("  > file = seeds/base/more.sql"), "{run}");
        project.ok(&["seed"]);
        project.ok(&["seed", "--check"]);
        project.write("seeds/base/more.sql", "INSERT INTO countries (code, name) VALUES ('PE', 'again');\n");
        project.ok(&["seed"]).says(&[
            "`seeds/base/more.sql` was changed since it was run, and is not run again",
            "`on_change = true` in `seeds/base/more.toml`",
        ]);
        project.write("seeds/base/more.toml", "on_change = true\n");
        project.ok(&["seed"]);
        assert_eq!(project.query("SELECT code, name FROM countries ORDER BY code"), ["NO|a;b", "PE|again"]);
        project.write(
            "seeds/base/more.sql",
            "INSERT INTO countries (code, name) VALUES ('TD', 'Chad');\nINSERT INTO nowhere VALUES (1);\n",
        );
        project.expect(11, &["seed"]).says(&[
            "a statement of `seeds/base/more.sql` failed",
            "seeds/base/more.sql:2:1",
            "nothing was written",
        ]);
        assert_eq!(project.query("SELECT count(*) FROM countries"), ["2"]);
        project.write("seeds/base/more.sql", "COMMIT;\n");
        project.expect(2, &["seed"]).says(&["cannot begin or end one", "seeds/base/more.sql:1:1"]);
        // Where a change of the schema commits, it would take the other seeds along.
        project.write("seeds/base/more.sql", "CREATE TABLE other (id INTEGER);\nINSERT INTO nowhere VALUES (1);\n");
        match project.by_backend(11, 11, 2) {
            2 => project.expect(2, &["seed"]).says(&["would commit", "seeds/base/more.sql:1:1", "migrate new"]),
            code => project.expect(code, &["seed"]).says(&["nothing was written"]),
        };
        assert_eq!(project.query(project.by_backend("SELECT count(*) FROM sqlite_master WHERE name = 'other'", "SELECT count(*) FROM pg_class WHERE relname = 'other'", "SELECT count(*) FROM information_schema.tables WHERE table_name = 'other' AND table_schema = DATABASE()")), ["0"]);
    });
}

#[test]
fn sql_asks_in_a_protected_environment() {
    on_each_backend(|project| {
        let project = atlas(project).file("seeds/base/more.sql", "DELETE FROM countries;\n");
        project.write("dbtool.toml", "[env.prod]\nurl = \"${DATABASE_URL}\"\nprotected = true\n");
        project.ok(&["--env", "prod", "seed", "--plan"]);
        let run = project.expect(9, &["--env", "prod", "seed"]);
        run.says(&["the environment `prod` is protected", "--confirm prod"]);
        project.ok(&["--env", "prod", "--confirm", "prod", "seed"]);
    });
}
