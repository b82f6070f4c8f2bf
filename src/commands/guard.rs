//! What may destroy something, and when it may. Pure: whether to go on, to ask, or to refuse.

use crate::config::Environment;
use crate::context::Context;
use crate::error::{Code, Error, Result};

/// What a command may do to a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Danger {
    /// It only adds.
    None,
    /// It goes back: refused in a protected environment.
    Reverts,
    /// It may lose everything: asks in any environment.
    Destroys,
}

#[derive(Debug)]
pub enum Verdict {
    Go,
    Ask,
    Refuse(Error),
}

/// Decides from the environment, the flags, and whether a person can be asked.
#[must_use]
pub fn judge(
    environment: &Environment,
    danger: Danger,
    yes: bool,
    confirm: Option<&str>,
    interactive: bool,
) -> Verdict {
    let name = &environment.name;
    if let Some(confirm) = confirm.filter(|confirm| confirm != name) {
        let message = format!("`--confirm {confirm}` names another environment than this command's, which is `{name}`");
        return Verdict::Refuse(Error::new(Code::Refused, message).note("nothing was done"));
    }
    if danger == Danger::None || confirm.is_some() {
        return Verdict::Go;
    }
    if environment.protected {
        let error =
            Error::new(Code::Protected, format!("the environment `{name}` is protected")).note("nothing was done");
        return Verdict::Refuse(error.hint(format!("add `--confirm {name}`, if you mean it")));
    }
    match danger {
        Danger::Destroys if !yes && interactive => Verdict::Ask,
        Danger::Destroys if !yes => {
            let error = Error::new(Code::Refused, "this needs a confirmation, and there is no terminal to ask on");
            Verdict::Refuse(error.note("nothing was done").hint("add `--yes`, if you mean it"))
        }
        _ => Verdict::Go,
    }
}

/// Decides, and asks where that is to be done.
pub fn check(context: &Context<'_>, danger: Danger, question: &str) -> Result<()> {
    let environment = &context.settings.environment;
    let interactive = context.terminal.interactive;
    match judge(environment, danger, context.yes, context.confirm.as_deref(), interactive) {
        Verdict::Go => Ok(()),
        Verdict::Refuse(error) => Err(error),
        Verdict::Ask if context.terminal.ask(question) => Ok(()),
        Verdict::Ask => Err(Error::new(Code::Refused, "not confirmed").note("nothing was done")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_guards() {
        use Danger::{Destroys, None as Harmless, Reverts};
        // danger, protected, --yes, --confirm, a terminal → go, ask, or the error
        let cases = [
            (Harmless, false, false, None, false, "go"),
            (Harmless, true, false, None, false, "go"),
            (Harmless, false, false, Some("other"), false, "guard/refused"),
            (Reverts, false, false, None, false, "go"),
            (Reverts, true, false, None, false, "guard/protected"),
            (Reverts, true, false, None, true, "guard/protected"),
            (Reverts, true, true, None, true, "guard/protected"),
            (Reverts, true, false, Some("here"), false, "go"),
            (Reverts, true, true, Some("other"), false, "guard/refused"),
            (Destroys, false, false, None, false, "guard/refused"),
            (Destroys, false, false, None, true, "ask"),
            (Destroys, false, true, None, false, "go"),
            (Destroys, false, false, Some("here"), false, "go"),
            (Destroys, true, true, None, true, "guard/protected"),
            (Destroys, true, false, Some("here"), false, "go"),
        ];
        for (danger, protected, yes, confirm, interactive, expected) in cases {
            let environment = Environment { name: "here".into(), explicit: false, protected };
            let verdict = match judge(&environment, danger, yes, confirm, interactive) {
                Verdict::Go => "go",
                Verdict::Ask => "ask",
                Verdict::Refuse(error) => error.code().name(),
            };
            assert_eq!(verdict, expected, "{danger:?} {protected} {yes} {confirm:?} {interactive}");
        }
    }
}
