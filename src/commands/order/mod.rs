//! `dbtool order …`

mod advance;
mod list;
mod place;
mod show;
mod shown;

use clap::Subcommand;

use self::shown::Shown;
use crate::context::Context;
use crate::entities::ordering::{Details, Move};
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::output::{Report as _, Style, Terminal, aligned, emit};
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

/// Prints an order, sensitive values masked.
fn print(context: &Context<'_>, order: &Details) -> Result<()> {
    emit(context.terminal, context.format, &Shown::of(order, &context.sensitive().iter().collect())?, view)
}

/// An order on a page: what it is, its items, their sum.
fn view(terminal: &Terminal, order: &Shown) {
    let title = terminal.paint_data(Style::Bold, &format!("order {}", order.id()));
    let mut page = format!("{title}  {}\n", order.status());
    let facts = [("user", order.user()), ("placed", order.placed_short()), ("changed", order.changed_short())];
    let facts = facts.into_iter().filter(|(_, fact)| !fact.is_empty());
    let facts: Vec<_> = facts.map(|(name, fact)| vec![name.to_owned(), fact]).collect();
    for line in aligned(&facts) {
        page.extend(["  ", &line, "\n"]);
    }
    page.push('\n');
    terminal.data(&page);
    let mut rows = order.rows().unwrap_or_default().visible();
    let blank = String::new;
    rows.rows.push(vec!["total".to_owned(), blank(), blank(), blank(), order.total()]);
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
