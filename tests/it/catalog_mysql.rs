//! The catalog of MySQL and MariaDB: what is read, and that what is written makes the same again. What only one of the two
//! has is made on that one alone.

use dbtool::backend::Backend;
use dbtool::catalog::{self, Catalog, Column, Identity, TableKind, Type, diff};
use dbtool::db::{Session, dialect_of};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{Project, meanwhile, on_mysql, root, server};

pub fn read(session: &mut Session) -> Catalog {
    let dialect = dialect_of(Backend::Mysql);
    let dialect = dialect.of_session(session).unwrap().unwrap_or(dialect);
    let home = session.home(dialect).unwrap();
    catalog::read(session, dialect, &home).unwrap()
}

pub fn run(project: &Project, statements: &[impl AsRef<str>]) {
    let mut session = project.session();
    for sql in statements {
        session.execute(sql.as_ref()).unwrap_or_else(|error| panic!("{}\n{error}", sql.as_ref()));
    }
}

/// A database with these in it, read.
pub fn made(project: &Project, statements: &[&str]) -> Catalog {
    run(project, statements);
    read(&mut project.session())
}

pub fn is_maria(project: &Project) -> bool {
    project.query("SELECT VERSION()")[0].contains("MariaDB")
}

/// Makes a schema anew in another database, and wants it to be the same.
pub fn comes_back(project: &Project, catalog: &Catalog) {
    let other = Project::on(project.backend).unwrap();
    let statements = catalog::ddl(catalog, dialect_of(Backend::Mysql));
    run(&other, &statements);
    let again = read(&mut other.session());
    let changes = diff::diff(catalog, &again);
    assert!(changes.is_empty(), "{changes:#?}\n{}", statements.join(";\n"));
    assert_eq!(catalog.fingerprint, again.fingerprint);
}

pub fn column<'c>(catalog: &'c Catalog, table: &str, name: &str) -> &'c Column {
    catalog.table(table).unwrap().column(name).unwrap()
}

/// `name=value` of each option.
pub fn options(options: &catalog::Options) -> String {
    options.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

pub fn objects(objects: &[catalog::Object]) -> Vec<String> {
    objects.iter().map(|object| format!("{}: {}", object.kind, object.name)).collect()
}

#[test]
fn the_reference_schema_is_read_and_comes_back() {
    on_mysql(|project| {
        let directory = root().join("migrations");
        let project = project.variable("DBTOOL_MIGRATE_DIR", directory.to_str().unwrap());
        project.ok(&["migrate", "up"]);
        let catalog = read(&mut project.session());
        let tables: Vec<String> = catalog.tables.iter().map(|table| table.name.to_string()).collect();
        assert_eq!(
            tables,
            [
                "audit_events",
                "categories",
                "countries",
                "order_items",
                "orders",
                "product_categories",
                "products",
                "user_profiles",
                "users"
            ]
        );
        let users = catalog.table("users").unwrap();
        let names: Vec<&str> = users.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "id",
                "email",
                "password_hash",
                "first_name",
                "last_name",
                "role",
                "created_at",
                "updated_at",
                "created_by",
                "updated_by",
                "status"
            ]
        );
        let id = column(&catalog, "users", "id");
        assert_eq!((id.type_name.as_str(), &id.neutral), ("char(36)", &Type::Text { length: Some(36), fixed: true }));
        assert_eq!(id.default.as_deref(), Some(if is_maria(&project) { "uuid()" } else { "(uuid())" }));
        assert_eq!((id.collation.as_deref(), id.nullable), (Some("ascii_bin"), false));
        let updated = column(&catalog, "users", "updated_at");
        assert_eq!(updated.neutral, Type::Timestamp);
        assert_eq!(updated.default.as_deref(), Some("current_timestamp(6)"));
        assert_eq!(updated.on_update.as_deref(), Some("current_timestamp(6)"));
        assert_eq!(column(&catalog, "users", "status").default.as_deref(), Some("'active'"));
        assert_eq!(column(&catalog, "users", "first_name").collation, None);
        assert_eq!(users.primary_key.as_ref().unwrap().columns, ["id"]);
        assert_eq!(users.uniques[0].name.as_deref(), Some("uq_users_email"));
        let indexes: Vec<&str> = users.indexes.iter().map(|index| index.name.as_str()).collect();
        assert_eq!(
            indexes,
            ["idx_users_created_at", "idx_users_created_by", "idx_users_status_created_at", "idx_users_updated_by"]
        );
        let checks: Vec<&str> = users.checks.iter().map(|check| check.expression.as_str()).collect();
        assert_eq!(
            checks,
            [
                "`email` = lcase(`email`)",
                "`password_hash` like '$argon2id$%'",
                "`role` in ('admin','customer')",
                "`status` in ('active','suspended')"
            ]
            .map(|text| if is_maria(&project) { text.to_owned() } else { text.replace("lcase", "lower") })
        );
        let key = &catalog.table("user_profiles").unwrap().foreign_keys[3];
        assert_eq!(
            (key.columns.join(","), key.to.to_string(), key.to_columns.join(",")),
            ("user_id".into(), "users".into(), "id".into())
        );
        assert_eq!(key.on_delete, "cascade");
        // What is not named is not the same word on both.
        assert_eq!(key.on_update, if is_maria(&project) { "restrict" } else { "no action" });
        let events = catalog.table("audit_events").unwrap();
        assert_eq!(events.column("before").unwrap().neutral, Type::Json);
        assert_eq!(events.checks.len(), 1, "the check of MariaDB's JSON is its type's");
        let trigger = &events.triggers[0];
        assert_eq!((trigger.name.as_str(), trigger.timing.as_str()), ("trg_audit_events_delete", "before"));
        assert_eq!(trigger.events, ["delete"]);
        assert_eq!(trigger.body, "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'audit_events is append-only'");
        assert_eq!((catalog.views.len(), catalog.routines.len()), (0, 0));
        assert!(catalog.not_seen.is_empty() && catalog.not_modelled.is_empty());
        comes_back(&project, &catalog);
    });
}

/// Types, defaults, and what else a column has: name, definition, neutral type, default.
fn odd_columns(maria: bool) -> Vec<(&'static str, &'static str, Type, Option<&'static str>)> {
    let set = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    let text = |length| Type::Text { length, fixed: false };
    let either = |mariadb: &'static str, mysql: &'static str| Some(if maria { mariadb } else { mysql });
    vec![
        ("quote", "varchar(20) default 'it''s'", text(Some(20)), Some("'it''s'")),
        ("nothing", "varchar(20) default ''", text(Some(20)), Some("''")),
        ("null_word", "varchar(20) default 'NULL'", text(Some(20)), Some("'NULL'")),
        ("null_value", "varchar(20) default null", text(Some(20)), None),
        ("now_word", "varchar(20) default 'current_timestamp'", text(Some(20)), Some("'current_timestamp'")),
        ("backslash", "varchar(20) default 'a\\\\b'", text(Some(20)), Some("'a\\\\b'")),
        ("line", "varchar(20) default 'a\\nb'", text(Some(20)), Some("'a\\nb'")),
        ("latin", "varchar(10) character set latin1 collate latin1_bin default 'é'", text(Some(10)), Some("'é'")),
        ("number", "int default -5", Type::integer(32), Some("-5")),
        ("money", "decimal(10,2) default 1.50", Type::Decimal { precision: Some(10), scale: Some(2) }, Some("1.50")),
        (
            "big",
            "bigint unsigned default 18446744073709551615",
            Type::Integer { bits: 64, unsigned: true },
            Some("18446744073709551615"),
        ),
        ("filled", "int(5) zerofill", Type::Integer { bits: 32, unsigned: true }, None),
        ("yes", "tinyint(1) default true", Type::Boolean, Some("1")),
        ("small", "tinyint", Type::integer(8), None),
        ("real_one", "double default 1.5", Type::Float { bits: 64 }, Some("1.5")),
        ("bits", "bit(3) default b'101'", Type::Bits { length: Some(3) }, Some("b'101'")),
        ("bytes", "varbinary(10) default 'ab'", Type::Bytes { length: Some(10) }, either("'ab'", "0x6162")),
        ("year_one", "year default 2020", Type::Year, Some("2020")),
        ("day", "date default '2020-01-01'", Type::Date, Some("'2020-01-01'")),
        ("noon", "time default '12:00:00'", Type::Time, Some("'12:00:00'")),
        ("at", "datetime(6) default now(6) on update now(6)", Type::Timestamp, Some("current_timestamp(6)")),
        ("moment", "timestamp null default now()", Type::Instant, Some("current_timestamp")),
        (
            "fixed_moment",
            "timestamp not null default '2020-01-01 00:00:00'",
            Type::Instant,
            Some("'2020-01-01 00:00:00'"),
        ),
        (
            "word",
            "enum('x','it''s','c\\\\d','e,f') default 'it''s'",
            Type::Enum { name: None, values: set(&["x", "it's", "c\\d", "e,f"]) },
            Some("'it''s'"),
        ),
        ("words", "set('x','y') default 'x,y'", Type::Set { values: set(&["x", "y"]) }, Some("'x,y'")),
        ("long_text", "text default ('é€')", text(None), either("'é€'", "('é€')")),
        (
            "document",
            "json default (json_array(1,'x'))",
            Type::Json,
            either("json_array(1,'x')", "(json_array(1,'x'))"),
        ),
        ("sum", "int default (1+2)", Type::integer(32), Some("(1 + 2)")),
        ("hidden", "int default 3 invisible", Type::integer(32), Some("3")),
        ("shape", "geometry", Type::Other { name: "geometry".into() }, None),
    ]
}

#[test]
fn columns_are_read_precisely_and_come_back() {
    on_mysql(|project| {
        let expected = odd_columns(is_maria(&project));
        let definitions: Vec<String> =
            expected.iter().map(|(name, definition, ..)| format!("{name} {definition}")).collect();
        let sql = format!(
            "CREATE TABLE t (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'it''s \\\\ é', {}, \
             kept int AS (number + 1) STORED, told varchar(40) AS (concat(quote, 'é''s', '\\\\')) VIRTUAL) COMMENT 'of é'",
            definitions.join(", ")
        );
        let catalog = made(&project, &[&sql]);
        for (name, definition, neutral, default) in &expected {
            let read = column(&catalog, "t", name);
            assert_eq!(&read.neutral, neutral, "{name} {definition}");
            assert_eq!(read.default.as_deref(), *default, "{name} {definition}");
        }
        let id = column(&catalog, "t", "id");
        assert_eq!((id.identity, id.nullable), (Some(Identity::AutoIncrement), false));
        assert_eq!(id.comment.as_deref(), Some("it's \\ é"));
        assert_eq!(column(&catalog, "t", "latin").collation.as_deref(), Some("latin1_bin"));
        assert_eq!(column(&catalog, "t", "at").on_update.as_deref(), Some("current_timestamp(6)"));
        assert_eq!(options(&column(&catalog, "t", "hidden").options), "invisible=yes");
        let kept = column(&catalog, "t", "kept").generated.clone().unwrap();
        assert_eq!((kept.expression.as_str(), kept.stored), ("`number` + 1", true));
        let told = column(&catalog, "t", "told").generated.clone().unwrap();
        assert_eq!((told.expression.as_str(), told.stored), ("concat(`quote`,'é\\'s','\\\\')", false));
        assert_eq!(column(&catalog, "t", "number").type_name, if is_maria(&project) { "int(11)" } else { "int" });
        assert_eq!(catalog.table("t").unwrap().comment.as_deref(), Some("of é"));
        assert!(catalog.table("t").unwrap().checks.is_empty());
        assert!(catalog.not_seen.is_empty(), "{:?}", catalog.not_seen);
        comes_back(&project, &catalog);
    });
}

#[test]
fn keys_and_indexes_are_read_and_come_back() {
    on_mysql(|project| {
        let elsewhere = Project::on(project.backend).unwrap();
        run(&elsewhere, &["CREATE TABLE p (id int PRIMARY KEY)"]);
        let other = elsewhere.database();
        let catalog = made(
            &project,
            &[
                "CREATE TABLE p (a int, b int, PRIMARY KEY (b, a))",
                &format!(
                    "CREATE TABLE t (a int, b int, c int, d varchar(100), e text, f point NOT NULL, \
                     UNIQUE KEY u (d(5), a DESC) COMMENT 'of it''s', KEY k (e(7)), FULLTEXT KEY words (e), SPATIAL KEY place (f), \
                     CONSTRAINT two FOREIGN KEY (a, b) REFERENCES p (b, a) ON DELETE CASCADE ON UPDATE SET NULL, \
                     CONSTRAINT away FOREIGN KEY (c) REFERENCES `{other}`.p (id) ON DELETE NO ACTION ON UPDATE RESTRICT, \
                     CONSTRAINT self FOREIGN KEY (b, a) REFERENCES p (b, a), \
                     CONSTRAINT positive CHECK (e > 0 AND d <> 'it''s'))"
                ),
                "CREATE TABLE m (a int, b int, KEY h (a), KEY s USING BTREE (b)) ENGINE=MEMORY",
            ],
        );
        assert_eq!(catalog.table("p").unwrap().primary_key.as_ref().unwrap().columns, ["b", "a"]);
        let table = catalog.table("t").unwrap();
        let unique = &table.uniques[0];
        assert_eq!(unique.columns, ["d", "a"]);
        assert_eq!(options(&unique.options), "comment=of it's length of d=5 order of a=descending");
        let told = |index: &catalog::Index| {
            let parts = index.parts.iter().map(|part| part.column.clone().unwrap() + &options(&part.options));
            format!("{} {} {}", index.name, index.method, parts.collect::<Vec<_>>().join(","))
        };
        let indexes: Vec<String> = table.indexes.iter().map(told).collect();
        assert_eq!(
            indexes,
            [
                "away btree c",
                "k btree elength=7",
                "place spatial f",
                "self btree b,a",
                "two btree a,b",
                "words fulltext e"
            ]
        );
        let keys: Vec<String> = table
            .foreign_keys
            .iter()
            .map(|key| {
                let to = key.to.to_string().replace(other, "[other]");
                format!(
                    "{} {} {to} {} {} {}",
                    key.name.clone().unwrap(),
                    key.columns.join(","),
                    key.to_columns.join(","),
                    key.on_delete,
                    key.on_update
                )
            })
            .collect();
        let usual = if is_maria(&project) { "restrict" } else { "no action" };
        assert_eq!(
            keys,
            [
                "away c [other].p id no action restrict".to_owned(),
                format!("self b,a p b,a {usual} {usual}"),
                "two a,b p b,a cascade set null".to_owned()
            ]
        );
        let check = &table.checks[0];
        assert_eq!(check.name.as_deref(), Some("positive"));
        let expected =
            if is_maria(&project) { "`e` > 0 and `d` <> 'it\\'s'" } else { "(`e` > 0) and (`d` <> 'it\\'s')" };
        assert_eq!(check.expression, expected);
        let memory: Vec<String> = catalog.table("m").unwrap().indexes.iter().map(told).collect();
        assert_eq!(memory, ["h hash a", "s btree b"]);
        comes_back(&project, &catalog);
        // Or the other database could not be dropped before this one.
        run(&project, &["ALTER TABLE t DROP FOREIGN KEY away"]);
    });
}

#[test]
fn options_and_partitions_are_read_and_come_back() {
    on_mysql(|project| {
        let catalog = made(
            &project,
            &[
                "CREATE TABLE plain (a int)",
                "CREATE TABLE odd (a varchar(9), b varchar(9) CHARACTER SET utf8mb4) ENGINE=MyISAM ROW_FORMAT=FIXED CHECKSUM=1 DEFAULT CHARSET=latin1",
                "CREATE TABLE small (a int PRIMARY KEY) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8 STATS_PERSISTENT=0",
                "CREATE TABLE years (id int, d date) PARTITION BY RANGE (year(d)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 \
                 (PARTITION p0 VALUES LESS THAN (2000) COMMENT 'it''s', PARTITION p1 VALUES LESS THAN MAXVALUE)",
                "CREATE TABLE words (w varchar(9)) PARTITION BY LIST COLUMNS (w) (PARTITION a VALUES IN ('x','it''s'), PARTITION b VALUES IN ('é', NULL))",
                "CREATE TABLE keyed (id int PRIMARY KEY) PARTITION BY KEY () PARTITIONS 3",
            ],
        );
        let of = |name: &str| options(&catalog.table(name).unwrap().options);
        let usual = catalog.table("plain").unwrap().options["collation"].clone();
        assert_eq!(of("plain"), format!("charset=utf8mb4 collation={usual} engine=InnoDB"));
        assert_eq!(of("odd"), "charset=latin1 checksum=1 collation=latin1_swedish_ci engine=MyISAM row_format=FIXED");
        assert!(column(&catalog, "odd", "a").collation.is_none());
        assert!(column(&catalog, "odd", "b").collation.as_deref().unwrap().starts_with("utf8mb4_"));
        assert_eq!(
            of("small"),
            format!(
                "charset=utf8mb4 collation={usual} engine=InnoDB key_block_size=8 row_format=COMPRESSED stats_persistent=0"
            )
        );
        let years = catalog.table("years").unwrap();
        assert_eq!(years.kind, TableKind::Partitioned);
        assert_eq!(
            years.partition_by.as_deref(),
            Some("RANGE (year(`d`)) SUBPARTITION BY HASH (`id`) SUBPARTITIONS 2")
        );
        assert_eq!(
            years.options["partitions"],
            "PARTITION `p0` VALUES LESS THAN (2000) COMMENT = 'it''s', PARTITION `p1` VALUES LESS THAN (MAXVALUE)"
        );
        assert_eq!(catalog.table("keyed").unwrap().partition_by.as_deref(), Some("KEY () PARTITIONS 3"));
        comes_back(&project, &catalog);
    });
}

#[test]
fn views_are_read_without_their_database_and_come_back() {
    on_mysql(|project| {
        let name = project.database().to_owned();
        let catalog = made(
            &project,
            &[
                "CREATE TABLE t (id int NOT NULL, a varchar(9))",
                "CREATE FUNCTION twice(n int) RETURNS int DETERMINISTIC RETURN 2 * n",
                // Made in this order, they are not those that must be made first.
                "CREATE VIEW z AS SELECT id, twice(id) AS double_id, 'it''s 😀' AS said FROM t WHERE a LIKE 'b\\\\_%'",
                "CREATE VIEW a (one) AS SELECT z.id FROM z JOIN t USING (id) WHERE id IN (SELECT id FROM t)",
                "CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW checked AS SELECT * FROM t WHERE id > 1 WITH CASCADED CHECK OPTION",
                // Something in it is called as the database is.
                &format!("CREATE VIEW called AS SELECT `{name}`.id, `{name}`.a FROM t `{name}`"),
            ],
        );
        let view = |name: &str| catalog.view(name).unwrap();
        let maria = is_maria(&project);
        assert!(
            view("z")
                .body
                .starts_with("select `t`.`id` AS `id`,`twice`(`t`.`id`) AS `double_id`,'it\\'s 😀' AS `said` from `t`"),
            "{}",
            view("z").body
        );
        let columns: Vec<&str> = view("a").columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(columns, ["one"]);
        assert_eq!(view("a").columns[0].neutral, Type::integer(32));
        assert_eq!(options(&view("checked").options), "algorithm=merge check_option=cascaded security=invoker");
        let end = if maria { "where `t`.`id` > 1" } else { "where (`t`.`id` > 1)" };
        assert!(view("checked").body.ends_with(end), "{}", view("checked").body);
        for view in &catalog.views {
            assert!(view.name.name == "called" || !view.body.contains(&name), "{}", view.body);
        }
        assert!(catalog.table("t").unwrap().triggers.is_empty());
        let made_first = catalog::ddl(&catalog, dialect_of(Backend::Mysql));
        let at = |text: &str| made_first.iter().position(|sql| sql.contains(text)).unwrap();
        assert!(at("FUNCTION `twice`") < at("VIEW `z`") && at("VIEW `z`") < at("VIEW `a`"));
        let called = &view("called").body;
        assert!(called.ends_with(&format!("from `t` `{name}`")), "{called}");
        comes_back(&project, &catalog);
    });
}

#[test]
fn triggers_and_routines_are_read_as_they_were_written() {
    on_mysql(|project| {
        let catalog = made(
            &project,
            &[
                "CREATE TABLE t (a varchar(20), b int)",
                "CREATE TRIGGER later BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 'it''s \\\\ 😀'",
                "CREATE TRIGGER first BEFORE INSERT ON t FOR EACH ROW PRECEDES later BEGIN /* why */ SET NEW.b = 1; -- so\n SET NEW.b = 2; END",
                "CREATE TRIGGER only AFTER DELETE ON t FOR EACH ROW SET @x = _latin1'y'",
                "CREATE FUNCTION said(`a b` varchar(10) CHARACTER SET latin1, e enum('x','it''s')) RETURNS varchar(50) DETERMINISTIC NO SQL COMMENT 'it''s' RETURN concat('it''s', '\\\\', \"q'r\")",
                "CREATE PROCEDURE work(IN a int, OUT b decimal(10,2), INOUT c int) READS SQL DATA SQL SECURITY INVOKER BEGIN SET b = a; SELECT 'x;y'; END",
                "CREATE PROCEDURE nothing() BEGIN END",
                "SET SESSION sql_mode = 'ANSI_QUOTES'",
                "CREATE FUNCTION quoted() RETURNS int DETERMINISTIC RETURN (SELECT count(*) FROM \"t\")",
                "CREATE TRIGGER moded BEFORE UPDATE ON t FOR EACH ROW SET NEW.\"b\" = 1",
            ],
        );
        let triggers: Vec<String> = catalog
            .table("t")
            .unwrap()
            .triggers
            .iter()
            .map(|one| {
                format!("{} {} {}|{}|{}", one.name, one.timing, one.events.join(","), one.body, options(&one.options))
            })
            .collect();
        assert_eq!(
            triggers,
            [
                "first before insert|BEGIN /* why */ SET NEW.b = 1; -- so\n SET NEW.b = 2; END|order=1",
                "later before insert|SET NEW.a = 'it''s \\\\ 😀'|order=2",
                "moded before update|SET NEW.\"b\" = 1|sql_mode=ANSI_QUOTES",
                "only after delete|SET @x = _latin1'y'|",
            ]
        );
        let routine = |name: &str| catalog.routines.iter().find(|one| one.name.name == name).unwrap();
        let said = routine("said");
        let arguments = "`a b` varchar(10) CHARACTER SET latin1 COLLATE latin1_swedish_ci, `e` enum('x','it''s')";
        assert_eq!(said.arguments, arguments);
        assert_eq!(said.returns.as_deref(), Some("varchar(50)"));
        assert_eq!(said.body, "RETURN concat('it''s', '\\\\', \"q'r\")");
        assert_eq!(said.comment.as_deref(), Some("it's"));
        assert_eq!(options(&said.options), "data_access=no sql deterministic=yes");
        let work = routine("work");
        let int = if is_maria(&project) { "int(11)" } else { "int" };
        assert_eq!(work.arguments, format!("IN `a` {int}, OUT `b` decimal(10,2), INOUT `c` {int}"));
        assert_eq!((work.kind.as_str(), work.returns.as_deref()), ("procedure", None));
        assert_eq!(options(&work.options), "data_access=reads sql data security=invoker");
        assert_eq!((routine("nothing").arguments.as_str(), routine("nothing").body.as_str()), ("", "BEGIN END"));
        assert_eq!(options(&routine("quoted").options), "deterministic=yes sql_mode=ANSI_QUOTES");
        comes_back(&project, &catalog);
        // The mode of a session that reads is the usual one of what it reads.
        let mut ansi = project.session();
        ansi.execute("SET SESSION sql_mode = 'ANSI_QUOTES'").unwrap();
        let catalog = read(&mut ansi);
        let quoted = catalog.routines.iter().find(|one| one.name.name == "quoted").unwrap();
        assert_eq!(options(&quoted.options), "deterministic=yes");
        assert_eq!(ansi.query("SELECT @@sql_mode, DATABASE()").unwrap()[0].text(0), "ANSI_QUOTES");
        assert!(!ansi.in_transaction(false));
    });
}

#[test]
fn names_are_what_they_are() {
    on_mysql(|project| {
        let catalog = made(
            &project,
            &[
                "CREATE TABLE `od``d \"name\"` (`a``b` int PRIMARY KEY, `sp ace` int, `Ünï` varchar(9) COMMENT 'é ü', `select` int, \
                 KEY `k``ey` (`sp ace`), CONSTRAINT `Ch``eck` CHECK (`a``b` > `sp ace`))",
                "CREATE TABLE `Größe` (`x` int, CONSTRAINT `f``k` FOREIGN KEY (`x`) REFERENCES `od``d \"name\"` (`a``b`))",
                "CREATE VIEW `v ``w` AS SELECT `a``b`, `Ünï` AS `o.k` FROM `od``d \"name\"`",
                "CREATE TRIGGER `tr``g` BEFORE INSERT ON `od``d \"name\"` FOR EACH ROW SET NEW.`sp ace` = 1",
                "CREATE PROCEDURE `pro c``` (IN `a``b` int) SELECT `a``b`",
                // These are ours, and nobody's to look at.
                "CREATE TABLE __dbtool_journal (a int)",
                "CREATE TABLE __diesel_schema_migrations (a int)",
                "CREATE TABLE `__DIESEL_other` (a int)",
            ],
        );
        let tables: Vec<&str> = catalog.tables.iter().map(|table| table.name.name.as_str()).collect();
        assert_eq!(tables, ["Größe", "od`d \"name\""]);
        let odd = catalog.table("od`d \"name\"").unwrap();
        assert_eq!(
            odd.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(),
            ["a`b", "sp ace", "Ünï", "select"]
        );
        assert_eq!(odd.checks[0].expression, "`a``b` > `sp ace`");
        assert_eq!(odd.indexes[0].name, "k`ey");
        assert_eq!(catalog.table("Größe").unwrap().foreign_keys[0].to.name, "od`d \"name\"");
        assert_eq!(catalog.routines[0].arguments.split(' ').nth(1), Some("`a``b`"));
        comes_back(&project, &catalog);
        // Where names are told apart by their case, two of them are two.
        if project.query("SELECT @@lower_case_table_names") == ["0"] {
            run(&project, &["CREATE TABLE grösse (x int, KEY (x))", "CREATE TABLE GRÖSSE (y int, KEY (y))"]);
            let catalog = read(&mut project.session());
            assert_eq!(catalog.table("grösse").unwrap().indexes[0].name, "x");
            assert_eq!(catalog.table("GRÖSSE").unwrap().indexes[0].name, "y");
        }
    });
}

#[test]
fn a_broken_view_is_told_and_stops_nothing() {
    on_mysql(|project| {
        let catalog = made(
            &project,
            &[
                "CREATE TABLE gone (a int)",
                "CREATE TABLE here (b int)",
                "CREATE VIEW broken AS SELECT a FROM gone",
                "CREATE VIEW broken_too AS SELECT a FROM broken",
                "CREATE VIEW fine AS SELECT b FROM here",
                "DROP TABLE gone",
            ],
        );
        assert_eq!(objects(&catalog.not_seen), ["columns of the view: broken", "columns of the view: broken_too"]);
        assert_eq!(catalog.view("broken").unwrap().body, "select `gone`.`a` AS `a` from `gone`");
        assert!(catalog.view("broken").unwrap().columns.is_empty());
        assert_eq!(catalog.view("fine").unwrap().columns.len(), 1);
        // It cannot be made again, and the rest can.
        let other = Project::on(project.backend).unwrap();
        run(&other, &catalog::ddl(&catalog, dialect_of(Backend::Mysql)));
        let again = read(&mut other.session());
        let changes: Vec<String> = diff::diff(&catalog, &again).into_iter().map(|change| change.name).collect();
        assert_eq!(changes, ["broken", "broken_too"]);
    });
}

#[test]
fn what_a_user_has_no_right_to_see_is_told() {
    on_mysql(|project| {
        run(
            &project,
            &[
                "CREATE TABLE t (a int CHECK (a > 0))",
                "CREATE VIEW v AS SELECT a FROM t",
                "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1",
                "CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1",
                "CREATE PROCEDURE p() SELECT 1",
            ],
        );
        let name = project.database().to_owned();
        let (reader, one) = (format!("r_{}", &name[12..]), format!("o_{}", &name[12..]));
        let grants = [
            format!("CREATE USER {reader}@'%' IDENTIFIED BY 'pw'"),
            format!("GRANT SELECT, EXECUTE ON `{name}`.* TO {reader}@'%'"),
            format!("CREATE USER {one}@'%' IDENTIFIED BY 'pw'"),
            format!("GRANT SELECT, TRIGGER ON `{name}`.t TO {one}@'%'"),
        ];
        run(&project, &grants);
        let rest = project.url.split_once('@').unwrap().1.to_owned();
        let seen_by = |user: &str| read(&mut project.session_on(&format!("mysql://{user}:pw@{rest}")));
        let catalog = seen_by(&reader);
        assert_eq!(
            objects(&catalog.not_seen),
            [
                "events: ".to_owned() + &name,
                "function: f".into(),
                "procedure: p".into(),
                "triggers of the table: t".into(),
                "view: v".into()
            ]
        );
        assert_eq!((catalog.tables.len(), catalog.views.len(), catalog.routines.len()), (1, 0, 0));
        assert_eq!(catalog.table("t").unwrap().columns.len(), 1);
        let catalog = seen_by(&one);
        assert_eq!(
            objects(&catalog.not_seen),
            [
                format!("events: {name}"),
                format!("functions and procedures without a right of this user: {name}"),
                format!("tables and views without a right of this user: {name}")
            ]
        );
        assert_eq!(catalog.table("t").unwrap().triggers.len(), 1);
        run(&project, &[format!("DROP USER {reader}@'%'"), format!("DROP USER {one}@'%'")]);
    });
}

#[test]
fn columns_that_a_user_may_not_see_are_told() {
    on_mysql(|project| {
        let tables = ["CREATE TABLE t (id int PRIMARY KEY, a int CHECK (a > 0), b int)", "CREATE TABLE u (id int)"];
        run(&project, &tables);
        let name = project.database().to_owned();
        let (user, rest) = (format!("c_{}", &name[12..]), project.url.split_once('@').unwrap().1.to_owned());
        let grants = [
            format!("CREATE USER {user}@'%' IDENTIFIED BY 'pw'"),
            format!("GRANT SELECT (id), TRIGGER ON `{name}`.t TO {user}@'%'"),
            format!("GRANT SELECT, TRIGGER ON `{name}`.u TO {user}@'%'"),
        ];
        run(&project, &grants);
        let url = format!("mysql://{user}:pw@{rest}");
        let seen = read(&mut project.session_on(&url));
        let runs = [
            project.run(&["schema", "diff", &url, &url]),
            project.run(&["--url", &url, "schema", "er"]),
            project.run(&["--url", &url, "schema", "rust"]),
        ];
        run(&project, &[format!("DROP USER {user}@'%'")]);
        let unseen = objects(&seen.not_seen);
        assert!(unseen.contains(&"columns of the table: t".to_owned()), "{unseen:?}");
        assert!(!unseen.iter().any(|one| one.ends_with(": u")), "{unseen:?}");
        assert_eq!(runs[0].code, 9, "{}", runs[0]);
        for run in runs {
            run.says(&["columns of the table `t`"]);
        }
    });
}

#[test]
fn the_number_of_queries_does_not_grow_with_the_tables() {
    on_mysql(|project| {
        let count = |session: &mut Session| {
            session.query("SHOW SESSION STATUS LIKE 'Questions'").unwrap()[0].number(1).unwrap()
        };
        let asked = |project: &Project| {
            let mut session = project.session();
            let before = count(&mut session);
            read(&mut session);
            count(&mut session) - before
        };
        run(&project, &["CREATE TABLE t0 (id int PRIMARY KEY)"]);
        let one = asked(&project);
        let more: Vec<String> = (1..40)
            .map(|n| format!("CREATE TABLE t{n} (id int PRIMARY KEY, a int, p int, KEY (a), CHECK (a > 0), FOREIGN KEY (p) REFERENCES t0 (id))"))
            .collect();
        run(&project, &more);
        assert_eq!(asked(&project), one);
    });
}

#[test]
fn tables_that_come_and_go_meanwhile_stop_nothing() {
    on_mysql(|project| {
        run(&project, &["CREATE TABLE stays (id int PRIMARY KEY)"]);
        let mut other = project.session();
        let again = || {
            for sql in [
                "CREATE TABLE goes (id int PRIMARY KEY, e text, FULLTEXT KEY (e), FOREIGN KEY (id) REFERENCES stays (id))",
                "CREATE VIEW goes_too AS SELECT id FROM goes",
                "CREATE TRIGGER going BEFORE INSERT ON goes FOR EACH ROW SET NEW.id = 1",
                "DROP TABLE goes",
                "DROP VIEW goes_too",
            ] {
                other.execute(sql).unwrap();
            }
        };
        meanwhile(again, || {
            let mut session = project.session();
            for _ in 0..40 {
                assert!(read(&mut session).table("stays").is_some());
            }
        });
    });
}

/// What a random column may be: its type, and the defaults that it can have.
const TYPES: &[(&str, &[&str])] = &[
    ("int", &["0", "-7"]),
    ("bigint unsigned", &["18446744073709551615"]),
    ("tinyint(1)", &["1"]),
    ("decimal(12,3)", &["1.500"]),
    ("double", &["0.25"]),
    ("varchar(30)", &["''", "'it''s'", "'a\\\\b'", "'é'", "'NULL'", "(concat('a', 'ü'))"]),
    ("char(5) character set ascii collate ascii_bin", &["'x'"]),
    ("datetime(3)", &["current_timestamp(3)", "'2020-02-03 04:05:06.700'"]),
    ("date", &["'2020-02-03'"]),
    ("time", &["'01:02:03'"]),
    ("enum('a','it''s','')", &["'it''s'"]),
    ("set('x','y')", &["'x,y'"]),
    ("bit(5)", &["b'10101'"]),
    ("varbinary(8)", &["'ab'"]),
    ("json", &["(json_array())"]),
    ("text", &["('long')"]),
];

/// A column: its type, its default where it has one, and whether it may be NULL.
type RandomColumn = (usize, Option<usize>, bool);

/// The statements of a random schema.
fn random_schema() -> impl Strategy<Value = Vec<String>> {
    let column = (0..TYPES.len(), proptest::option::of(0..6_usize), any::<bool>());
    let table = (
        proptest::collection::vec(column, 1..6),
        any::<[bool; 5]>(),
        prop_oneof![Just("of it''s"), Just(""), Just("é")],
    );
    proptest::collection::vec(table, 1..4).prop_map(|tables| {
        let mut statements = Vec::new();
        let several = tables.len();
        for (number, (columns, flags, comment)) in tables.iter().enumerate() {
            statements.push(random_table(number, columns, *flags, comment));
            if flags[3] {
                let view = format!("CREATE VIEW `v {number}` AS SELECT id, c0, 'x' AS said FROM `t {number}` WHERE id > {number}");
                statements.push(view);
            }
            if flags[4] {
                let to = (number + 1) % several;
                statements.push(format!("ALTER TABLE `t {number}` ADD COLUMN p int"));
                statements.push(format!(
                    "{LAST} ALTER TABLE `t {number}` ADD CONSTRAINT `f{number}` FOREIGN KEY (p) REFERENCES `t {to}` (id) ON DELETE SET NULL"
                ));
            }
        }
        // Keys come when all tables are there.
        let (last, mut first): (Vec<String>, Vec<String>) = statements.into_iter().partition(|sql| sql.starts_with(LAST));
        first.extend(last.iter().map(|sql| sql[LAST.len()..].to_owned()));
        first
    })
}

const LAST: &str = "/* last */";

fn random_table(number: usize, columns: &[RandomColumn], flags: [bool; 5], comment: &str) -> String {
    let mut lines = vec!["id int NOT NULL AUTO_INCREMENT PRIMARY KEY".to_owned()];
    for (at, (kind, default, nullable)) in columns.iter().enumerate() {
        let (type_name, defaults) = TYPES[*kind];
        let null = if *nullable { "NULL" } else { "NOT NULL" };
        let default = default.map_or_else(String::new, |one| format!(" DEFAULT {}", defaults[one % defaults.len()]));
        lines.push(format!("c{at} {type_name} {null}{default}"));
        let long = matches!(type_name, "json" | "text");
        if flags[0] && !long && at < 2 {
            lines.push(format!("KEY `k {at}` (c{at}, id DESC)"));
        }
        if flags[1] && at == 0 && type_name != "json" {
            let length = if long { "(9)" } else { "" };
            lines.push(format!("UNIQUE KEY u (c0{length})"));
        }
        if flags[2] && at == 0 && type_name.contains("char") {
            lines.push("CONSTRAINT `c k` CHECK (c0 <> 'it''s')".replace("c k", &format!("c {number}")));
        }
    }
    format!("CREATE TABLE `t {number}` ({}) COMMENT '{comment}'", lines.join(", "))
}

#[test]
fn random_schemas_come_back() {
    if server(Backend::Mysql).is_none() {
        return;
    }
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    let result = runner.run(&random_schema(), |statements| {
        let project = Project::on(Backend::Mysql).unwrap();
        run(&project, &statements);
        let catalog = read(&mut project.session());
        prop_assert!(catalog.not_seen.is_empty() && catalog.not_modelled.is_empty());
        comes_back(&project, &catalog);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn another_mode_of_the_session_changes_nothing() {
    on_mysql(|project| {
        let text = "a\\\\b''c";
        let usual = made(
            &project,
            &[
                &format!(
                    "CREATE TABLE t (a varchar(20) DEFAULT '{text}' COMMENT '{text}', CHECK (a <> '{text}'), g varchar(9) AS (concat(a, '{text}')))"
                ),
                &format!("CREATE VIEW v AS SELECT '{text}' AS x FROM t"),
                &format!("CREATE PROCEDURE p() COMMENT '{text}' SELECT '{text}'"),
            ],
        );
        for mode in ["NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"] {
            let set = format!("SET SESSION sql_mode = '{mode}'");
            let mut session = project.session();
            session.execute(&set).unwrap();
            let catalog = read(&mut session);
            assert_eq!(session.query("SELECT @@sql_mode").unwrap()[0].text(0), mode);
            assert_eq!((&catalog.tables, &catalog.views), (&usual.tables, &usual.views), "{mode}");
            let dialect = dialect_of(Backend::Mysql).of_session(&mut session).unwrap().unwrap();
            let other = Project::on(project.backend).unwrap();
            let mut second = other.session();
            second.execute(&set).unwrap();
            for sql in catalog::ddl(&catalog, dialect) {
                second.execute(&sql).unwrap_or_else(|error| panic!("{sql}\n{error}"));
            }
            assert_eq!(second.query("SELECT @@sql_mode").unwrap()[0].text(0), mode);
            let changes = diff::diff(&catalog, &read(&mut second));
            assert!(changes.is_empty(), "{mode} {changes:#?}");
        }
    });
}
