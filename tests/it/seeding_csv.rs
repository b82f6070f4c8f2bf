//! What is wrong with the rows of a CSV seed, and how it is told.

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
