//! `reseed`: what seeds put there goes, and comes again.

use crate::seeding::{CITIES, COUNTRIES, HEADER, atlas, seeded, shop, sum};
use crate::support::on_each_backend;
use crate::terminal::AtTerminal;

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

#[test]
fn the_question_names_what_goes() {
    on_each_backend(|project| {
        let project =
            atlas(project).file("seeds/base/countries.toml", COUNTRIES).file("seeds/base/cities.toml", CITIES);
        seeded(&project);
        for (args, what) in [
            (&["reseed"][..], "what the seeds put there"),
            (&["reseed", "cities"], "what the seed `cities` put there"),
            (&["reseed", "cities", "countries"], "what the seeds `cities`, `countries` put there"),
            (&["reseed", "cities", "--all-rows"], "every row of the tables of the seed `cities`"),
            (&["reseed", "--all-rows"], "every row of the tables of the seeds"),
        ] {
            let shown = AtTerminal::spawn(&project, args, None, "n\n").end();
            assert_eq!(shown.code, 9, "{}", shown.sent);
            let question = format!("delete {what} in the database of `dev` (");
            assert!(shown.sent.contains(&question), "lacks {question:?}\n{}", shown.sent);
            assert!(shown.sent.contains("), and seed again? [y/N]"), "{}", shown.sent);
        }
        assert_eq!(seeded(&project), "0 0 4 0 0 0");
        project.session().execute("UPDATE cities SET mayor = 'gone with it'").unwrap();
        let shown = AtTerminal::spawn(&project, &["reseed", "cities"], None, "y\n").end();
        assert_eq!(shown.code, 0, "{}", shown.sent);
        assert_eq!(project.query("SELECT count(*) FROM cities WHERE mayor IS NULL"), ["2"]);
    });
}

/// Seeds set rows as they are listed, and move no stock.
#[test]
fn orders_that_are_seeded_anew_take_no_goods() {
    on_each_backend(|project| {
        let project = shop(project);
        seeded(&project);
        let order = project.query("SELECT order_id FROM order_items WHERE product_id = (SELECT id FROM products WHERE sku = 'TEXT-001') ORDER BY 1").remove(0);
        let state = || {
            let status = project.query(&format!("SELECT status FROM orders WHERE id = '{order}'"));
            let stock = project.query("SELECT stock_quantity FROM products WHERE sku = 'TEXT-001'");
            format!("{} {}", status[0], stock[0])
        };
        assert_eq!(state(), "paid 15");
        project.ok(&["order", "cancel", &order]);
        assert_eq!(state(), "cancelled 16");
        // The goods that it has given back are not taken again.
        project.ok(&["reseed", "orders", "order_items", "--yes"]);
        assert_eq!(state(), "paid 16");
        // With the products, both are as they are listed.
        project.ok(&["order", "cancel", &order]);
        assert_eq!(state(), "cancelled 17");
        project.ok(&["reseed", "orders", "order_items", "products", "product_categories", "--yes"]);
        assert_eq!(state(), "paid 15");
    });
}

/// Of a file the ledger knows no rows: those that it lists no more are not found.
#[test]
fn rows_that_a_file_lists_no_more_stay_and_are_told_of() {
    on_each_backend(|project| {
        let project = atlas(project)
            .file("seeds/base/many.toml", HEADER)
            .file("seeds/base/many.csv", "code,name\nNO,Norway\nPE,Peru\n");
        assert_eq!(seeded(&project), "2 0 0 0 0 0");
        let run = project.ok(&["reseed", "--yes"]);
        assert!(!run.stderr.contains("has changed"), "{run}");
        project.write("seeds/base/many.csv", "code,name\nNO,Norway\n");
        project.ok(&["reseed", "--yes"]).says(&[
            "`seeds/base/many.csv` has changed since it was loaded",
            "rows that it lists no more stay in `countries`",
        ]);
        assert_eq!(project.query("SELECT code FROM countries ORDER BY code"), ["NO", "PE"]);
    });
}

/// What another seed put there is not nobody's.
#[test]
fn a_cascade_names_the_seeds_whose_rows_would_fall() {
    on_each_backend(|project| {
        let project =
            atlas(project).file("seeds/base/countries.toml", COUNTRIES).file("seeds/base/cities.toml", CITIES);
        seeded(&project);
        let run = project.expect(9, &["reseed", "countries", "--yes"]);
        run.says(&[
            "error[seed/cascade]: 2 rows of `cities` would be deleted, too, by a cascade",
            "the seed `cities` put rows there",
            "`dbtool reseed cities countries` seeds these anew as well",
        ]);
        assert!(!run.stderr.contains("no seed put there"), "{run}");
        assert_eq!(sum(&project.json(0, &["reseed", "cities", "countries", "--yes"])), "4 0 0 4 0 0");
    });
}
