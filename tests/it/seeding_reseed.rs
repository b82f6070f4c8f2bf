//! `reseed`: what seeds put there goes, and comes again.

use crate::seeding::{CITIES, COUNTRIES, atlas, seeded, shop, sum};
use crate::support::on_each_backend;

#[test]
fn reseed_takes_what_seeds_own_and_no_more() {
    on_each_backend(|project| {
        let project =
            atlas(project).file("seeds/base/countries.toml", COUNTRIES).file("seeds/base/cities.toml", CITIES);
        project.session().execute("INSERT INTO countries (code, name) VALUES ('XX', 'mine')").unwrap();
        seeded(&project);
        project.session().execute("UPDATE countries SET name = 'edited' WHERE code = 'NO'").unwrap();
        project.expect(9, &["reseed"]).says(&["this needs a confirmation", "--yes"]);
        assert_eq!(sum(&project.json(0, &["reseed", "--yes"])), "4 0 0 4 0 0");
        assert_eq!(project.query("SELECT name FROM countries ORDER BY code"), ["Norway", "Peru", "mine"]);
        // Somebody's own row would fall with one of the seeds'.
        project
            .session()
            .execute("INSERT INTO cities (country_id, name) SELECT id, 'Bergen' FROM countries WHERE code = 'NO'")
            .unwrap();
        let run = project.expect(9, &["reseed", "--yes"]);
        run.says(&[
            "error[seed/cascade]: 1 row of `cities` that no seed put there would be deleted, too, by a cascade",
            "add `--cascade`",
        ]);
        assert_eq!(project.query("SELECT count(*) FROM cities"), ["3"]);
        project.ok(&["reseed", "--yes", "--cascade"]);
        assert_eq!(project.query("SELECT name FROM cities ORDER BY name"), ["Lima", "Oslo"]);
        project.ok(&["reseed", "--yes", "--all-rows"]);
        assert_eq!(project.query("SELECT name FROM countries ORDER BY code"), ["Norway", "Peru"]);
        assert_eq!(seeded(&project), "0 0 4 0 0 0");
    });
}

#[test]
fn the_shop_can_be_seeded_again() {
    on_each_backend(|project| {
        let project = shop(project);
        let first = project.json(0, &["seed"]);
        let again = project.json(0, &["reseed", "--yes"]);
        assert_eq!(again["summary"]["inserted"], first["summary"]["inserted"]);
        assert_eq!(again["summary"]["deleted"], first["summary"]["inserted"]);
        // An event for each table and run, and none for a run that changed nothing.
        project.ok(&["seed"]);
        let events = "SELECT entity, entity_id, outcome FROM audit_events WHERE action = 'seed' ORDER BY entity";
        assert_eq!(project.query(events).len(), 16);
        assert_eq!(project.query(events)[0], "categories|*|done");
        project.session().execute("UPDATE categories SET name = 'edited' WHERE slug = 'books'").unwrap();
        let project = project.variable("DBTOOL_SEED_ON_DRIFT", "overwrite");
        project.ok(&["seed", "--audit", "rows"]);
        assert_eq!(project.query("SELECT count(*) FROM audit_events WHERE entity_id = 'books'"), ["1"]);
    });
}

#[test]
fn some_seeds_start_over_and_the_others_stay() {
    on_each_backend(|project| {
        let project =
            atlas(project).file("seeds/base/countries.toml", COUNTRIES).file("seeds/base/cities.toml", CITIES).file(
                "seeds/base/more.toml",
                "table = 'countries'\nkey = 'code'\nrows = [{ code = 'TD', name = 'Chad' }]\n",
            );
        seeded(&project);
        let report = project.json(0, &["reseed", "cities", "--yes"]);
        assert_eq!(sum(&report), "2 0 3 2 0 0", "{report}");
        let report = project.json(0, &["reseed", "more", "--yes"]);
        assert_eq!(sum(&report), "1 0 0 1 0 0", "{report}");
        assert_eq!(seeded(&project), "0 0 5 0 0 0");
    });
}
