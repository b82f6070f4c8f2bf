//! `dbtool schema er`

use serde::Serialize;

use super::{Live, tell_unseen};
use crate::commands::completions;
use crate::context::Context;
use crate::error::{Code, Error};
use crate::exit_code::ExitCode;
use crate::inspect::{self, Diagram, Thing};
use crate::output::{Report, emit};

/// Draw the tables and their foreign keys, as Mermaid or DOT
///
/// Mermaid is shown by GitHub and GitLab in Markdown, DOT is made a picture by Graphviz: `dbtool schema er --format dot | dot
/// -Tsvg`. Partitions are left out, and the table that they are of stands for them.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The language of the diagram
    #[arg(long, value_enum, default_value_t = Language::Mermaid)]
    format: Language,
    #[arg(long, value_name = "TABLE", add = completions::tables(), help = "Only this table, and those that it refers to or that refer to it")]
    around: Option<String>,
    /// How many foreign keys a table may be away [default: 1]
    #[arg(long, value_name = "N", requires = "around")]
    distance: Option<usize>,
}

#[derive(Debug, Clone, Copy, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
enum Language {
    Mermaid,
    Dot,
}

#[derive(Debug, Serialize)]
struct Drawn {
    format: Language,
    tables: Vec<String>,
    /// The diagram itself.
    text: String,
}

impl Report for Drawn {}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let live = Live::read(context)?;
    tell_unseen(context.terminal, &live.catalog);
    let diagram = match &args.around {
        None => Diagram::of(&live.catalog),
        Some(wanted) => match inspect::find(&live.catalog, live.own(wanted))? {
            Thing::Table(table) => Diagram::around(&live.catalog, &table.name, args.distance.unwrap_or(1)),
            other => {
                let message = format!("`{}` is no table, and has no foreign keys", other.name());
                return Err(Error::new(Code::UnknownTable, message)
                    .hint("`dbtool schema tables` lists the tables")
                    .into());
            }
        },
    };
    let text = match args.format {
        Language::Mermaid => inspect::mermaid(&diagram),
        Language::Dot => inspect::dot(&diagram),
    };
    let tables = diagram.tables.iter().map(|table| table.name.to_string()).collect();
    let drawn = Drawn { format: args.format, tables, text };
    emit(context.terminal, context.format, &drawn, |terminal, drawn| terminal.data(&drawn.text))?;
    Ok(ExitCode::Done)
}
