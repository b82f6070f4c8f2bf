//! Rows that refer to rows which a CSV of the same run brings, and to rows that are not there yet.

use dbtool::observer::Silent;
use dbtool::seed::{Act, IN_MEMORY, Request};
use diesel::Connection as _;

use crate::seeding::{CITIES, COUNTRIES, HEADER, atlas, seeded, sum, versions};
use crate::seeding_place::{Place, request};
use crate::support::{Project, on_each_backend};

const MANY: &str = "code,name\nNO,Norway\nPE,Peru\nTD,same\nTZ,same\n";

fn cities(rows: &str) -> String {
    format!("key = ['country_id', 'name']\nrows = [\n{rows}]\n")
}

/// Countries of a CSV, whose ids the database gives, and cities of TOML in them.
fn world(project: Project) -> Project {
    let rows = "  { country_id = { ref = 'countries', where = { code = 'NO' } }, name = 'Oslo' },\n  \
                { country_id = { ref = 'countries', where = { name = 'Peru' } }, name = 'Lima' },\n";
    atlas(project)
        .file("seeds/base/many.toml", HEADER)
        .file("seeds/base/many.csv", MANY)
        .file("seeds/base/cities.toml", cities(rows))
}

const TOWNS: &str = "SELECT t.code, c.name FROM cities c JOIN countries t ON t.id = c.country_id ORDER BY 2, 1";

#[test]
fn a_row_is_found_in_a_csv_of_the_same_run() {
    on_each_backend(|project| {
        let project = world(project);
        let plan = project.ok(&["seed", "--plan"]);
        assert!(plan.stdout.contains("  + country_id = (id of a new row of countries), name = Oslo\n"), "{plan}");
        plan.says(&["6 inserted, 0 updated, 0 deleted: this is a plan"]);
        project.expect(3, &["seed", "--check"]);
        assert_eq!(project.query("SELECT count(*) FROM countries"), ["0"]);
        // By its name alone, with what it refers to.
        assert_eq!(sum(&project.json(0, &["seed", "cities"])), "6 0 0 0 0 0");
        assert_eq!(project.query(TOWNS), ["PE|Lima", "NO|Oslo"]);
        let tables = ["countries", "cities", "__dbtool_seed_rows"];
        let before = versions(&project, &tables);
        assert_eq!(seeded(&project), "0 0 6 0 0 0");
        assert_eq!(versions(&project, &tables), before);
        project.ok(&["seed", "--check"]);
        assert_eq!(sum(&project.json(0, &["reseed", "--yes"])), "6 0 0 6 0 0");
        assert_eq!(project.query(TOWNS), ["PE|Lima", "NO|Oslo"]);
        // A new country beside those that are there.
        project.write("seeds/base/many.csv", format!("{MANY}CL,Chile\n"));
        let rows = "  { country_id = { ref = 'countries', where = { code = 'CL' } }, name = 'Oslo' },\n";
        project.write("seeds/base/more.toml", format!("table = 'cities'\n{}", cities(rows)));
        project.expect(3, &["seed", "--check"]);
        assert_eq!(seeded(&project), "2 0 6 0 0 0");
        assert_eq!(project.query(TOWNS), ["PE|Lima", "CL|Oslo", "NO|Oslo"]);
        assert_eq!(seeded(&project), "0 0 8 0 0 0");
    });
}

#[test]
fn what_no_file_has_is_told_with_the_other_faults() {
    on_each_backend(|project| {
        let project = world(project);
        let rows = "  { country_id = { ref = 'countries', where = { code = 'XX' } }, name = 'a' },\n  \
                    { country_id = { ref = 'countries', where = { name = 'same' } }, name = 'b' },\n  \
                    { country_id = '@norway', name = 'c' },\n";
        project.write("seeds/base/cities.toml", cities(rows));
        for args in [&["seed", "--plan"][..], &["seed", "--check"], &["seed"]] {
            project.expect(2, args).says(&[
                "3 faults in the seeds; nothing was written",
                "seeds/base/cities.toml:3:18: `countries` has no row with code = XX (neither in the database nor in a seed of `countries`)",
                "seeds/base/cities.toml:4:18: `countries` has several rows with name = same (`where` must find one row)",
                "no row of `countries` has the label `norway` (rows of a CSV have no labels: `{ ref = \"countries\", where = { … } }` finds one)",
            ]);
        }
        assert_eq!(project.query("SELECT count(*) FROM countries"), ["0"]);
        // A file that comes after all others.
        project.write("seeds/base/many.toml", format!("{HEADER}transaction = 'own'\n"));
        let rows = "  { country_id = { ref = 'countries', where = { code = 'NO' } }, name = 'Oslo' },\n";
        project.write("seeds/base/cities.toml", cities(rows));
        project.expect(2, &["seed"]).says(&[
            "`countries` has no row with code = NO",
            "the seed `many` of `countries` has a transaction of its own, after all others: `dbtool seed many` first",
        ]);
        project.ok(&["seed", "many"]);
        assert_eq!(seeded(&project), "1 0 4 0 0 0");
    });
}

#[test]
fn an_application_finds_them_within_its_own_transaction() {
    on_each_backend(|project| {
        let project = world(project);
        let place = Place::new(&project);
        let mut connection = place.connector.diesel(&Silent).unwrap();
        let inserted = |connection: &mut dbtool::db::AnyConnection, act| {
            place.seed(connection, &Request { act, ..request(IN_MEMORY) }).unwrap().summary.inserted
        };
        place.with(&mut connection, |runner| runner.prepare().unwrap());
        let rolled_back: Result<(), diesel::result::Error> = connection.transaction(|connection| {
            assert_eq!(inserted(connection, Act::Plan), 6);
            assert_eq!(inserted(connection, Act::Run), 6);
            assert_eq!(inserted(connection, Act::Run), 0);
            Err(diesel::result::Error::RollbackTransaction)
        });
        assert_eq!(rolled_back, Err(diesel::result::Error::RollbackTransaction));
        assert_eq!(project.query("SELECT count(*) FROM countries"), ["0"]);
    });
}

/// A tree whose rows come from two files, and things in it.
fn tree(project: Project) -> Project {
    let up = "CREATE TABLE nodes (slug VARCHAR(20) NOT NULL PRIMARY KEY, name VARCHAR(20) NOT NULL, parent VARCHAR(20), \
              CONSTRAINT fk_nodes FOREIGN KEY (parent) REFERENCES nodes (slug));\n\
              CREATE TABLE leaves (id INTEGER NOT NULL PRIMARY KEY, node VARCHAR(20) NOT NULL, other INTEGER, \
              CONSTRAINT fk_leaves FOREIGN KEY (node) REFERENCES nodes (slug), CONSTRAINT fk_other FOREIGN KEY (other) REFERENCES leaves (id));";
    let project = project.migration("1_tree", up, "");
    project.ok(&["migrate", "up"]);
    project.file("seeds/base/nodes.csv", "slug,name\nroot,Root\nstem,Stem\n")
}

#[test]
fn a_row_waits_for_the_file_of_its_own_table() {
    on_each_backend(|project| {
        let project = tree(project).file(
            "seeds/base/twigs.toml",
            "table = 'nodes'\nkey = 'slug'\n[rows.twig]\nslug = 'twig'\nname = 'Twig'\nparent = { ref = 'nodes', where = { name = 'Stem' } }\n",
        );
        project.ok(&["seed", "--plan"]);
        assert_eq!(seeded(&project), "3 0 0 0 0 0");
        assert_eq!(project.query("SELECT parent FROM nodes WHERE slug = 'twig'"), ["stem"]);
        let before = versions(&project, &["nodes", "__dbtool_seed_rows"]);
        assert_eq!(seeded(&project), "0 0 3 0 0 0");
        assert_eq!(versions(&project, &["nodes", "__dbtool_seed_rows"]), before);
        // One that is there hangs on one that is not yet.
        project.write("seeds/base/nodes.csv", "slug,name\nroot,Root\nstem,Stem\nbough,Bough\n");
        let twigs = std::fs::read_to_string(project.path("seeds/base/twigs.toml")).unwrap();
        project.write("seeds/base/twigs.toml", twigs.replace("Stem", "Bough"));
        let plan = project.ok(&["seed", "--plan"]);
        assert!(plan.stdout.contains("parent: stem → (slug of a new row of nodes)"), "{plan}");
        assert_eq!(seeded(&project), "1 1 2 0 0 0");
        assert_eq!(project.query("SELECT parent FROM nodes WHERE slug = 'twig'"), ["bough"]);
        let before = versions(&project, &["nodes", "__dbtool_seed_rows"]);
        assert_eq!(seeded(&project), "0 0 4 0 0 0");
        assert_eq!(versions(&project, &["nodes", "__dbtool_seed_rows"]), before);
    });
}

#[test]
fn what_a_row_lacks_because_another_was_left_out_is_told() {
    on_each_backend(|project| {
        let project = tree(project).file(
            "seeds/base/twigs.toml",
            "table = 'nodes'\nkey = 'slug'\nrows = [{ slug = 'twig', name = 'Twig', parent = { ref = 'nodes', where = { slug = 'root' } } }]\n",
        );
        project.write("seeds/base/nodes.csv", "slug,name\nroot,\nstem,Stem\n");
        let run = project.json(11, &["seed", "--on-error", "quarantine"]);
        assert_eq!(run["summary"]["inserted"], 2, "{run}");
        assert_eq!(project.query("SELECT slug, parent FROM nodes ORDER BY slug"), ["stem|", "twig|"]);
        let rejects = std::fs::read_to_string(project.path("seed-rejects.jsonl")).unwrap();
        assert!(rejects.contains("`nodes.parent` is left empty: the row that it refers to was left out"), "{rejects}");
        assert!(rejects.contains("seeds/base/twigs.toml"), "{rejects}");
        // Mended, the next run brings both.
        project.write("seeds/base/nodes.csv", "slug,name\nroot,Root\nstem,Stem\n");
        assert_eq!(seeded(&project), "1 1 1 0 0 0");
        assert_eq!(project.query("SELECT parent FROM nodes WHERE slug = 'twig'"), ["root"]);
    });
}

#[test]
fn a_literal_parent_may_come_with_the_same_run() {
    on_each_backend(|project| {
        let leaves = |rows: &str| format!("key = 'id'\nrows = [\n{rows}]\n");
        let project = tree(project);
        // Text from a CSV, and a number from the file itself.
        project.write(
            "seeds/base/leaves.toml",
            leaves("  { id = 1, node = 'stem' },\n  { id = 2, node = { ref = 'nodes', where = { name = 'Root' }, column = 'slug' }, other = 1 },\n"),
        );
        let plan = project.ok(&["seed", "--plan"]);
        assert!(plan.stdout.contains("node: root\n"), "{plan}");
        project.write("seeds/base/leaves.toml", leaves("  { id = 1, node = 'stem' },\n  { id = 2, node = 'stme' },\n"));
        for args in [&["seed", "--plan"][..], &["seed"]] {
            project.expect(2, args).says(&[
                "`leaves.node` is `stme`, and `nodes` has no row with this `slug`",
                "seeds/base/leaves.toml:4:",
            ]);
        }
        project.write(
            "seeds/base/leaves.toml",
            leaves("  { id = 1, node = 'stem' },\n  { id = 2, node = 'root', other = 1 },\n"),
        );
        assert_eq!(seeded(&project), "4 0 0 0 0 0");
        assert_eq!(seeded(&project), "0 0 4 0 0 0");
    });
}

#[test]
fn rows_of_the_same_name_under_different_new_parents_are_two() {
    on_each_backend(|project| {
        let project = atlas(project).file("seeds/base/countries.toml", COUNTRIES);
        project.write("seeds/base/cities.toml", CITIES.replace("Lima", "Oslo"));
        let plan = project.ok(&["seed", "--plan"]);
        let row = "  + country_id = (id of a new row of countries), name = Oslo\n";
        assert_eq!(plan.stdout.matches(row).count(), 2, "{plan}");
        assert_eq!(seeded(&project), "4 0 0 0 0 0");
        assert_eq!(
            project.query("SELECT c.name, t.name FROM cities c JOIN countries t ON t.id = c.country_id ORDER BY 2"),
            ["Oslo|Norway", "Oslo|Peru"]
        );
        assert_eq!(seeded(&project), "0 0 4 0 0 0");
        // The same parent twice is still told.
        project.ok(&["reseed", "--yes", "--all-rows"]);
        for table in ["cities", "countries", "__dbtool_seed_rows"] {
            project.session().execute(&format!("DELETE FROM {table}")).unwrap();
        }
        project.write("seeds/base/cities.toml", CITIES.replace("@peru", "@norway").replace("Lima", "Oslo"));
        project.expect(2, &["seed"]).says(&[
            "`cities` has this row twice: country_id = (id of a new row of countries), name = Oslo",
            "seeds/base/cities.toml:4:",
        ]);
    });
}

/// A reference that one row of the database answers, and another one of a file in the same run, has two answers at once.
#[test]
fn a_row_of_the_database_and_one_of_a_file_are_two() {
    on_each_backend(|project| {
        let rows = "  { country_id = { ref = 'countries', where = { name = 'Peru' } }, name = 'Lima' },\n";
        let project = atlas(project)
            .file("seeds/base/many.toml", HEADER)
            .file("seeds/base/many.csv", "code,name\nPE,Peru\nNO,Norway\n")
            .file("seeds/base/cities.toml", cities(rows));
        assert_eq!(seeded(&project), "3 0 0 0 0 0");
        // The same row in both is one.
        assert_eq!(seeded(&project), "0 0 3 0 0 0");
        let refused = |text: &str| {
            project.write("seeds/base/many.csv", text);
            for args in [&["seed", "--plan"][..], &["seed", "--check"], &["seed"]] {
                project.expect(2, args).says(&[
                    "error[seed/file]: `countries` has several rows with name = Peru",
                    "seeds/base/cities.toml:3:18",
                    "`where` must find one row",
                ]);
            }
            assert_eq!(project.query("SELECT code, name FROM countries ORDER BY code"), ["NO|Norway", "PE|Peru"]);
        };
        refused("code,name\nPE,Peru\nNO,Norway\nQQ,Peru\n");
        // A row that is there, and gets the name only now.
        refused("code,name\nPE,Peru\nNO,Peru\n");
        // What somebody else called it stays, and so it is none.
        project.write("seeds/base/many.csv", "code,name\nPE,Peru\nNO,Norway\nQQ,other\n");
        assert_eq!(seeded(&project), "1 0 3 0 0 0");
        project.write("seeds/base/cities.toml", cities(&rows.replace("Peru", "Norway")));
        project.session().execute("UPDATE countries SET name = 'Norway' WHERE code = 'QQ'").unwrap();
        project.session().execute("UPDATE countries SET name = 'mine' WHERE code = 'NO'").unwrap();
        let report = project.json(0, &["seed"]);
        assert_eq!(sum(&report), "1 0 3 0 2 0", "{report}");
    });
}
