//! The contract of the catalog: the reference schema is the same model on every backend, and comes back from its own DDL.

use dbtool::backend::Backend;
use dbtool::catalog::{self, Catalog, Type, diff};
use dbtool::db::{Purpose, Session};

use crate::support::{Project, connector, on_each_backend, root};

fn read(session: &mut Session, project: &Project) -> Catalog {
    let dialect = connector(&project.url).dialect();
    let home = session.home(dialect).unwrap();
    catalog::read(session, dialect, &home).unwrap()
}

fn reference(project: Project) -> Project {
    let directory = root().join("migrations");
    let project = project.variable("DBTOOL_MIGRATE_DIR", directory.to_str().unwrap());
    project.ok(&["migrate", "up"]);
    project
}

/// What a column holds, as the reference schema means it: the backends keep it in ways of their own.
fn meaning(name: &str, neutral: &Type) -> &'static str {
    let is_money = ["price", "unit_price", "total_amount"].contains(&name);
    let is_time = name.ends_with("_at");
    match neutral {
        Type::Decimal { .. } | Type::Integer { .. } if is_money => "money",
        Type::Integer { .. } => "number",
        Type::Instant | Type::Timestamp | Type::Text { .. } if is_time => "time",
        Type::Date => "date",
        Type::Text { .. } if name.ends_with("_date") => "date",
        Type::Json => "json",
        Type::Text { .. } if ["before", "after"].contains(&name) => "json",
        Type::Uuid => "id",
        Type::Text { .. } if name == "id" || name.ends_with("_id") || name.ends_with("_by") => "id",
        Type::Text { .. } => "text",
        other => panic!("{name} is {other:?}"),
    }
}

/// Everything of the reference schema that must be the same on each backend, a line each.
fn contract(catalog: &Catalog) -> Vec<String> {
    let mut lines = Vec::new();
    for table in &catalog.tables {
        let name = &table.name;
        for column in &table.columns {
            let null = if column.nullable { "null" } else { "not null" };
            lines.push(format!("{name}.{} {} {null}", column.name, meaning(&column.name, &column.neutral)));
        }
        lines.push(format!("{name} primary key {:?}", table.primary_key.as_ref().unwrap().columns));
        for key in &table.foreign_keys {
            let (from, to) = (key.columns.join(", "), key.to_columns.join(", "));
            let name = key.name.as_deref().unwrap();
            lines.push(format!("{}.{name} ({from}) to {} ({to}) on delete {}", table.name, key.to, key.on_delete));
        }
        lines.extend(table.uniques.iter().map(|key| format!("{name} unique {:?} {:?}", key.name, key.columns)));
        for index in &table.indexes {
            let columns: Vec<_> = index.parts.iter().map(|part| part.column.clone().unwrap()).collect();
            lines.push(format!("{name}.{} {columns:?} unique {}", index.name, index.unique));
        }
    }
    lines
}

#[test]
fn the_reference_schema_is_the_same_model_everywhere() {
    let first = reference(Project::sqlite());
    let expected = contract(&read(&mut first.session(), &first));
    assert!(expected.len() > 100, "{expected:#?}");
    on_each_backend(|project| {
        let project = reference(project);
        let found = contract(&read(&mut project.session(), &project));
        let missing: Vec<_> = expected.iter().filter(|line| !found.contains(line)).collect();
        // What PostgreSQL's unique index includes, MySQL's cannot, and SQLite needs none of it.
        let covers = |line: &str| {
            project.backend == Backend::Mysql
                && line.starts_with("order_items.idx_order_items_order_id_product_id_quantity ")
        };
        let more: Vec<_> = found.iter().filter(|line| !expected.contains(line) && !covers(line)).collect();
        assert!(missing.is_empty() && more.is_empty(), "{}: missing {missing:#?}, more {more:#?}", project.backend);
    });
}

#[test]
fn the_reference_schema_comes_back_from_its_ddl() {
    on_each_backend(|project| {
        let project = reference(project);
        let dialect = connector(&project.url).dialect();
        let one = read(&mut project.session(), &project);
        assert!(one.not_modelled.is_empty() && one.not_seen.is_empty(), "{one:#?}");
        let other = Project::on(project.backend).unwrap();
        let mut session = connector(&other.url).open(Purpose::Write).unwrap();
        for sql in catalog::ddl(&one, dialect) {
            session.execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
        let two = read(&mut session, &other);
        assert_eq!(diff::diff(&one, &two), vec![], "{}", project.backend);
        assert_eq!(one.fingerprint, two.fingerprint);
        // What is read only to be compared is the same.
        let home = session.home(dialect).unwrap();
        assert_eq!(catalog::read_structure(&mut session, dialect, &home).unwrap().fingerprint, one.fingerprint);
    });
}
