//! What is wrong with seeds of TOML and JSON, and what the database refuses of their rows.

use crate::seeding::{atlas, shop, sum};
use crate::support::{Project, on_each_backend};

#[test]
fn every_fault_of_the_files_is_told_at_once() {
    on_each_backend(|project| {
        let project = atlas(project)
            .file(
                "seeds/base/countries.toml",
                "key = 'code'\n\n[rows.norway]\ncode = 'NOR'\nname = 'Norway'\narea = 1.234\n\n[rows.peru]\ncode = 'PE'\nname = 7\n\n[rows.twice]\ncode = 'PE'\nname = 'Peru'\n\n[rows.none]\ncode = 'XX'\n",
            )
            .file("seeds/base/cities.toml", "key = ['country_id', 'name']\n[[rows]]\ncountry_id = '@nroway'\nname = 'Oslo'\n[[rows]]\ncountry_id = 17\nname = 'Lost'\n");
        let run = project.expect(2, &["seed"]);
        run.says(&[
            "seeds/base/countries.toml:4:8: `countries.code` takes 2 characters, and `NOR` has 3",
            "seeds/base/countries.toml:6:8: `countries.area` takes 2 places behind the point, and `1.234` has 3",
            "seeds/base/countries.toml:10:8: `countries.name` takes text, and `7` is a number: put it in quotes",
            "`countries` has this row twice: code = PE",
            "`countries.name` has no value, and must have one",
            "no row of `countries` has the label `nroway` (did you mean `norway`?)",
            "`cities.country_id` is `17`, and `countries` has no row with this `id`",
            "nothing was written",
        ]);
        assert_eq!(project.query("SELECT count(*) FROM countries"), ["0"]);
        let project = project
            .file("seeds/base/cities.toml", "tabel = 'cities'\nkye = 'name'\n")
            .file("seeds/base/countries.toml", "key = 'name'\n[[rows]]\nname = 'a'\ncodee = 'b'\n");
        project.expect(2, &["seed"]).says(&[
            "seeds/base/cities.toml:1:1: a seed file has no `tabel` (did you mean `table`?)",
            "seeds/base/cities.toml:2:1",
        ]);
        std::fs::remove_file(project.path("seeds/base/cities.toml")).unwrap();
        let run = project.expect(2, &["seed"]);
        run.says(&[
            "`countries` has no column `codee` (did you mean `code`?)",
            "`name` is no key of `countries`: two rows could have the same",
        ]);
        run.says(&["the keys of `countries` are: `id`; `code`"]);
    });
}

#[test]
fn a_row_that_the_database_refuses_leaves_nothing() {
    on_each_backend(|project| {
        let check = "CREATE TABLE places (code VARCHAR(2) NOT NULL PRIMARY KEY, name VARCHAR(20) NOT NULL CHECK (name <> 'no'));";
        let project = project.migration("1_a", check, "");
        project.ok(&["migrate", "up"]);
        let rows: String = (10..60)
            .map(|number| format!("{{ code = '{number}', name = '{}' }},\n", if number == 42 { "no" } else { "yes" }))
            .collect();
        project.write("seeds/base/places.toml", format!("key = 'code'\nrows = [\n{rows}]\n"));
        let run = project.expect(11, &["seed"]);
        run.says(&[
            "error[seed/rejected]: `places` does not take this row",
            "seeds/base/places.toml:35:",
            "nothing was written",
        ]);
        assert_eq!(project.query("SELECT count(*) FROM places"), ["0"]);
        let run = project.json(11, &["seed", "--on-error", "quarantine"]);
        assert_eq!(sum(&run), "49 0 0 0 0 1");
        assert_eq!(
            (&run["rejects"][0]["file"], &run["rejects"][0]["line"]),
            (&"seeds/base/places.toml".into(), &35.into()),
            "{run}"
        );
        let listed = std::fs::read_to_string(project.path("seed-rejects.jsonl")).unwrap();
        assert!(listed.contains("name = 'no'") && listed.lines().count() == 1, "{listed}");
        assert_eq!(project.query("SELECT count(*) FROM places"), ["49"]);
    });
}

#[test]
fn what_is_sensitive_is_in_no_error_and_no_plan() {
    on_each_backend(|project| {
        let project = shop(project);
        project.write("seeds/dev/users.toml", "key = 'email'\nrows = [{ email = 'eve@example.com', first_name = 'E', last_name = 'O', password_hash = 'S3cret' }]\n");
        for entry in ["orders", "order_items", "user_profiles"] {
            std::fs::remove_file(project.path(&format!("seeds/dev/{entry}.toml"))).unwrap();
        }
        let project = project.variable("DBTOOL_SEED_ADMIN_PASSWORD", "S3cret-too");
        let run = project.expect(2, &["seed"]);
        run.says(&["`users.password_hash` is not the PHC string", "seeds/dev/users.toml:2:"])
            .says_nothing_of(&["S3cret"]);
        project.write("seeds/dev/users.toml", "key = 'email'\nrows = [{ email = 'eve@example.com', first_name = 'E', last_name = 'O', password_hash = { hash = 'argon2id', text = 'S3cret' }, role = 'customer' }]\n");
        project.ok(&["seed", "--plan"]).says_nothing_of(&["S3cret", "$argon2id"]);
        project.ok(&["seed"]).says_nothing_of(&["S3cret", "$argon2id"]);
        let ledger = project.query("SELECT row_key, written FROM __dbtool_seed_rows").join(" ");
        assert!(!ledger.contains("argon2"), "{ledger}");
    });
}

#[test]
fn what_cannot_be_read_shows_no_value() {
    let project = shop(Project::sqlite());
    for (file, text) in [
        ("seeds/dev/users.toml", "[rows.eve]\npassword_hash = \"S3cret\nfirst_name = 'E'\n"),
        ("seeds/dev/users.toml", "rows = [\n  { email = 'e', password_hash = 'S3cret', first_name = },\n]\n"),
        ("seeds/dev/users.json", "{ \"rows\": [{ \"password_hash\": \"S3cret\", \"first_name\" \"E\" }] }\n"),
    ] {
        project.write("seeds/dev/users.toml", "rows = []\n");
        project.write(file, text);
        project.expect(2, &["seed"]).says(&["error[seed/file]", file]).says_nothing_of(&["S3cret"]);
        let _ = std::fs::remove_file(project.path("seeds/dev/users.json"));
    }
    // A row that is looked for by what must not be shown.
    project.write("seeds/dev/users.toml", "rows = []\n");
    project.write(
        "seeds/dev/orders.toml",
        "[[rows]]\nnumber = 'X-1'\nuser_id = { ref = 'users', where = { password_hash = 'S3cret' } }\n",
    );
    project
        .expect(2, &["seed", "orders"])
        .says(&["error[seed/file]", "seeds/dev/orders.toml"])
        .says_nothing_of(&["S3cret"]);
}
