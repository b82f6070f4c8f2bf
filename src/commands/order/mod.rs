//! `dbtool order …`

mod advance;
mod list;
mod place;
mod show;

use clap::Subcommand;

use crate::commands::when;
use crate::context::Context;
use crate::entities::ordering::{Details, Item, Move};
use crate::exit_code::ExitCode;
use crate::output::{Column, Report, Rows, Style, Terminal, aligned};
use crate::text;

#[derive(Debug, Subcommand)]
pub enum Command {
    Place(place::Args),
    Show(show::Args),
    List(list::Args),
    /// Note that a pending order is paid
    Pay(advance::Args),
    /// Note that a paid order is on its way
    Ship(advance::Args),
    /// Note that a shipped order has arrived
    Deliver(advance::Args),
    /// Cancel a pending or paid order: what was ordered is back in stock
    Cancel(advance::Args),
    /// Take a delivered order back: what was ordered is back in stock
    Return(advance::Args),
}

impl Command {
    pub fn run(&self, context: &Context<'_>) -> anyhow::Result<ExitCode> {
        match self {
            Command::Place(args) => place::run(context, args),
            Command::Show(args) => show::run(context, args),
            Command::List(args) => list::run(context, args),
            Command::Pay(args) => advance::run(context, args, Move::Pay),
            Command::Ship(args) => advance::run(context, args, Move::Ship),
            Command::Deliver(args) => advance::run(context, args, Move::Deliver),
            Command::Cancel(args) => advance::run(context, args, Move::Cancel),
            Command::Return(args) => advance::run(context, args, Move::Return),
        }
    }
}

/// The items are the rows of an order.
impl Report for Details {
    fn rows(&self) -> Option<Rows> {
        let row = |item: &Item| {
            vec![
                item.sku.clone(),
                item.name.clone(),
                item.quantity.to_string(),
                item.unit_price.to_string(),
                item.amount.to_string(),
            ]
        };
        let columns = vec![
            Column::left("sku"),
            Column::left("name"),
            Column::right("quantity"),
            Column::right("unit price"),
            Column::right("amount"),
        ];
        Some(Rows { columns, rows: self.items.iter().map(row).collect() })
    }

    fn list(&self) -> &'static str {
        "items"
    }
}

/// An order on a page: what it is, its items, their sum.
fn view(terminal: &Terminal, order: &Details) {
    let title = terminal.paint_data(Style::Bold, &format!("order {}", order.id));
    let mut page = format!("{title}  {}\n", order.status);
    let changed = if order.updated_at == order.created_at { String::new() } else { when::short(order.updated_at) };
    let facts = [("user", order.user.clone()), ("placed", when::short(order.created_at)), ("changed", changed)];
    let facts = facts.into_iter().filter(|(_, fact)| !fact.is_empty());
    let facts: Vec<_> = facts.map(|(name, fact)| vec![name.to_owned(), fact]).collect();
    for line in aligned(&facts) {
        page.extend(["  ", &line, "\n"]);
    }
    page.push('\n');
    terminal.data(&page);
    let mut rows = order.rows().unwrap_or_default();
    let blank = String::new;
    rows.rows.push(vec!["total".to_owned(), blank(), blank(), blank(), order.total_amount.to_string()]);
    rows.print(terminal);
}

/// What can be done next, on stderr.
fn hint(terminal: &Terminal, order: &Details) {
    let moves = order.next().iter().filter_map(|status| Move::to(*status));
    let moves: Vec<_> = moves.map(|one| format!("`dbtool order {one} {}`", order.id)).collect();
    if !moves.is_empty() {
        terminal.hint(&format!("next: {}", text::listed(moves)));
    }
}
