//! Commands as people type them who know other tools, or leave out the group: which of ours they mean.

use clap::Command;

/// What other tools call it, and ours.
const WORDS: &[(&str, &[&str])] = &[
    ("apply", &["migrate up"]),
    ("deploy", &["migrate up"]),
    ("upgrade", &["migrate up"]),
    ("latest", &["migrate up"]),
    ("rollback", &["migrate down"]),
    ("undo", &["migrate down"]),
    ("downgrade", &["migrate down"]),
    ("goto", &["migrate to"]),
    ("create", &["migrate new", "db create"]),
    ("make", &["migrate new"]),
    ("add", &["migrate new"]),
    ("info", &["migrate status"]),
    ("version", &["migrate status", "--version"]),
    ("validate", &["migrate status --check"]),
    ("drift", &["schema check"]),
    ("describe", &["schema show"]),
    ("log", &["migrate history"]),
    ("resolve", &["migrate repair"]),
    ("fix", &["migrate repair"]),
    ("setup", &["db create", "migrate up"]),
    ("fresh", &["db reset"]),
];

/// The commands that a word may mean which is none at its place: `migrate up` for `up`.
#[must_use]
pub fn meant(root: &Command, word: &str) -> Vec<String> {
    let word = word.to_lowercase();
    if let Some((_, ours)) = WORDS.iter().find(|(theirs, _)| *theirs == word) {
        return ours.iter().map(ToString::to_string).collect();
    }
    let within = |group: &Command| {
        let named =
            group.get_subcommands().filter(|one| one.get_name() == word || one.get_all_aliases().any(|it| it == word));
        named.map(|one| format!("{} {}", group.get_name(), one.get_name())).collect::<Vec<_>>()
    };
    root.get_subcommands().flat_map(within).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_that_is_meant_is_there() {
        let root = crate::command();
        for (word, ours) in WORDS {
            for command in *ours {
                let mut found = &root;
                for part in command.split(' ').filter(|part| !part.starts_with('-')) {
                    let next = found.find_subcommand(part);
                    found = next.unwrap_or_else(|| panic!("{word}: there is no `{command}`"));
                }
            }
        }
        assert_eq!(meant(&root, "up"), ["migrate up"]);
        assert_eq!(meant(&root, "revert"), ["migrate down"]);
        assert_eq!(meant(&root, "nothing-like-it"), [""; 0]);
    }
}
