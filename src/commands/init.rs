//! `dbtool init`: what a project starts with.

use std::path::Path;

use include_dir::{Dir, include_dir};
use serde::Serialize;

use crate::config::Process;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::files;
use crate::output::{Format, Report, Terminal, emit};

/// Start a project here: dbtool.toml, diesel.toml, migrations/ and seeds/
///
/// A file that is there is left as it is.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to start with: nothing, or a small shop to look at
    #[arg(long, value_enum, default_value_t = Template::Empty)]
    template: Template,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Template {
    Empty,
    Shop,
}

/// The reference project's migrations, in the binary.
static SHOP: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

/// This repository's own; its last section names types of this crate, which nobody else has.
const SETTINGS: &str = include_str!("../../dbtool.toml");
const DIESEL: &str = include_str!("../../diesel.toml");
const SEEDS: &str = include_str!("../../seeds/README.md");
/// The shop's.
static SHOP_SEEDS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/seeds");

#[derive(Debug, Default, Serialize)]
struct Written {
    written: Vec<String>,
    /// Files that were there, and were left as they are.
    kept: Vec<String>,
}

impl Report for Written {}

pub fn run(args: &Args, process: &Process, terminal: &Terminal, format: Format) -> anyhow::Result<ExitCode> {
    let mut written = Written::default();
    let root = &process.directory;
    let settings = SETTINGS.split_once("\n[schema.types]").map_or(SETTINGS, |(settings, _)| settings);
    write(root, Path::new("dbtool.toml"), settings.as_bytes(), &mut written)?;
    let diesel = match args.template {
        // One backend's migrations, without a folder of its name.
        Template::Empty => DIESEL.replace("migrations/sqlite", "migrations"),
        Template::Shop => DIESEL.to_owned(),
    };
    write(root, Path::new("diesel.toml"), diesel.as_bytes(), &mut written)?;
    match args.template {
        Template::Empty => {
            write(root, Path::new("seeds/README.md"), SEEDS.as_bytes(), &mut written)?;
            // Git keeps no empty directory.
            write(root, Path::new("migrations/.keep"), b"", &mut written)?;
        }
        Template::Shop => {
            copy(&SHOP, root, "migrations", &mut written)?;
            copy(&SHOP_SEEDS, root, "seeds", &mut written)?;
        }
    }
    emit(terminal, format, &written, |terminal, written| {
        view(terminal, written, args.template);
    })?;
    Ok(ExitCode::Done)
}

fn copy(from: &Dir<'_>, root: &Path, into: &str, written: &mut Written) -> Result<(), Error> {
    for file in from.files() {
        write(root, &Path::new(into).join(file.path()), file.contents(), written)?;
    }
    from.dirs().try_for_each(|dir| copy(dir, root, into, written))
}

fn write(root: &Path, path: &Path, contents: &[u8], written: &mut Written) -> Result<(), Error> {
    let full = root.join(path);
    let shown = path.display().to_string();
    if full.exists() {
        written.kept.push(shown);
        return Ok(());
    }
    files::write(&full, contents)?;
    written.written.push(shown);
    Ok(())
}

fn view(terminal: &Terminal, report: &Written, template: Template) {
    let line = |mark: &str, path: &String| format!("{mark:<7}  {path}\n");
    let text: String = report
        .written
        .iter()
        .map(|path| line("written", path))
        .chain(report.kept.iter().map(|path| line("kept", path)))
        .collect();
    terminal.data(&text);
    terminal.hint(match template {
        Template::Empty => "next: `dbtool migrate new create_users`, write its SQL, then `dbtool migrate up`",
        Template::Shop => "next: `dbtool migrate up`, then `dbtool seed`",
    });
}
