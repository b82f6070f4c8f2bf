//! What only one of MySQL and MariaDB has, or tells in a way of its own.

use dbtool::catalog::{Order, Type, diff};

use crate::catalog_mysql::{column, comes_back, is_maria, made, objects, options, read, run};
use crate::support::on_mysql;

#[test]
fn what_only_mariadb_has_comes_back() {
    on_mysql(|project| {
        if !is_maria(&project) {
            return;
        }
        let catalog = made(
            &project,
            &[
                "CREATE SEQUENCE counted START 5 INCREMENT 2 MAXVALUE 100 CACHE 3 CYCLE",
                "CREATE SEQUENCE `usual one`",
                "CREATE TABLE numbered (n bigint DEFAULT nextval(counted), u uuid, i inet6, z varchar(10) COMPRESSED, KEY k (u) IGNORED) PAGE_COMPRESSED=1",
                "CREATE TABLE told (a int, b int WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING",
                "CREATE TABLE told_by_name (a int, s timestamp(6) GENERATED ALWAYS AS ROW START, e timestamp(6) GENERATED ALWAYS AS ROW END INVISIBLE, \
                 PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING",
                // JSON is a check there, and may be another one.
                "CREATE TABLE documents (a json CHECK (json_length(a) > 1), b longtext CHECK (json_valid(b)), c json, d int CHECK (d > 0))",
                "CREATE AGGREGATE FUNCTION total(x int) RETURNS int BEGIN DECLARE s int DEFAULT 0; \
                 DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN s; LOOP FETCH GROUP NEXT ROW; SET s = s + x; END LOOP; END",
            ],
        );
        let counted = &catalog.sequences[0];
        assert_eq!((counted.start.as_str(), counted.increment.as_str(), counted.cycle), ("5", "2", true));
        assert_eq!((counted.maximum.as_str(), counted.cache.as_str()), ("100", "3"));
        assert_eq!(column(&catalog, "numbered", "n").default.as_deref(), Some("nextval(`counted`)"));
        assert_eq!(column(&catalog, "numbered", "u").neutral, Type::Uuid);
        assert_eq!(options(&catalog.table("numbered").unwrap().indexes[0].options), "ignored=yes");
        assert_eq!(catalog.table("numbered").unwrap().options["page_compressed"], "'1'");
        assert_eq!(catalog.table("told").unwrap().options["system_versioned"], "yes");
        let documents = catalog.table("documents").unwrap();
        let checks: Vec<String> =
            documents.checks.iter().map(|check| format!("{} {}", options(&check.options), check.expression)).collect();
        assert_eq!(checks, ["column=a json_length(`a`) > 1", "column=b json_valid(`b`)", "column=d `d` > 0"]);
        assert_eq!(column(&catalog, "documents", "a").neutral, Type::text());
        assert_eq!(column(&catalog, "documents", "b").neutral, Type::Json);
        assert_eq!(column(&catalog, "documents", "c").neutral, Type::Json);
        assert_eq!(options(&catalog.routines[0].options), "aggregate=yes");
        assert!(catalog.not_modelled.is_empty() && catalog.not_seen.is_empty());
        comes_back(&project, &catalog);
        // What is known of by name alone.
        run(
            &project,
            &[
                "CREATE TABLE booked (r int, s date, e date, PERIOD FOR stay (s, e), UNIQUE (r, stay WITHOUT OVERLAPS))",
                "CREATE TABLE old (a int) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME (PARTITION p0 HISTORY, PARTITION pn CURRENT)",
                "CREATE EVENT daily ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1",
            ],
        );
        let catalog = read(&mut project.session());
        assert_eq!(
            objects(&catalog.not_modelled),
            ["event: daily", "partitions by system time: old", "period: booked"]
        );
        assert_eq!(
            catalog.not_modelled[0].definition.as_deref(),
            Some("RECURRING 1 DAY DISABLED NOT PRESERVE SELECT 1")
        );
        assert!(catalog.not_seen.is_empty(), "{:?}", catalog.not_seen);
    });
}

/// `information_schema` of MariaDB has question marks for what it cannot write.
#[test]
fn bytes_and_characters_are_read_as_they_are() {
    on_mysql(|project| {
        let catalog = made(
            &project,
            &[
                "CREATE TABLE t (a varchar(9) DEFAULT (concat('😀', '?')), b varbinary(4) NOT NULL DEFAULT 0x00ff2700, c binary(2) DEFAULT 'a?', \
                 d varchar(9) NOT NULL DEFAULT 'x😀?', e varchar(9) DEFAULT '?', g varchar(9) AS (concat(d, '😀😀')), CONSTRAINT k CHECK (a <> '😀????'), \
                 h char(1) CHARACTER SET latin1 NOT NULL DEFAULT '?')",
                "CREATE TABLE u (d varchar(9) NOT NULL DEFAULT '😀')",
                "INSERT INTO u VALUES ('x')",
            ],
        );
        assert!(catalog.not_seen.is_empty(), "{:?}", catalog.not_seen);
        let default = |table: &str, name: &str| column(&catalog, table, name).default.clone().unwrap();
        assert!(default("t", "a").contains("'😀'"), "{}", default("t", "a"));
        // What MySQL cannot write as text, its statement has as bytes.
        let (mixed, alone) = if is_maria(&project) { ("'x😀?'", "'😀'") } else { ("0x78f09f98803f", "0xf09f9880") };
        assert_eq!(["b", "d", "e", "h"].map(|name| default("t", name)), ["0x00ff2700", mixed, "'?'", "'?'"]);
        assert_eq!(default("u", "d"), alone);
        let table = catalog.table("t").unwrap();
        assert!(table.checks[0].expression.contains("'😀????'"));
        assert!(table.column("g").unwrap().generated.as_ref().unwrap().expression.contains("'😀😀'"));
        comes_back(&project, &catalog);
    });
}

#[test]
fn the_partition_for_all_other_values_comes_back() {
    on_mysql(|project| {
        if !is_maria(&project) {
            return;
        }
        let catalog = made(
            &project,
            &[
                "CREATE TABLE a (n int) PARTITION BY LIST (n) (PARTITION p0 VALUES IN (0), PARTITION rest DEFAULT COMMENT 'the rest')",
                "CREATE TABLE b (n int, m int) PARTITION BY LIST COLUMNS (n, m) (PARTITION rest DEFAULT, PARTITION p1 VALUES IN ((0, 1)))",
                "CREATE TABLE c (n int, m int) PARTITION BY LIST (n) SUBPARTITION BY HASH (m) \
                 (PARTITION p0 VALUES IN (1) (SUBPARTITION s0, SUBPARTITION s1), PARTITION rest DEFAULT (SUBPARTITION s2, SUBPARTITION s3))",
            ],
        );
        let partitions = &catalog.table("a").unwrap().options["partitions"];
        assert_eq!(partitions, "PARTITION `p0` VALUES IN (0), PARTITION `rest` DEFAULT COMMENT = 'the rest'");
        comes_back(&project, &catalog);
    });
}

#[test]
fn grants_and_definers_are_told_and_are_no_difference() {
    on_mysql(|project| {
        let user = format!("r_{}", &project.database()[project.database().len().saturating_sub(20)..]);
        let before = made(&project, &["CREATE TABLE t (a int, b int)"]);
        assert_eq!(before.grants, []);
        run(
            &project,
            &[
                format!("CREATE USER '{user}'@'localhost'"),
                format!("GRANT SELECT, UPDATE (b) ON {}.t TO '{user}'@'localhost'", project.database()),
            ],
        );
        let after = read(&mut project.session());
        let told: Vec<String> = after.grants.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                format!("UPDATE on column t.b to '{user}'@'localhost'"),
                format!("SELECT on table t to '{user}'@'localhost'"),
            ]
        );
        assert_eq!(before.fingerprint, after.fingerprint);
        assert!(diff::diff(&before, &after).iter().all(|change| change.weight == diff::Weight::Grant));
        run(&project, &[format!("CREATE DEFINER = '{user}'@'localhost' VIEW v AS SELECT a FROM t")]);
        let told: Vec<String> = read(&mut project.session()).grants.iter().map(ToString::to_string).collect();
        assert!(told.contains(&format!("DEFINER on view v to {user}@localhost")), "{told:?}");
        run(&project, &[format!("DROP USER '{user}'@'localhost'")]);
    });
}

#[test]
fn what_only_mysql_has_comes_back() {
    on_mysql(|project| {
        if is_maria(&project) {
            return;
        }
        let catalog = made(
            &project,
            &[
                "CREATE TABLE t (a int, b varchar(20), g geometry NOT NULL SRID 4326, v json, e text, \
                 KEY sum ((a + 1)), UNIQUE KEY low ((lower(b)), a DESC), KEY unseen (a) INVISIBLE, KEY many ((cast(v->'$.x' AS unsigned array))), \
                 FULLTEXT KEY parsed (e) WITH PARSER ngram, SPATIAL KEY place (g), CHECK (a > 0) NOT ENFORCED, CONSTRAINT `ü` CHECK (b <> 'é€😀' AND b <> _latin1 X'e9'))",
                "CREATE TABLE bytes (a varbinary(9) DEFAULT 0x00ff27, b varbinary(9) DEFAULT '', c binary(3) DEFAULT 'ab', d varchar(9) DEFAULT '😀', e varchar(9) DEFAULT 'why?')",
            ],
        );
        let table = catalog.table("t").unwrap();
        let indexes: Vec<String> = table
            .indexes
            .iter()
            .map(|index| {
                let parts = index.parts.iter().map(|part| {
                    let order = if part.order == Order::Descending { " desc" } else { "" };
                    part.column.clone().or_else(|| part.expression.clone()).unwrap() + order
                });
                let unique = if index.unique { "unique " } else { "" };
                format!("{unique}{} {} {}", index.name, parts.collect::<Vec<_>>().join(","), options(&index.options))
            })
            .collect();
        assert_eq!(
            indexes,
            [
                "unique low lower(`b`),a desc ",
                "many cast(json_extract(`v`,'$.x') as unsigned array) ",
                "parsed e parser=ngram",
                "place g ",
                "sum `a` + 1 ",
                "unseen a invisible=yes"
            ]
        );
        assert_eq!(options(&column(&catalog, "t", "g").options), "srid=4326");
        let checks: Vec<String> = table
            .checks
            .iter()
            .map(|check| format!("{} {} {}", check.name.as_deref().unwrap(), check.expression, options(&check.options)))
            .collect();
        assert_eq!(checks, ["t_chk_1 `a` > 0 enforced=no", "ü (`b` <> 'é€😀') and (`b` <> _latin1 0xe9) "]);
        let defaults: Vec<Option<&str>> =
            catalog.table("bytes").unwrap().columns.iter().map(|column| column.default.as_deref()).collect();
        assert_eq!(defaults, [Some("0x00ff27"), Some("''"), Some("0x6162"), Some("0xf09f9880"), Some("'why?'")]);
        assert!(catalog.not_seen.is_empty());
        comes_back(&project, &catalog);
    });
}
