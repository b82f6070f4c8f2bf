//! `dbtool data create`

use std::path::PathBuf;

use super::apply::{self, Change, Done, How};
use super::{Place, input};
use crate::audit::Event;
use crate::commands::completions;
use crate::context::Context;
use crate::error::{Code, Error};
use crate::exit_code::ExitCode;
use crate::rows::{Changes, Upserted};

/// Store a new row, or several
///
/// `dbtool data create countries code=NL name=Netherlands`. `column=` is empty text, `column:null` is NULL. A file holds an object
/// of JSON, or a list of objects.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_name = "TABLE", add = completions::tables(), help = "The table")]
    table: String,
    #[arg(value_name = "COLUMN=VALUE", add = completions::columns(), help = "The values; - reads JSON from stdin")]
    words: Vec<String>,
    /// Read the values from a JSON file; - is stdin
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    from: Option<PathBuf>,
    /// Change the row instead where one with the same key is there
    #[arg(long)]
    upsert: bool,
    #[command(flatten)]
    how: How,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let (place, mut connection) = Place::open(context)?;
    let subject = place.subject(&args.table)?;
    subject.to_change()?;
    let stdin = args.words.iter().any(|word| word == "-").then(|| PathBuf::from("-"));
    let words: Vec<String> = args.words.iter().filter(|word| *word != "-").cloned().collect();
    let (assignments, others) = input::assignments(&subject, &words)?;
    if let Some(word) = others.first() {
        let error = Error::new(Code::Usage, format!("`{word}` gives no column a value")).note("nothing was done");
        return Err(error.hint("write `column=value`; `column:null` is NULL").into());
    }
    let given = input::of_assignments(&subject, &assignments)?;
    let mut rows = match args.from.as_ref().or(stdin.as_ref()) {
        Some(path) => input::of_file(&subject, path)?,
        None => input::Input { records: vec![serde_json::Map::new()], single: true },
    };
    for record in &mut rows.records {
        record.extend(given.clone());
    }
    let lasting = subject.lasting(&mut connection)?;
    lasting.as_ref().map_or(Ok(()), |lasting| lasting.check(args.how.dry_run))?;
    let trail = context.trail(&mut connection)?;
    let changes = Changes::new(&subject, &trail);
    let verb = if args.upsert { "stored" } else { "created" };
    let event = Event::new("create", subject.name.to_string(), Event::MANY);
    let done = apply::run(context, &mut connection, &trail, (&args.how, lasting.as_ref()), event, |connection| {
        let mut done = Done::default();
        for (at, record) in rows.records.iter().enumerate() {
            let stored = if args.upsert {
                changes.upsert(connection, record.clone())
            } else {
                changes.create(connection, record.clone()).map(Upserted::Created)
            };
            let stored = stored.map_err(|error| {
                let error = if rows.single { error } else { error.note(format!("it is row {}", at + 1)) };
                apply::stays(lasting.as_ref(), error, &done, verb)
            })?;
            done.changes.push(match stored {
                Upserted::Created(row) => Change { before: None, after: Some(row) },
                Upserted::Updated(before, after) => Change { before: Some(before), after: Some(after) },
                Upserted::Unchanged(row) => Change { before: Some(row.clone()), after: Some(row) },
            });
        }
        Ok(done)
    })?;
    apply::tell(context, &subject, &args.how, verb, rows.single, &done)?;
    Ok(ExitCode::Done)
}
