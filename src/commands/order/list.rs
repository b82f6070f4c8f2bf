//! `dbtool order list`

use serde::Serialize;

use super::shown::Shown;
use crate::commands::when;
use crate::context::Context;
use crate::db::types::{Id, Instant};
use crate::entities::ordering::{self, Filter, Status};
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::output::{Column, Report, Rows, Style, Terminal, emit};
use crate::text;

/// List orders, the newest first
///
/// A time is `2026-01-05T09:00:00Z`, a day such as `2026-01-05` (in UTC), or how long ago: `2h`, `7d`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Orders of this user, by e-mail address
    #[arg(long, value_name = "EMAIL")]
    user: Option<String>,
    /// Orders that stand there: pending, paid, shipped, delivered, cancelled, returned
    #[arg(long, value_name = "STATUS", hide_possible_values = true)]
    status: Option<Status>,
    /// Placed from this time on
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    since: Option<Instant>,
    /// Placed before this time
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    until: Option<Instant>,
    /// So many orders at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// The page behind the one that ended with this order
    #[arg(long, value_name = "ORDER")]
    after: Option<Id>,
}

impl clap::ValueEnum for Status {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(self.name().into())
    }
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let mut connection = context.diesel()?;
    let filter = Filter { user: args.user.clone(), status: args.status, since: args.since, until: args.until };
    let page = ordering::list(&mut connection, &filter, args.limit, args.after)?;
    let sensitive = context.sensitive().iter().collect();
    let orders = page.orders.iter().map(|order| Shown::of(order, &sensitive)).collect::<Result<_>>()?;
    emit(context.terminal, context.format, &ShownPage { orders, next: page.next }, view)?;
    Ok(ExitCode::Done)
}

/// [`ordering::Page`], sensitive values masked.
#[derive(Debug, Serialize)]
struct ShownPage {
    orders: Vec<Shown>,
    next: Option<Id>,
}

impl Report for ShownPage {
    fn rows(&self) -> Option<Rows> {
        let row = |order: &Shown| {
            vec![order.id(), order.status(), order.user(), order.count(), order.total(), order.placed()]
        };
        let columns = vec![
            Column::left("id"),
            Column::left("status"),
            Column::left("user"),
            Column::right("items"),
            Column::right("total amount"),
            Column::left("created at"),
        ];
        Some(Rows { columns, rows: self.orders.iter().map(row).collect() })
    }

    fn list(&self) -> &'static str {
        "orders"
    }
}

fn view(terminal: &Terminal, page: &ShownPage) {
    let row = |order: &Shown| {
        vec![order.id(), order.status(), order.user(), order.count(), order.total(), order.placed_short()]
    };
    let columns = vec![
        Column::left("order"),
        Column::left("status"),
        Column::left("user"),
        Column::right("items"),
        Column::right("total"),
        Column::left("placed"),
    ];
    Rows { columns, rows: page.orders.iter().map(row).collect() }.visible().print(terminal);
    let count = terminal.paint(Style::Bold, &text::count(page.orders.len(), "order"));
    match page.next {
        Some(next) => terminal.status(&format!("{count}, and there are more: `--after {next}`")),
        None if page.orders.is_empty() => terminal.status("no orders"),
        None => terminal.status(&count),
    }
}
