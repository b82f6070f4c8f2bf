//! `dbtool data aggregate`

use super::Place;
use super::selection::{Selection, columns};
use super::view::Records;
use crate::commands::completions;
use crate::context::Context;
use crate::data::{self, Aggregate, Function, Measure};
use crate::exit_code::ExitCode;

/// Count, sum and compare rows in groups
///
/// `dbtool data aggregate orders --by status --count --sum total_amount --having 'count > 5' --sort -count`. Decimals are exact.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_name = "TABLE", add = completions::tables(), help = "The table or view")]
    table: String,
    #[arg(value_name = "FILTER", add = completions::columns(), help = "Filters, and keys")]
    words: Vec<String>,
    #[command(flatten)]
    selection: Selection,
    /// How many rows
    #[arg(long)]
    count: bool,
    /// The sum of columns
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    sum: Vec<String>,
    /// The average of columns
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    avg: Vec<String>,
    /// The least of columns
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    min: Vec<String>,
    /// The greatest of columns
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    max: Vec<String>,
    /// A row for each group of rows in which these columns are the same
    #[arg(long, value_name = "COLUMNS")]
    by: Option<String>,
    /// Which groups, by the columns of the result: `count > 5 and sum_total_amount >= 100`
    #[arg(long, value_name = "EXPRESSION")]
    having: Option<String>,
    /// The order, by the columns of the result: `-count`
    #[arg(long, value_name = "COLUMNS", allow_hyphen_values = true)]
    sort: Option<String>,
    /// How many groups at most
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Show sensitive values
    #[arg(long)]
    reveal: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let (place, mut connection) = Place::open(context)?;
    let subject = place.subject(&args.table)?;
    let condition = args.selection.read(&subject, &args.words, place.world_of(args.reveal))?.condition;
    let mut measures = Vec::new();
    let functions = [
        (Function::Sum, &args.sum),
        (Function::Average, &args.avg),
        (Function::Least, &args.min),
        (Function::Greatest, &args.max),
    ];
    // Without anything else it is the number of rows that is asked for.
    if args.count || functions.iter().all(|(_, names)| names.is_empty()) {
        measures.push(Measure { function: Function::Count, column: None });
    }
    for (function, names) in functions {
        for name in names {
            measures.push(Measure::new(&subject, function, name, args.reveal)?);
        }
    }
    let by = args.by.as_deref().map(|names| columns(&subject, Some(names))).transpose()?.unwrap_or_default();
    for at in &by {
        let column = &subject.columns[*at];
        if column.sensitive && !args.reveal {
            let message = format!("`{}.{}` is sensitive, and groups would tell its values", subject.name, column.name);
            let error = crate::error::Error::new(crate::error::Code::Filter, message);
            return Err(error.hint("add `--reveal`, if you may see it").into());
        }
    }
    let down = |word: &str| match word.trim().strip_prefix('-') {
        Some(name) => (name.to_owned(), true),
        None => (word.trim().to_owned(), false),
    };
    let sort = args.sort.as_deref().map(|words| words.split(',').map(down).collect()).unwrap_or_default();
    let having = args.having.as_deref().map(data::parse).transpose()?;
    let plan = Aggregate { subject, condition, by, measures, having, sort, limit: args.limit };
    let groups = plan.run(&mut connection)?;
    Records::new(&groups, &groups.rows, plan.names()).emit(context)?;
    Ok(ExitCode::Done)
}
