//! The files of `table!` macros: made from the live schema, compared, and written where they differ. After a run of migrations,
//! too, as Diesel does.

use std::path::{Path, PathBuf};

use similar::TextDiff;

use super::{Live, rustfmt};
use crate::config::PrintSchema;
use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::files;
use crate::inspect::rust;

/// What becomes of the file after a run.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Keep {
    /// Leave the file of `schema rust` as it is
    #[arg(long)]
    pub no_schema: bool,
    /// Fail if the file of `schema rust` would change
    #[arg(long, conflicts_with = "no_schema")]
    pub locked_schema: bool,
}

/// The files to keep up with the database.
pub struct Kept {
    files: Vec<PrintSchema>,
    locked: bool,
}

/// A file as it should be.
pub struct Made {
    /// `default`, or the NAME of `[print_schema.NAME]`.
    pub section: String,
    /// None: stdout.
    pub path: Option<PathBuf>,
    pub text: String,
    /// From the file to what it should be, as a unified diff; None: it says the same, or there is none.
    pub difference: Option<String>,
}

impl Made {
    pub fn write(&self, context: &Context<'_>) -> Result<()> {
        let (Some(path), Some(_)) = (&self.path, &self.difference) else { return Ok(()) };
        if let Some(new) = path.parent().filter(|parent| !parent.as_os_str().is_empty() && !parent.exists()) {
            context.terminal.status(&format!("the directory `{}` is made", shown(context, new)));
        }
        files::write(path, self.text.as_bytes())
    }

    /// The error of a file that differs.
    pub fn stale(&self, context: &Context<'_>) -> Option<Error> {
        self.difference.as_ref()?;
        let shown = shown(context, self.path.as_deref()?);
        Some(Error::new(Code::Stale, format!("`{shown}` is not what the database is")))
    }
}

impl Kept {
    /// What diesel.toml names, read before anything runs. A patch is made for Diesel's own text, and that file left alone.
    pub fn of(context: &Context<'_>, keep: Keep) -> Result<Self> {
        let mut files = Vec::new();
        // What is in memory is gone with the connection that ran the migrations.
        let in_memory = context.settings.database()?.target.name() == ":memory:";
        if !keep.no_schema && !in_memory {
            let found = context.settings.print_schema();
            let found = found.map_err(|error| error.hint("`--no-schema` goes on without the file of `schema rust`"))?;
            for one in found.into_iter().filter(|one| one.file.is_some()) {
                if let Some(error) = patched(&one) {
                    context.terminal.warning(&format!("{error}: the file is left as it is"), None);
                    error.hints().iter().for_each(|hint| context.terminal.hint(hint));
                } else {
                    files.push(one);
                }
            }
        }
        Ok(Self { files, locked: keep.locked_schema })
    }

    /// Writes the files that are no longer what the database is, or refuses that. `changed`: something ran.
    pub fn refresh(&self, context: &Context<'_>, changed: bool) -> Result<()> {
        if self.files.is_empty() || !(changed || self.locked) {
            return Ok(());
        }
        let told = |error: Error| {
            if changed { error.note("the migrations ran, and are in the database") } else { error }
        };
        for made in make(context, &self.files).map_err(told)? {
            let (Some(path), Some(difference)) = (&made.path, &made.difference) else { continue };
            let shown = shown(context, path);
            if self.locked {
                context.terminal.status(difference.trim_end());
                let stale = made.stale(context).into_iter().map(told).next();
                return stale.map_or(Ok(()), |error| Err(error.hint("`dbtool schema rust` writes it")));
            }
            made.write(context).map_err(|error| told(error).hint("`dbtool schema rust` writes it again"))?;
            context.terminal.status(&format!("written   {shown}"));
        }
        Ok(())
    }
}

/// What is asked for by a section with a patch, as an error.
pub fn patched(section: &PrintSchema) -> Option<Error> {
    let patch = section.patch_file.as_ref()?;
    let message = format!("diesel.toml has a `patch_file`, which dbtool does not apply: `{}`", patch.display());
    let hint = "name types in dbtool.toml instead: `[schema.types]` with `\"users.id\" = \"BigInt\"`";
    Some(Error::new(Code::ConfigValue, message).hint(hint))
}

/// Makes each of the files anew, from one look at the database.
pub fn make(context: &Context<'_>, sections: &[PrintSchema]) -> Result<Vec<Made>> {
    make_of(context, &Live::read(context)?, sections)
}

/// The same from a look that was taken already.
pub(super) fn make_of(context: &Context<'_>, live: &Live, sections: &[PrintSchema]) -> Result<Vec<Made>> {
    let mut all = Vec::new();
    for section in sections {
        let types = &context.settings.schema.types;
        let wanted = rust::Wanted { catalog: &live.catalog, home: &live.home, settings: section, types };
        let schema = rust::write(&wanted)?;
        for warning in section.warnings.iter().chain(&schema.warnings) {
            context.terminal.warning(warning, None);
        }
        let directory = section.file.as_deref().and_then(Path::parent).unwrap_or(&context.settings.process.directory);
        let text = rustfmt::laid_out(schema.text, directory);
        let path = section.file.clone();
        let difference = path.as_deref().map(|path| difference(path, &text)).transpose()?.flatten();
        all.push(Made { section: section.name.clone(), path, text, difference });
    }
    Ok(all)
}

/// From a file to what it should be. How it is laid out is no difference.
fn difference(path: &Path, text: &str) -> Result<Option<String>> {
    let found = match std::fs::read_to_string(path) {
        Ok(found) if rust::same(&found, text) => return Ok(None),
        Ok(found) => found,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(cause) => return Err(Error::io("read", path, &cause)),
    };
    let diff = TextDiff::from_lines(found.as_str(), text);
    Ok(Some(diff.unified_diff().header("the file", "the database").to_string()))
}

/// A path as seen from the working directory.
pub fn shown(context: &Context<'_>, path: &Path) -> String {
    path.strip_prefix(&context.settings.process.directory).unwrap_or(path).display().to_string()
}
