//! Which seeds are taken, and which comes first.

use serde_json::Value;

use crate::seeding::{CITIES, COUNTRIES, atlas, seeded};
use crate::support::on_each_backend;

#[test]
fn seeds_are_named_and_bring_what_they_refer_to() {
    on_each_backend(|project| {
        let project =
            atlas(project).file("seeds/base/countries.toml", COUNTRIES).file("seeds/base/cities.toml", CITIES).file(
                "seeds/base/more/others.toml",
                "table = 'countries'\nkey = 'code'\nmode = 'ensure'\n[[rows]]\ncode = 'XX'\nname = 'x'\n",
            );
        project
            .expect(10, &["seed", "citys"])
            .says(&["error[seed/unknown]: there is no seed `citys`", "did you mean `cities`?"]);
        let names = |report: &Value| -> Vec<String> {
            report["seeds"].as_array().unwrap().iter().map(|seed| seed["name"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(&project.json(0, &["seed", "more", "--plan"])), ["more/others"]);
        let report = project.json(0, &["seed", "cities"]);
        assert!(names(&report).contains(&"countries".to_owned()), "{report}");
        assert_eq!(project.query("SELECT count(*) FROM cities"), ["2"]);
    });
}

#[test]
fn circles_are_broken_by_a_null() {
    on_each_backend(|project| {
        let up = "CREATE TABLE teams (id VARCHAR(36) NOT NULL PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE, lead_id VARCHAR(36));\n\
                  CREATE TABLE people (id VARCHAR(36) NOT NULL PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE, team_id VARCHAR(36) NOT NULL, friend_id VARCHAR(36), \
                  CONSTRAINT fk_a FOREIGN KEY (team_id) REFERENCES teams (id), CONSTRAINT fk_b FOREIGN KEY (friend_id) REFERENCES people (id));\n";
        let link = project.by_backend(
            // SQLite adds no foreign key to a table that is there.
            "DROP TABLE people; DROP TABLE teams; CREATE TABLE teams (id VARCHAR(36) NOT NULL PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE, lead_id VARCHAR(36) REFERENCES people (id)); \
             CREATE TABLE people (id VARCHAR(36) NOT NULL PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE, team_id VARCHAR(36) NOT NULL REFERENCES teams (id), friend_id VARCHAR(36) REFERENCES people (id));",
            "ALTER TABLE teams ADD CONSTRAINT fk_c FOREIGN KEY (lead_id) REFERENCES people (id);",
            "ALTER TABLE teams ADD CONSTRAINT fk_c FOREIGN KEY (lead_id) REFERENCES people (id);",
        );
        let project = project
            .migration("1_a", &format!("{up}{link}"), "")
            .file("seeds/base/teams.toml", "key = 'name'\n[rows.red]\nname = 'red'\nlead_id = '@ann'\n")
            .file(
                "seeds/base/people.toml",
                "key = 'name'\n[rows.ann]\nname = 'ann'\nteam_id = '@red'\nfriend_id = '@bob'\n[rows.bob]\nname = 'bob'\nteam_id = '@red'\nfriend_id = '@ann'\n",
            );
        project.ok(&["migrate", "up"]);
        assert_eq!(seeded(&project), "3 0 0 0 0 0");
        assert_eq!(project.query("SELECT p.name FROM teams t JOIN people p ON p.id = t.lead_id"), ["ann"]);
        assert_eq!(
            project.query("SELECT p.name, f.name FROM people p JOIN people f ON f.id = p.friend_id ORDER BY 1"),
            ["ann|bob", "bob|ann"]
        );
        assert_eq!(seeded(&project), "0 0 3 0 0 0");
        project.ok(&["reseed", "--yes"]);
        assert_eq!(seeded(&project), "0 0 3 0 0 0");
    });
}
