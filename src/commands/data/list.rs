//! `dbtool data list`

use super::Place;
use super::selection::{Selection, columns};
use super::view::Records;
use crate::commands::completions;
use crate::context::Context;
use crate::data::{After, Count, Nested, Query, Sort};
use crate::exit_code::ExitCode;
use crate::text;

/// Show rows of a table or view
///
/// Words behind the table are filters: `status=paid`, `total_amount>=100`, `name~lamp` (contains), `user.role=admin` (there is a
/// related row), and without shell characters `total_amount:gte=100`, `status:in=paid,shipped`, `phone:is=null`. The newest come
/// first where rows have a `created_at`; the primary key breaks ties. On a terminal 20 rows are shown, elsewhere all.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_name = "TABLE", add = completions::tables(), help = "The table or view")]
    table: String,
    #[arg(value_name = "FILTER", add = completions::columns(), help = "Filters, and keys")]
    words: Vec<String>,
    #[command(flatten)]
    selection: Selection,
    /// The order: `-created_at,name`; a minus goes down
    #[arg(long, value_name = "COLUMNS", allow_hyphen_values = true)]
    sort: Option<String>,
    /// The columns to show
    #[arg(long, value_name = "COLUMNS")]
    columns: Option<String>,
    /// Related rows within each row: `items.product,user`
    #[arg(long, value_name = "NAMES")]
    with: Option<String>,
    /// How many rows at most
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// How many rows to pass over
    #[arg(long, value_name = "N", default_value_t = 0)]
    offset: u64,
    /// Go on behind the page that ended with this token
    #[arg(long, value_name = "TOKEN", conflicts_with = "offset", allow_hyphen_values = true)]
    after: Option<String>,
    /// How to count the rows of all pages: exact for models, none otherwise
    #[arg(long, value_name = "HOW")]
    count: Option<Count>,
    /// Show sensitive values
    #[arg(long)]
    reveal: bool,
}

/// How many rows are shown where a person reads.
const SCREEN: u64 = 20;

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let (place, mut connection) = Place::open(context)?;
    let subject = place.subject(&args.table)?;
    let condition = args.selection.read(&subject, &args.words, place.world_of(args.reveal))?.condition;
    let sort = Sort::parse(&subject, args.sort.as_deref(), args.reveal)?;
    let after = args.after.as_deref().map(|token| After::parse(&subject, &sort, token, args.reveal)).transpose()?;
    let nested = args.with.as_deref().map(|words| Nested::parse(&subject, words, place.world())).transpose()?;
    let usual = if subject.entity.is_some() { Count::Exact } else { Count::None };
    let screen = context.settings.process.stdout_is_terminal.then_some(SCREEN);
    let query = Query {
        condition,
        sort,
        after,
        limit: args.limit.or(screen),
        offset: args.offset,
        columns: columns(&subject, args.columns.as_deref())?,
        nested: nested.unwrap_or_default(),
        count: args.count.unwrap_or(usual),
        reveal: args.reveal,
        subject,
    };
    let listing = query.run(&mut connection)?;
    Records::new(&listing, &listing.rows, query.names()).emit(context)?;
    let shown = listing.rows.len();
    let status = match (listing.count, &listing.next) {
        (Some(count), _) if count != shown as u64 => {
            format!("{} of {}", text::thousands(shown as u64), text::thousands(count))
        }
        _ if shown == 0 => "no rows".to_owned(),
        _ => text::count(shown, "row"),
    };
    let next = listing.next.as_ref().map(|token| format!(", next: --after {token}")).unwrap_or_default();
    context.terminal.status(&format!("{status}{next}"));
    Ok(ExitCode::Done)
}
