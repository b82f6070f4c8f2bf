//! One row in two seeds of which one is a CSV at least: told before anything is written, or harmless.

use crate::seeding::{HEADER, atlas, seeded, sum, versions};
use crate::support::{Project, on_each_backend};

const ONE_SEED: &str = "a column of a row gets its value from one seed";

fn countries(project: Project, header: &str, rows: &str) -> Project {
    project.file("seeds/base/many.toml", header).file("seeds/base/many.csv", rows)
}

/// The second run finds nothing to do.
fn is_settled(project: &Project) {
    let tables = ["countries", "__dbtool_seed_rows"];
    let before = versions(project, &tables);
    let second = seeded(project);
    assert!(second.starts_with("0 0 ") && second.ends_with(" 0 0 0"), "{second}");
    assert_eq!(versions(project, &tables), before);
    project.ok(&["seed", "--check"]);
}

#[test]
fn a_row_of_toml_and_of_a_csv() {
    on_each_backend(|project| {
        let toml = "table = 'countries'\nkey = 'code'\n\n[rows.norway]\ncode = 'NO'\nname = 'Norway'\n\n\
                    [rows.chile]\ncode = 'CL'\nname = 'Chile'\n";
        let rows = "code,name\nPE,Peru\nNO,Norge\n";
        let project = countries(atlas(project).file("seeds/base/some.toml", toml), HEADER, rows);
        for args in [&["seed", "--plan"][..], &["seed", "--check"], &["seed"]] {
            project.expect(2, args).says(&[
                "error[seed/file]: `countries` has this row twice: code = NO",
                "--> seeds/base/some.toml:4:7",
                "the other one: seeds/base/many.csv:3:1",
                ONE_SEED,
            ]);
        }
        assert_eq!(project.query("SELECT count(*) FROM countries"), ["0"]);
        // A layer of its own is no other matter.
        std::fs::rename(project.path("seeds/base/some.toml"), project.path("some.toml")).unwrap();
        seeded(&project);
        let project = project.file("seeds/dev/some.toml", toml);
        project.expect(2, &["seed"]).says(&["--> seeds/dev/some.toml:4:7", "the other one: seeds/base/many.csv:3:1"]);
        // One of them inserts what is missing, and touches nothing.
        let project = project.file("seeds/base/many.toml", format!("{HEADER}mode = 'ensure'\n"));
        seeded(&project);
        assert_eq!(project.query("SELECT name FROM countries WHERE code = 'NO'"), ["Norway"]);
        is_settled(&project);
        // Each has columns of its own.
        let project = countries(project, HEADER, "code,name\nPE,Peru\n").file("seeds/base/areas.toml", HEADER);
        project.write("seeds/base/areas.csv", "code,area\nNO,385.20\nCL,756.10\n");
        seeded(&project);
        assert_eq!(
            project.query("SELECT code, name, area FROM countries ORDER BY code"),
            ["CL|Chile|756.10", "NO|Norway|385.20", "PE|Peru|"].map(|row| {
                let shortened = row.replace("756.10", project.by_backend("756.1", "756.10", "756.10"));
                shortened.replace("385.20", project.by_backend("385.2", "385.20", "385.20"))
            })
        );
        is_settled(&project);
    });
}

#[test]
fn a_row_of_two_csvs() {
    on_each_backend(|project| {
        // Of one name, in two layers.
        let project = countries(atlas(project), HEADER, "code,name\nNO,Norway\nPE,Peru\n");
        let project = project
            .file("seeds/dev/many.toml", HEADER)
            .file("seeds/dev/many.csv", "code,name,note\nCL,Chile,\nTD,Chad,\n");
        assert_eq!(seeded(&project), "4 0 0 0 0 0");
        is_settled(&project);
        // Both are known: what a user changes in one is a user's.
        project.session().execute("UPDATE countries SET name = 'Mine' WHERE code IN ('PE', 'CL')").unwrap();
        assert_eq!(seeded(&project), "0 0 4 0 2 0");
        project.write("seeds/dev/many.csv", "code,name,note\nCL,Chile,\nPE,Pirua,\nTD,Chad,\nNO,Norge,\n");
        for args in [&["seed", "--plan"][..], &["seed"]] {
            project.expect(2, args).says(&[
                "2 faults in the seeds; nothing was written",
                "seeds/dev/many.csv:5:1: `countries` has this row twice: code = NO",
                "seeds/dev/many.csv:3:1: `countries` has this row twice: code = PE",
                ONE_SEED,
            ]);
        }
        project.write("seeds/dev/many.csv", "code,name,note\nCL,Chile,\nPE,Pirua,\nTD,Chad,\n");
        project.expect(2, &["seed"]).says(&["--> seeds/dev/many.csv:3:1", "the other one: seeds/base/many.csv:3:1"]);
        assert_eq!(project.query("SELECT name FROM countries WHERE code = 'PE'"), ["Mine"]);
        // What is common to both is what tells rows apart.
        project.write("seeds/dev/many.csv", "code,note\nNO,cold\nPE,high\n");
        seeded(&project);
        assert_eq!(project.query("SELECT note FROM countries WHERE note IS NOT NULL ORDER BY note"), ["cold", "high"]);
        project.ok(&["reseed", "--yes"]);
        is_settled(&project);
    });
}

#[test]
fn a_plan_knows_of_the_rows_that_another_file_brings() {
    on_each_backend(|project| {
        let project = countries(atlas(project), HEADER, "code,name\nNO,Norway\nPE,Peru\n");
        let project =
            project.file("seeds/base/notes.toml", HEADER).file("seeds/base/notes.csv", "code,note\nPE,high\n");
        let plan = project.json(0, &["seed", "--plan"]);
        assert_eq!(sum(&plan), "2 1 0 0 0 0");
        assert_eq!(seeded(&project), "2 1 0 0 0 0");
        is_settled(&project);
        // Where there is no other, the row cannot be.
        std::fs::remove_file(project.path("seeds/base/many.csv")).unwrap();
        std::fs::remove_file(project.path("seeds/base/many.toml")).unwrap();
        project.write("seeds/base/notes.csv", "code,note\nTD,dry\n");
        for args in [&["seed", "--plan"][..], &["seed"]] {
            project.expect(2, args).says(&["`countries.name` has no value, and must have one"]);
        }
    });
}
