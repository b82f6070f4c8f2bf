//! The same work by hand: the statements that dbtool was seen to send, with values of one's own.

use std::collections::BTreeMap;

use dbtool::backend::Backend;
use dbtool::db::types::{Id, Instant};
use serde_json::json;

use super::super::work::{Seen, Task};
use super::{Again, Bind, Plain, Rows};

/// How often a transaction is tried; as dbtool does it.
const ATTEMPTS: usize = 20;

pub struct Worker<'s> {
    pub plain: Box<dyn Plain>,
    pub seen: &'s Seen,
    pub backend: Backend,
    /// How often a transaction had to be tried again.
    pub again: usize,
}

#[allow(clippy::needless_pass_by_value, reason = "it is called with values and with references")]
fn text(value: impl ToString) -> Bind {
    Bind::Text(value.to_string())
}

impl Worker<'_> {
    /// Does a task, and gives how many rows it came to.
    pub fn run(&mut self, task: &Task) -> usize {
        match task {
            Task::Find(id) => self.rows(&self.seen.find[0], &[text(id), Bind::Int(1)]).len(),
            Task::List(user) => {
                let [page, total] = &self.seen.list[..] else { panic!("{:?}", self.seen.list) };
                let most = dbtool::entities::Options::COUNTED + 1;
                let count = self.rows(total, &[text(user), Bind::Int(most)]);
                self.rows(page, &[text(user), Bind::Int(20), Bind::Int(0)]).len() + count.len() - 1
            }
            Task::Join(id) => {
                let [order, items, products] = &self.seen.join[..] else { panic!("{:?}", self.seen.join) };
                self.rows(order, &[text(id), Bind::Int(1)]);
                let items = self.rows(items, &[Bind::Many(vec![id.to_string()])]);
                let ids = items.iter().map(|item| item[2].clone().unwrap()).collect();
                self.rows(products, &[Bind::Many(ids)]).len()
            }
            Task::Place(user, items) => {
                for _ in 0..ATTEMPTS {
                    if let Ok(()) = self.place(user, items) {
                        return items.len();
                    }
                    self.again += 1;
                    let _ = self.plain.execute("ROLLBACK");
                }
                panic!("given up")
            }
        }
    }

    fn rows(&mut self, sql: &str, binds: &[Bind]) -> Rows {
        self.plain.run(sql, binds).unwrap()
    }

    /// An amount in cents, as the column has it.
    fn money(&self, cents: i64) -> Bind {
        match self.backend {
            Backend::Sqlite => Bind::Int(cents),
            _ => text(format!("{}.{:02}", cents / 100, cents % 100)),
        }
    }

    fn place(&mut self, email: &str, wanted: &[(String, i64)]) -> Result<(), Again> {
        let mut statements = self.seen.place.iter();
        let mut next = move || statements.next().unwrap();
        loop {
            let begin = next();
            self.plain.execute(begin)?;
            if begin.starts_with("BEGIN") || begin.starts_with("START") {
                break;
            }
        }
        let wanted: BTreeMap<&str, i64> = wanted.iter().map(|(sku, quantity)| (sku.as_str(), *quantity)).collect();
        let user = self.plain.run(next(), &[text(email), Bind::Int(1)])?;
        let user = user[0][0].clone().unwrap();
        let skus = wanted.keys().map(|sku| (*sku).to_owned()).collect();
        let found = self.plain.run(next(), &[Bind::Many(skus)])?;
        let mut ids: Vec<String> = found.into_iter().map(|row| row[0].clone().unwrap()).collect();
        ids.sort_unstable();
        // Locked: id, SKU, name, price, stock.
        let products = self.plain.run(next(), &[Bind::Many(ids.clone())])?;
        let cents = |price: &str| price.replace('.', "").parse::<i64>().unwrap();
        let mut lines = Vec::new();
        for product in &products {
            let [id, sku, _, price, stock] = product.each(|cell| cell.clone().unwrap());
            let quantity = wanted[sku.as_str()];
            assert!(stock.parse::<i64>().unwrap() >= quantity);
            lines.push((id, quantity, cents(&price)));
        }
        for (id, quantity, _) in &lines {
            let binds = [Bind::Int(*quantity), Bind::Null, text(id), Bind::Int(*quantity)];
            self.plain.run(next(), &binds)?;
        }
        let total = lines.iter().map(|(_, quantity, cents)| quantity * cents).sum();
        let order = Id::new().to_string();
        let head = [text(&order), text(&user), text("pending"), self.money(total), Bind::Null, Bind::Null];
        self.plain.run(next(), &head)?;
        for (product, quantity, cents) in &lines {
            let binds = [text(Id::new()), text(&order), text(product), Bind::Int(*quantity), self.money(*cents)];
            self.plain.run(next(), &binds)?;
        }
        let head = self.plain.run(next(), &[text(&order)])?;
        let items = self.plain.run(next(), &[Bind::Many(vec![order.clone()])])?;
        assert_eq!((head.len(), items.len()), (1, lines.len()));
        assert!(self.plain.run(next(), &[Bind::Many(ids), Bind::Int(0)])?.is_empty());
        let item = |row: &Vec<Option<String>>| json!({ "product_id": row[1], "sku": row[2], "name": row[3], "quantity": row[4], "unit_price": row[5] });
        let items: Vec<_> = items.iter().map(item).collect();
        let [id, status, user_id, user, total, created, updated] = &head[0][..] else { panic!("{head:?}") };
        let after = json!({
            "id": id, "status": status, "user_id": user_id, "user": user, "total_amount": total, "created_at": created,
            "updated_at": updated, "items": items,
        });
        let now = Instant::now().to_string();
        let now = if self.backend == Backend::Mysql { now.replace('T', " ").replace('Z', "") } else { now };
        let event = [
            text(Id::new()),
            text(now),
            text("bench"),
            text("place"),
            text("orders"),
            text(&order),
            text("done"),
            Bind::Null,
            Bind::Null,
            text(after),
            text(Id::new()),
        ];
        self.plain.run(next(), &event)?;
        self.plain.execute("COMMIT")
    }
}

trait Each {
    fn each<const N: usize>(&self, of: impl Fn(&Option<String>) -> String) -> [String; N];
}

impl Each for Vec<Option<String>> {
    fn each<const N: usize>(&self, of: impl Fn(&Option<String>) -> String) -> [String; N] {
        std::array::from_fn(|at| of(&self[at]))
    }
}
