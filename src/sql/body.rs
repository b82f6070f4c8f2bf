//! Where the body of a trigger, function or procedure begins and ends, so that a `;` inside ends no statement.

use super::{Compound, Rules};

/// Follows one statement, word by word.
#[derive(Debug, Clone)]
pub struct Body {
    compound: Compound,
    /// The first words of the statement.
    head: Vec<String>,
    /// The last token that meant something, in capitals.
    previous: String,
    open: Vec<Open>,
    /// The statement is one that can have a body.
    routine: bool,
    parentheses: usize,
    /// MySQL: within `DECLARE … HANDLER FOR …`, whose statement begins behind a condition.
    declares: bool,
    /// MySQL: the token before `previous`.
    before: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Block,
    /// `IF`, `LOOP`, `WHILE`, or `CASE` as a statement.
    Control,
    Repeat,
    /// `CASE` as an expression.
    Case,
}

const HEAD: usize = 12;

/// MySQL: what a statement within a body stands behind.
const STARTS: [&str; 7] = [";", "THEN", "ELSE", "LOOP", "REPEAT", "BEGIN", ":"];

impl Body {
    #[must_use]
    pub fn new(rules: &Rules) -> Self {
        Self {
            compound: rules.compound,
            head: Vec::new(),
            previous: String::new(),
            open: Vec::new(),
            routine: false,
            parentheses: 0,
            declares: false,
            before: String::new(),
        }
    }

    /// Whether a `;` here is inside a body.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether we stand within parentheses.
    #[must_use]
    pub fn in_parentheses(&self) -> bool {
        self.parentheses > 0
    }

    /// The first words of the statement, in capitals.
    #[must_use]
    pub fn into_head(self) -> Vec<String> {
        self.head
    }

    /// Takes a token that is no word: its text, for symbols, or something that stands for it.
    pub fn symbol(&mut self, text: &str) {
        match text {
            "(" => self.parentheses += 1,
            ")" => self.parentheses = self.parentheses.saturating_sub(1),
            _ => {}
        }
        if text == ";" {
            self.declares = false;
        }
        self.before = std::mem::replace(&mut self.previous, text.to_owned());
    }

    pub fn word(&mut self, text: &str) {
        let word = text.to_ascii_uppercase();
        match self.compound {
            Compound::Postgres => self.postgres(&word),
            Compound::Sqlite => self.sqlite(&word),
            Compound::Mysql => self.mysql(&word),
        }
        if self.head.len() < HEAD {
            self.head.push(word.clone());
        }
        self.before = std::mem::replace(&mut self.previous, word);
    }

    fn head_is(&self, at: usize, words: &[&str]) -> bool {
        self.head.get(at).is_some_and(|word| words.contains(&word.as_str()))
    }

    fn has(&self, word: &str) -> bool {
        self.head.iter().any(|one| one == word)
    }

    /// The statements of a body end with `;`, so an `END` behind one, and only that, ends the body: the `END` of a
    /// `CASE` never follows a `;`.
    fn end_of_simple_body(&mut self, word: &str, opened_by: &str) {
        if self.is_open() && word == "END" && (self.previous == ";" || self.previous == opened_by) {
            self.open.pop();
        }
    }

    fn postgres(&mut self, word: &str) {
        let kind = if self.head_is(1, &["OR"]) { 3 } else { 1 };
        let routine = self.head_is(0, &["CREATE"]) && self.head_is(kind, &["FUNCTION", "PROCEDURE"]);
        if routine && word == "ATOMIC" && self.previous == "BEGIN" {
            self.open.push(Open::Block);
        } else {
            self.end_of_simple_body(word, "ATOMIC");
        }
    }

    fn sqlite(&mut self, word: &str) {
        let kind = if self.head_is(1, &["TEMP", "TEMPORARY"]) { 2 } else { 1 };
        let trigger = self.head_is(0, &["CREATE"]) && self.head_is(kind, &["TRIGGER"]);
        if trigger && word == "BEGIN" && !self.is_open() {
            self.open.push(Open::Block);
        } else {
            self.end_of_simple_body(word, "BEGIN");
        }
    }

    fn mysql(&mut self, word: &str) {
        if !self.routine {
            let program = matches!(word, "PROCEDURE" | "FUNCTION" | "TRIGGER" | "EVENT");
            let other = ["TABLE", "VIEW", "INDEX", "DATABASE", "SCHEMA", "USER", "ROLE", "SERVER"];
            let named_otherwise = self.head.iter().any(|word| other.contains(&word.as_str()));
            let verb = self.head_is(0, &["CREATE"]) || (self.head_is(0, &["ALTER"]) && word == "EVENT");
            self.routine = program && verb && self.parentheses == 0 && !named_otherwise;
            // MariaDB's block outside of stored programs.
            if word == "ATOMIC" && self.previous == "NOT" && self.head_is(0, &["BEGIN"]) {
                self.routine = true;
                self.open.push(Open::Block);
            }
            return;
        }
        match (word, self.open.last()) {
            ("END", Some(Open::Case | Open::Repeat)) => {
                self.open.pop();
            }
            ("END", Some(_)) if self.previous == ";" || self.previous == "BEGIN" => {
                self.open.pop();
            }
            // `begin` may be a column's name, too.
            ("BEGIN", _) if self.begins_statement() || self.declares || self.begins_body() => {
                self.open.push(Open::Block);
            }
            ("REPEAT", _) if self.begins_statement() => self.open.push(Open::Repeat),
            // FOR EACH ROW, behind a table's name.
            ("FOR", None) if self.has("TRIGGER") && !self.has("EACH") => {}
            // MariaDB has FOR.
            ("IF" | "LOOP" | "WHILE" | "CASE" | "FOR", _) if self.begins_statement() => self.open.push(Open::Control),
            ("CASE", _) if self.previous != "END" => self.open.push(Open::Case),
            ("DECLARE", _) if self.begins_statement() => self.declares = true,
            _ => {}
        }
    }

    /// Whether the next word can be the BEGIN of the whole body: anything but a name stands before it.
    fn begins_body(&self) -> bool {
        let names = ["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "EXISTS", "."];
        !self.is_open() && self.parentheses == 0 && !names.contains(&self.previous.as_str())
    }

    /// Whether the next word stands where a statement of a stored program can begin.
    fn begins_statement(&self) -> bool {
        if self.parentheses > 0 || self.open.last() == Some(&Open::Case) {
            return false;
        }
        match self.previous.as_str() {
            // The DO of a WHILE; behind the statement DO stands an expression.
            "DO" if self.is_open() => !STARTS.contains(&self.before.as_str()),
            previous if STARTS.contains(&previous) => self.is_open(),
            // A body without BEGIN begins behind these, a comment, or the trigger that this one follows.
            "ROW" | ")" | "DETERMINISTIC" | "DATA" | "SQL" | "DEFINER" | "INVOKER" | "DO" | "literal" => {
                !self.is_open()
            }
            _ => !self.is_open() && matches!(self.before.as_str(), "FOLLOWS" | "PRECEDES"),
        }
    }
}
