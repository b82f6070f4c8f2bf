//! A schema made by hand, for the tests here.

use crate::backend::Backend;
use crate::catalog::{
    Catalog, Check, Column, Enum, ForeignKey, Identity, Index, IndexPart, Key, Name, Options, Order, Routine, Table,
    TableKind, Trigger, Type, View,
};

pub fn column(name: &str, type_name: &str) -> Column {
    let mut column = Column::new(name, type_name, Type::Other { name: type_name.to_owned() });
    column.nullable = false;
    column
}

pub fn key(columns: &[&str]) -> Key {
    Key { name: None, columns: texts(columns), included: Vec::new(), options: Options::new() }
}

pub fn foreign_key(columns: &[&str], to: Name, to_columns: &[&str]) -> ForeignKey {
    ForeignKey {
        name: Some(format!("fk_{}", columns.join("_"))),
        columns: texts(columns),
        to,
        to_columns: texts(to_columns),
        on_delete: "cascade".to_owned(),
        on_update: "no action".to_owned(),
        deferrable: None,
        valid: true,
        options: Options::new(),
    }
}

pub fn table(name: &str, columns: &[Column]) -> Table {
    let mut table = Table::new(Name::of(None, name), TableKind::Table);
    table.columns = columns.to_vec();
    table.primary_key = columns.first().map(|column| key(&[&column.name]));
    table
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn routine(arguments: &str) -> Routine {
    Routine {
        name: Name::of(None, "total"),
        kind: "function".to_owned(),
        arguments: arguments.to_owned(),
        returns: Some("numeric".to_owned()),
        language: "sql".to_owned(),
        body: "SELECT 1".to_owned(),
        comment: None,
        options: Options::new(),
        sql: None,
    }
}

fn orders() -> Table {
    let mut id = column("id", "bigint");
    id.identity = Some(Identity::Always);
    let mut total = column("total", "numeric(12,2)");
    total.default = Some("0".to_owned());
    total.comment = Some("with tax".to_owned());
    let mut note = column("note", "text");
    note.nullable = true;
    let mut orders = table("orders", &[id, column("user_id", "bigint"), total, note]);
    orders.comment = Some("What was bought".to_owned());
    orders.rows = Some(1_234);
    orders.bytes = Some(49_152);
    let mut to_users = foreign_key(&["user_id"], Name::of(None, "users"), &["id"]);
    to_users.deferrable = Some("deferred".to_owned());
    orders.foreign_keys.push(to_users);
    orders.checks.push(Check {
        name: Some("ck_total".to_owned()),
        expression: "total >= 0".to_owned(),
        valid: true,
        options: Options::new(),
    });
    orders.indexes.push(Index {
        name: "idx_user_total".to_owned(),
        unique: false,
        method: "btree".to_owned(),
        parts: vec![part("user_id", Order::Ascending), part("total", Order::Descending)],
        included: vec!["note".to_owned()],
        predicate: Some("total > 0".to_owned()),
        valid: true,
        comment: None,
        options: Options::new(),
        sql: None,
    });
    orders.triggers.push(Trigger {
        name: "keep".to_owned(),
        timing: "before".to_owned(),
        events: texts(&["insert", "update of total"]),
        for_each_row: true,
        condition: None,
        body: "BEGIN\n  SELECT 1;\nEND".to_owned(),
        enabled: true,
        comment: None,
        options: Options::new(),
        sql: None,
    });
    orders.options.insert("row_security".to_owned(), "true".to_owned());
    orders
}

fn part(column: &str, order: Order) -> IndexPart {
    IndexPart { column: Some(column.to_owned()), expression: None, order, options: Options::new() }
}

/// A small shop, with a name that another differs from only in its letters' size, and one in another schema.
pub fn catalog() -> Catalog {
    let mut catalog = Catalog::empty(Backend::from_name("postgres").unwrap());
    catalog.fingerprint = "0123456789abcdef".to_owned();
    let users = table("users", &[column("id", "bigint"), column("email", "text")]);
    let mut users = Table { uniques: vec![key(&["email"])], ..users };
    let mut manager = column("manager_id", "bigint");
    manager.nullable = true;
    users.columns.push(manager);
    users.foreign_keys.push(foreign_key(&["manager_id"], users.name.clone(), &["id"]));
    let mut items = table("order_items", &[column("order_id", "bigint"), column("line", "integer")]);
    items.primary_key = Some(key(&["order_id", "line"]));
    items.foreign_keys.push(foreign_key(&["order_id"], Name::of(None, "orders"), &["id"]));
    let mut events = table("events", &[column("id", "bigint"), column("user_id", "bigint")]);
    events.name = Name::of(Some("audit"), "events");
    events.uniques.push(key(&["user_id"]));
    events.foreign_keys.push(foreign_key(&["user_id"], users.name.clone(), &["id"]));
    let other = table("Users", &[column("id", "bigint")]);
    catalog.tables = vec![other, items, orders(), users, events];
    catalog.views.push(View {
        name: Name::of(None, "order_totals"),
        materialized: false,
        columns: vec![column("total", "numeric")],
        body: "SELECT sum(total) AS total\n  FROM orders".to_owned(),
        indexes: Vec::new(),
        triggers: Vec::new(),
        comment: None,
        options: Options::new(),
        sql: None,
    });
    catalog.enums.push(Enum { name: Name::of(None, "mood"), values: texts(&["sad", "happy"]), comment: None });
    catalog.routines = vec![routine("uuid"), routine("uuid, text")];
    catalog
}
