//! CSV seeds: what is done with them, what is wrong with their rows, and how it is told.

use dbtool::observer::Silent;
use dbtool::seed::IN_MEMORY;
use diesel::Connection as _;

use crate::seeding::{HEADER, atlas, seeded, sum, versions};
use crate::seeding_place::{Place, request};
use crate::support::{Project, on_each_backend};

/// Lands, and towns that refer to them.
fn globe(project: Project) -> Project {
    let up = "CREATE TABLE lands (code VARCHAR(2) NOT NULL PRIMARY KEY, name VARCHAR(20) NOT NULL, area DECIMAL(8, 2), \
              CONSTRAINT ck_lands_area CHECK (area > 0));\n\
              CREATE TABLE towns (id INTEGER NOT NULL PRIMARY KEY, country VARCHAR(2) NOT NULL, name VARCHAR(20) NOT NULL, \
              CONSTRAINT uq_towns_name UNIQUE (name), CONSTRAINT fk_towns FOREIGN KEY (country) REFERENCES lands (code));";
    let project = project.migration("1_globe", up, "");
    project.ok(&["migrate", "up"]);
    project
}

/// Whether the table has a row already decides which way the file takes.
const OTHERS: [&str; 2] = ["", "INSERT INTO lands (code, name) VALUES ('XX', 'mine')"];

#[test]
fn every_row_that_is_refused_is_told_with_its_column() {
    on_each_backend(|project| {
        let project = globe(project);
        for others in OTHERS {
            if !others.is_empty() {
                project.session().execute(others).unwrap();
            }
            project.write(
                "seeds/base/lands.csv",
                "code,name,area\nNO,Norway,385.2\nPE,,1285.2\nTD,Chad,-1\nBO,Bolivia,1098.5\nCL,Chile,wide\n",
            );
            let run = project.expect(11, &["seed"]);
            run.says(&[
                "error[seed/rejected]: 3 rows of `seeds/base/lands.csv` cannot be written",
                "--> seeds/base/lands.csv:3:1",
                "line 3: `lands` does not take this row: `name` is `NULL`",
                "line 4: `lands` does not take this row: `area` is `-1`",
                "line 6: `lands` does not take this row: `area` is `wide`",
                "nothing was written",
            ]);
            let run = project.json(11, &["seed", "--on-error", "quarantine"]);
            assert_eq!((&run["summary"]["inserted"], &run["summary"]["rejected"]), (&2.into(), &3.into()), "{run}");
            let rejects = project.query("SELECT code FROM lands WHERE code <> 'XX' ORDER BY code");
            assert_eq!(rejects, ["BO", "NO"]);
            for table in ["lands", "__dbtool_seed_files", "__dbtool_seed_rows"] {
                project.session().execute(&format!("DELETE FROM {table}")).unwrap();
            }
        }
    });
}

#[test]
fn a_file_of_nothing_but_faults_is_given_up_early() {
    on_each_backend(|project| {
        let project = globe(project);
        for others in OTHERS {
            if !others.is_empty() {
                project.session().execute(others).unwrap();
            }
            let rows: String =
                ('A'..='Z').flat_map(|one| ('A'..='Z').map(move |two| format!("{one}{two},\n"))).collect();
            project.write("seeds/base/lands.csv", format!("code,name\n{rows}"));
            let run = project.expect(11, &["seed"]);
            run.says(&["at least 20 rows of `seeds/base/lands.csv` cannot be written"]);
            assert_eq!(run.stderr.matches("does not take this row").count(), 20, "{run}");
        }
    });
}

#[test]
fn keys_that_stand_twice_and_parents_that_are_missing_are_told_together() {
    on_each_backend(|project| {
        let project = globe(project).file("seeds/base/lands.csv", "code,name\nNO,Norway\n");
        project.session().execute("INSERT INTO lands (code, name) VALUES ('XX', 'mine')").unwrap();
        project.session().execute("INSERT INTO towns (id, country, name) VALUES (9, 'XX', 'mine')").unwrap();
        project.write("seeds/base/towns.csv", "id,country,name\n1,NO,a\n2,ZZ,b\n3,NO,c\n4,YY,d\n");
        project.expect(11, &["seed"]).says(&[
            "2 rows of `seeds/base/towns.csv` cannot be written",
            "line 3: `towns.country` is `ZZ`, and `lands` has no row with this `code`",
            "line 5: `towns.country` is `YY`",
        ]);
        assert_eq!(project.query("SELECT count(*) FROM lands"), ["1"]);
        project.write("seeds/base/towns.csv", "id,country,name\n1,NO,a\n1,NO,b\n3,NO,c\n3,NO,d\n");
        project.expect(2, &["seed"]).says(&[
            "2 rows of `seeds/base/towns.csv` cannot be written",
            "line 3: `towns` has a row with the same id twice: the other one stands in line 2",
            "line 5: `towns` has a row with the same id twice: the other one stands in line 4",
        ]);
        // What can be written is, when that is asked for.
        project.write("seeds/base/towns.csv", "id,country,name\n1,NO,a\n2,ZZ,b\n3,NO,mine\n");
        let run = project.json(11, &["seed", "--on-error", "quarantine"]);
        assert_eq!(run["summary"]["rejected"], 2, "{run}");
        assert_eq!(
            run["rejects"]
                .as_array()
                .unwrap()
                .iter()
                .map(|reject| reject["message"].as_str().unwrap())
                .collect::<Vec<_>>(),
            [
                "`towns.country` is `ZZ`, and `lands` has no row with this `code`",
                "`towns` does not take this row: `name` is `mine`"
            ]
        );
        assert_eq!(project.query("SELECT id FROM towns ORDER BY id"), ["1", "9"]);
    });
}

#[test]
fn a_plan_knows_of_the_parents_that_it_would_write() {
    on_each_backend(|project| {
        let project = globe(project).file("seeds/base/lands.csv", "code,name\nNO,Norway\n");
        project.ok(&["seed"]);
        project.write("seeds/base/towns.csv", "id,country,name\n1,NO,Oslo\n");
        project.ok(&["seed"]);
        // A new country, and a city in it, beside rows that are there.
        project.write("seeds/base/lands.csv", "code,name\nNO,Norway\nPE,Peru\n");
        project.write("seeds/base/towns.csv", "id,country,name\n1,NO,Oslo\n2,PE,Lima\n");
        let plan = project.json(0, &["seed", "--plan"]);
        assert_eq!((&plan["summary"]["inserted"], &plan["summary"]["unchanged"]), (&2.into(), &2.into()), "{plan}");
        project.expect(3, &["seed", "--check"]);
        project.ok(&["seed"]);
        project.ok(&["seed", "--check"]);
    });
}

#[test]
fn a_csv_file_is_compared_and_written_as_a_whole() {
    on_each_backend(|project| {
        let project = atlas(project).file("seeds/base/many.toml", HEADER);
        let letter = |at: usize| ('A'..='Z').nth(at).unwrap();
        let lines = |count: usize, name: &str| -> String {
            let line = |at: usize| format!("{}{},{name},{at}.5,\n", letter(at / 26), letter(at % 26));
            std::iter::once("code,name,area,note\n".to_owned()).chain((0..count).map(line)).collect()
        };
        project.write("seeds/base/many.csv", lines(50, "first"));
        assert_eq!(sum(&project.json(0, &["seed", "--plan"])), "50 0 0 0 0 0");
        assert_eq!(seeded(&project), "50 0 0 0 0 0");
        assert_eq!(project.query("SELECT count(*) FROM countries WHERE note IS NULL AND area = 7.5"), ["1"]);
        let before = versions(&project, &["countries"]);
        assert_eq!(seeded(&project), "0 0 50 0 0 0");
        assert_eq!(versions(&project, &["countries"]), before);
        project.ok(&["seed", "--check"]);
        // An edit is kept as long as the file is as it was; a row of somebody's own is nobody's business.
        project.session().execute("UPDATE countries SET name = 'edited' WHERE code = 'AA'").unwrap();
        project.session().execute("INSERT INTO countries (code, name) VALUES ('ZZ', 'mine')").unwrap();
        assert_eq!(seeded(&project), "0 0 50 0 1 0");
        project.write("seeds/base/many.csv", lines(60, "first"));
        assert_eq!(seeded(&project), "10 1 49 0 0 0");
        project.ok(&["reseed", "--yes"]);
        assert_eq!(project.query("SELECT count(*) FROM countries"), ["61"]);
        // What was there before the file is updated, and never deleted with it.
        project.ok(&["reseed", "--yes"]);
        project.session().execute("DELETE FROM __dbtool_seed_files WHERE seed = 'many'").unwrap();
        project.session().execute("UPDATE countries SET name = 'before' WHERE code <> 'AB'").unwrap();
        assert_eq!(seeded(&project), "0 59 1 0 0 0");
        assert_eq!(project.query("SELECT count(*) FROM countries WHERE name = 'first'"), ["60"]);
        project.write("seeds/base/many.csv", "code,name,area,note\nQQ,new,,\n");
        assert_eq!(seeded(&project), "1 0 0 0 0 0");
        project.ok(&["reseed", "--yes"]);
        assert_eq!(project.query("SELECT count(*) FROM countries"), ["62"]);
    });
}

#[test]
fn a_bad_row_of_a_csv_file_is_named() {
    on_each_backend(|project| {
        let project = atlas(project).file("seeds/base/many.toml", HEADER);
        let rejected = |code: i32, text: &str, says: &[&str]| {
            project.write("seeds/base/many.csv", text);
            let run = project.expect(code, &["seed"]);
            run.says(says);
        };
        rejected(
            2,
            "code,nmae\nNO,Norway\n",
            &["`countries` has no column `nmae`", "did you mean `name`?", "seeds/base/many.csv:1:1"],
        );
        rejected(
            2,
            "code,name,name\nNO,Norway,Noreg\n",
            &[
                "error[seed/file]: the header names `name` twice: as column 2 and as column 3",
                "seeds/base/many.csv:1:1",
                "take one of them out",
            ],
        );
        rejected(2, "name\nNorway\n", &["`code` is no key of `countries`, or not in the file"]);
        rejected(
            11,
            "code,name\nNO,Norway\nPE,\n",
            &[
                "error[seed/rejected]: `countries` does not take this row",
                "seeds/base/many.csv:3:1",
                "nothing was written",
            ],
        );
        assert_eq!(project.query("SELECT count(*) FROM countries"), ["0"]);
        project.session().execute("INSERT INTO countries (code, name) VALUES ('XX', 'mine')").unwrap();
        rejected(
            2,
            "code,name\nNO,Norway\nPE,Peru\nNO,Noreg\n",
            &[
                "`countries` has a row with the same code twice",
                "seeds/base/many.csv:4:1",
                "the other one stands in line 2",
            ],
        );
        rejected(11, "code,name\nNO,Norway\nPE,\nTD,Chad\n", &["seeds/base/many.csv:3:1", "nothing was written"]);
        assert_eq!(project.query("SELECT code FROM countries"), ["XX"]);
        let run = project.json(11, &["seed", "--on-error", "quarantine"]);
        assert_eq!(run["summary"]["rejected"], 1, "{run}");
        assert_eq!(
            (&run["rejects"][0]["file"], &run["rejects"][0]["line"]),
            (&"seeds/base/many.csv".into(), &3.into()),
            "{run}"
        );
        assert_eq!(project.query("SELECT code FROM countries ORDER BY code"), ["NO", "TD", "XX"]);
        // A parent that is missing is found by set.
        project.write("seeds/base/towns.toml", "table = 'cities'\n");
        project.write("seeds/base/many.csv", "code,name\nNO,Norway\n");
        project
            .session()
            .execute("INSERT INTO cities (country_id, name) SELECT id, 'Oslo' FROM countries WHERE code = 'NO'")
            .unwrap();
        let norway = project.query("SELECT id FROM countries WHERE code = 'NO'").remove(0);
        project.write("seeds/base/towns.csv", format!("country_id,name\n{norway},a\n999,b\n"));
        let run = project.expect(11, &["seed"]);
        run.says(&[
            "`cities.country_id` is `999`, and `countries` has no row with this `id`",
            "seeds/base/towns.csv:3:1",
        ]);
    });
}

#[test]
fn one_bad_row_in_a_hundred_thousand_leaves_nothing() {
    on_each_backend(|project| {
        let up =
            "CREATE TABLE lots (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20) NOT NULL CHECK (name <> 'bad'));";
        let project = project.migration("1_a", up, "");
        project.ok(&["migrate", "up"]);
        let row = |id: usize| format!("{id},{}\n", if id == 70_001 { "bad" } else { "good" });
        let rows: String = (1..=100_000).map(row).collect();
        project.write("seeds/base/lots.csv", format!("id,name\n{rows}"));
        for others in ["", "INSERT INTO lots VALUES (0, 'mine'), (5, 'mine')"] {
            if !others.is_empty() {
                project.session().execute(others).unwrap();
            }
            let run = project.expect(11, &["seed"]);
            run.says(&[
                "error[seed/rejected]: `lots` does not take this row",
                "seeds/base/lots.csv:70002:1",
                "70001,bad",
                "nothing was written",
            ]);
            assert_eq!(project.query("SELECT count(*) FROM lots"), [if others.is_empty() { "0" } else { "2" }]);
        }
        assert_eq!(sum(&project.json(11, &["seed", "--on-error", "quarantine"])), "99998 1 0 0 0 1");
        assert_eq!(project.query("SELECT count(*) FROM lots"), ["100000"]);
    });
}

#[test]
fn a_file_with_a_transaction_of_its_own_stays_when_another_fails() {
    on_each_backend(|project| {
        let alone = format!("{HEADER}transaction = 'own'\n");
        let project = atlas(project)
            .file("seeds/base/a.toml", &alone)
            .file("seeds/base/a.csv", "code,name\nNO,Norway\n")
            .file("seeds/base/b.toml", &alone)
            .file("seeds/base/b.csv", "code,name\nPE,\n");
        project.expect(11, &["seed"]).says(&["seeds/base/b.csv:2:1", "the seeds before it are written"]);
        assert_eq!(project.query("SELECT code FROM countries"), ["NO"]);
        project.write("seeds/base/b.csv", "code,name\nPE,Peru\n");
        assert_eq!(seeded(&project), "1 0 1 0 0 0");
    });
}

/// What a run refuses, its plan and its check refuse as well, in the same words.
fn refused_alike(project: &Project, code: i32, says: &[&str]) {
    let told = [&["seed", "--plan"][..], &["seed", "--check"], &["seed"]].map(|args| {
        let run = project.expect(code, args);
        run.says(says);
        run.stderr
    });
    assert!(told[0] == told[1], "{}\n{}", told[0], told[1]);
    // Only the server's own words of the rule are the run's alone.
    let ours = |text: &str| -> Vec<String> {
        let lines =
            text.lines().filter(|line| line.starts_with("error") || line.contains("line ") || line.contains("-->"));
        lines.map(|line| line.split(": the ").next().unwrap().to_owned()).collect()
    };
    assert_eq!(ours(&told[0]), ours(&told[2]), "{}", project.backend);
}

#[test]
fn a_plan_tells_what_the_run_would_refuse() {
    on_each_backend(|project| {
        let project = globe(project);
        for others in OTHERS {
            if !others.is_empty() {
                project.session().execute(others).unwrap();
            }
            let lands = |text: &str| project.write("seeds/base/lands.csv", text);
            let _ = std::fs::remove_file(project.path("seeds/base/towns.csv"));
            lands("code,name\nNO,Norway\nPE,Peru\nNO,Noreg\n");
            refused_alike(
                &project,
                2,
                &[
                    "`lands` has a row with the same code twice",
                    "the other one stands in line 2",
                    "seeds/base/lands.csv:4:1",
                ],
            );
            lands("code,name,area\nNO,Norway,385.2\nPE,,1285.2\nTD,Chad,-1\nCL,Chile,wide\n");
            refused_alike(
                &project,
                11,
                &[
                    "3 rows of `seeds/base/lands.csv` cannot be written",
                    "line 3: `lands` does not take this row: `name` is `NULL`",
                    "line 4: `lands` does not take this row: `area` is `-1`",
                    "line 5: `lands` does not take this row: `area` is `wide`",
                ],
            );
            lands("code\nNO\n");
            refused_alike(&project, 2, &["`lands.name` has no value, and must have one", "seeds/base/lands.csv:1:1"]);
            // Parents that the run would bring are there; others are missing.
            lands("code,name\nNO,Norway\n");
            project.write("seeds/base/towns.csv", "id,country,name\n1,NO,a\n2,ZZ,b\n3,,c\n");
            refused_alike(
                &project,
                11,
                &[
                    "2 rows of `seeds/base/towns.csv` cannot be written",
                    "line 3: `towns.country` is `ZZ`, and `lands` has no row with this `code`",
                    "line 4: `towns` does not take this row: `country` is `NULL`",
                ],
            );
            project.write("seeds/base/towns.csv", "id,country,name\n1,NO,a\n2,NO,a\n");
            let run = project.expect(11, &["seed"]);
            run.says(&["`towns` does not take this row: `name` is `a`", "seeds/base/towns.csv:3:1"]);
            for plan in ["--plan", "--check"] {
                let says = ["`towns` has a row with the same name twice", "line 2", "seeds/base/towns.csv:3:1"];
                project.expect(11, &["seed", plan]).says(&says);
            }
            assert_eq!(project.query("SELECT count(*) FROM lands"), [if others.is_empty() { "0" } else { "1" }]);
            project.write("seeds/base/towns.csv", "id,country,name\n1,NO,a\n2,NO,b\n");
            project.expect(3, &["seed", "--check"]);
            assert_eq!(sum(&project.json(0, &["seed", "--plan"])), "3 0 0 0 0 0");
        }
    });
}

#[test]
fn a_plan_leaves_out_what_the_run_would() {
    on_each_backend(|project| {
        let project = globe(project);
        let wrong = "code,name,area\nNO,Norway,385.2\nPE,,1285.2\nNO,Noreg,1\nTD,Chad,-1\nBO,Bolivia,1098.5\n";
        for others in OTHERS {
            if !others.is_empty() {
                project.session().execute(others).unwrap();
            }
            project.write("seeds/base/lands.csv", wrong);
            project.write("seeds/base/towns.csv", "id,country,name\n1,NO,a\n2,ZZ,b\n3,BO,c\n");
            let plan = project.json(11, &["seed", "--plan", "--on-error", "quarantine"]);
            assert_eq!(sum(&plan), "4 0 0 0 0 4", "{plan}");
            let run = project.json(11, &["seed", "--on-error", "quarantine"]);
            assert_eq!(sum(&run), "4 0 0 0 0 4", "{run}");
            assert_eq!(project.query("SELECT name FROM lands WHERE code = 'NO'"), ["Norway"]);
            for table in ["towns", "lands", "__dbtool_seed_files", "__dbtool_seed_rows"] {
                project.session().execute(&format!("DELETE FROM {table}")).unwrap();
            }
        }
    });
}

/// Parents come from a CSV, from TOML, from the database and from the file itself.
#[test]
fn a_plan_knows_all_parents_of_a_run() {
    on_each_backend(|project| {
        let up = "CREATE TABLE nodes (id INTEGER NOT NULL PRIMARY KEY, parent_id INTEGER, \
                  CONSTRAINT fk_nodes FOREIGN KEY (parent_id) REFERENCES nodes (id));\n\
                  CREATE TABLE marks (node_id INTEGER NOT NULL, word VARCHAR(10) NOT NULL, PRIMARY KEY (node_id, word), \
                  CONSTRAINT fk_marks FOREIGN KEY (node_id) REFERENCES nodes (id));";
        let project = project.migration("1_a", up, "");
        project.ok(&["migrate", "up"]);
        project.session().execute("INSERT INTO nodes VALUES (1, NULL)").unwrap();
        project.write("seeds/base/few.toml", "table = 'nodes'\nrows = [{ id = 2, parent_id = 1 }]\n");
        // A child stands before its parent.
        let tree = "id,parent_id\n3,4\n4,1\n";
        project.write("seeds/base/nodes.csv", tree);
        project.write("seeds/base/marks.csv", "node_id,word\n1,a\n2,b\n3,c\n4,d\n");
        assert_eq!(sum(&project.json(0, &["seed", "--plan"])), "7 0 0 0 0 0");
        project.write("seeds/base/nodes.csv", "id,parent_id\n3,5\n4,1\n");
        project.write("seeds/base/marks.csv", "node_id,word\n1,a\n5,b\n");
        project
            .expect(11, &["seed", "--plan"])
            .says(&["`nodes.parent_id` is `5`, and `nodes` has no row with this `id`", "seeds/base/nodes.csv:2:1"]);
        project.write("seeds/base/nodes.csv", tree);
        project
            .expect(11, &["seed", "--plan"])
            .says(&["`marks.node_id` is `5`, and `nodes` has no row with this `id`", "seeds/base/marks.csv:3:1"]);
        project.write("seeds/base/marks.csv", "node_id,word\n1,a\n2,b\n3,c\n4,d\n");
        assert_eq!(seeded(&project), "7 0 0 0 0 0");
        project.ok(&["seed", "--check"]);
    });
}

/// Rows that refer to each other, in whatever order, into an empty table and beside others.
#[test]
fn rows_of_one_file_refer_to_each_other() {
    on_each_backend(|project| {
        let up = "CREATE TABLE nodes (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(10) NOT NULL, parent_id INTEGER, \
                  CONSTRAINT fk_nodes FOREIGN KEY (parent_id) REFERENCES nodes (id), CONSTRAINT ck CHECK (name <> 'bad'));";
        let project = project.migration("1_a", up, "");
        project.ok(&["migrate", "up"]);
        let nodes = |project: &Project| project.query("SELECT id, name, parent_id FROM nodes ORDER BY id");
        let write = |rows: &str| project.write("seeds/base/nodes.csv", format!("id,name,parent_id\n{rows}"));
        for (others, stop) in [("", true), ("", false), ("mine", true), ("mine", false)] {
            let args: &[&str] = if stop { &["seed"] } else { &["seed", "--on-error", "quarantine"] };
            if !others.is_empty() {
                project.session().execute("INSERT INTO nodes VALUES (9, 'mine', NULL)").unwrap();
            }
            let mine: &[&str] = if others.is_empty() { &[] } else { &["9|mine|"] };
            let there = |rows: &[&str]| assert_eq!(nodes(&project), [rows, mine].concat(), "{others} {stop}");
            write("1,a,2\n2,b,\n3,c,4\n4,d,3\n5,e,5\n");
            assert_eq!(sum(&project.json(0, &["seed", "--plan"])), "5 0 0 0 0 0");
            assert_eq!(sum(&project.json(0, args)), "5 0 0 0 0 0");
            there(&["1|a|2", "2|b|", "3|c|4", "4|d|3", "5|e|5"]);
            assert_eq!(sum(&project.json(0, args)), "0 0 5 0 0 0");
            // An edit is kept, while another row comes that stands before what it refers to.
            write("1,a,2\n2,b,\n3,c,4\n4,d,3\n5,e,5\n6,f,7\n7,g,1\n");
            assert_eq!(sum(&project.json(0, args)), "2 0 5 0 0 0");
            project.session().execute("UPDATE nodes SET parent_id = 5 WHERE id = 1").unwrap();
            project.session().execute("DELETE FROM nodes WHERE id = 6").unwrap();
            assert_eq!(sum(&project.json(0, args)), "1 0 6 0 1 0");
            there(&["1|a|5", "2|b|", "3|c|4", "4|d|3", "5|e|5", "6|f|7", "7|g|1"]);
            // They go in whatever order, too.
            assert_eq!(sum(&project.json(0, &["reseed", "--yes"])), "7 0 0 7 0 0");
            there(&["1|a|2", "2|b|", "3|c|4", "4|d|3", "5|e|5", "6|f|7", "7|g|1"]);
            // A row that is there refers to one that is new, whatever finds that out.
            let place = Place::new(&project);
            let mut connection = place.connector.diesel(&Silent).unwrap();
            write("1,a,2\n2,b,8\n3,c,4\n4,d,3\n5,e,5\n6,f,7\n7,g,1\n8,h,\n");
            for in_memory in [0, IN_MEMORY] {
                let undone: Result<(), diesel::result::Error> = connection.transaction(|connection| {
                    let report = place.seed(connection, &request(in_memory)).unwrap().summary;
                    assert_eq!((report.inserted, report.updated, report.kept), (1, 1, 0), "{report:?}");
                    Err(diesel::result::Error::RollbackTransaction)
                });
                assert_eq!(undone, Err(diesel::result::Error::RollbackTransaction));
            }
            project.session().execute("UPDATE nodes SET parent_id = NULL").unwrap();
            for table in ["nodes", "__dbtool_seed_files", "__dbtool_seed_rows"] {
                project.session().execute(&format!("DELETE FROM {table}")).unwrap();
            }
        }
        // What is at fault is told with its line, and what refers to it is not.
        let (by_row, at_once) = ("1,a,2\n2,b,\n3,c,8\n", "2,b,\n1,a,2\n3,c,8\n");
        write(project.by_backend(at_once, at_once, by_row));
        let run = project.expect(11, &["seed"]);
        run.says(&["`nodes` does not take this row", "seeds/base/nodes.csv:4:1", "nothing was written"]);
        assert!(!run.stderr.contains("nodes.csv:2:1"), "{run}");
        assert_eq!(nodes(&project), [""; 0]);
    });
}

#[test]
fn what_was_left_out_is_told_again() {
    on_each_backend(|project| {
        let project = globe(project);
        project.write("seeds/base/lands.csv", "code,name,area\nNO,Norway,385.2\nPE,Peru,1285.2\n");
        assert_eq!(seeded(&project), "2 0 0 0 0 0");
        project.write("seeds/base/lands.csv", "code,name,area\nNO,Norway,385.2\nPE,,1285.2\n");
        assert_eq!(project.json(11, &["seed", "--on-error", "quarantine"])["summary"]["rejected"], 1);
        // Nobody has edited it.
        for args in [&["seed"][..], &["seed", "--check"], &["seed", "--on-error", "quarantine"]] {
            project.expect(11, args).says(&["lands.csv:3"]);
        }
        project.write("seeds/base/lands.csv", "code,name,area\nNO,Norway,385.2\nPE,Perú,1285.2\n");
        assert_eq!(seeded(&project), "0 1 1 0 0 0");
        assert_eq!(seeded(&project), "0 0 2 0 0 0");
    });
}
