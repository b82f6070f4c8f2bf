//! What a CREATE TABLE says that the pragmas do not: names of constraints, checks, collations, expressions.

use std::ops::Range;

use super::pieces::{Cursor, Kind, Piece};

/// A table's own statement. Expressions are ranges among its pieces.
#[derive(Debug, Default)]
pub(super) struct CreateTable<'a> {
    pub pieces: Vec<Piece<'a>>,
    pub columns: Vec<Column>,
    pub primary_key: Option<Key>,
    pub autoincrement: bool,
    pub uniques: Vec<Key>,
    pub checks: Vec<Check>,
    /// In the order of the text.
    pub foreign_keys: Vec<ForeignKey>,
    pub without_rowid: bool,
    pub strict: bool,
}

#[derive(Debug, Default)]
pub(super) struct Column {
    pub name: String,
    pub collation: Option<String>,
    pub generated: Option<Range<usize>>,
    /// What happens to a row with NULL in it.
    pub not_null_conflict: Option<String>,
}

/// A primary key or unique constraint.
#[derive(Debug)]
pub(super) struct Key {
    pub name: Option<String>,
    pub columns: Vec<String>,
    /// What happens to a second row.
    pub conflict: Option<String>,
}

#[derive(Debug)]
pub(super) struct Check {
    pub name: Option<String>,
    pub expression: Range<usize>,
}

#[derive(Debug)]
pub(super) struct ForeignKey {
    pub name: Option<String>,
    pub columns: Vec<String>,
    /// `immediate` or `deferred`, where it says DEFERRABLE.
    pub deferrable: Option<&'static str>,
}

/// Reads a statement; `None`: it is not what SQLite's grammar says.
pub(super) fn parse(sql: &str) -> Option<CreateTable<'_>> {
    let mut parser = Parser { cursor: Cursor::new(sql), table: CreateTable::default() };
    parser.statement()?;
    Some(CreateTable { pieces: parser.cursor.pieces, ..parser.table })
}

/// The words with which a constraint begins, behind a column or by itself. None of them can be a bare name.
const OF_COLUMNS: &[&str] = &[
    "constraint",
    "primary",
    "not",
    "null",
    "unique",
    "check",
    "default",
    "collate",
    "references",
    "as",
    "deferrable",
];
const OF_TABLES: &[&str] = &["constraint", "primary", "unique", "check", "foreign"];

struct Parser<'a> {
    cursor: Cursor<'a>,
    table: CreateTable<'a>,
}

impl Parser<'_> {
    fn statement(&mut self) -> Option<()> {
        self.cursor.expect(&["create"])?;
        let _ = self.cursor.take(&["temp"]) || self.cursor.take(&["temporary"]);
        self.cursor.expect(&["table"])?;
        self.cursor.take(&["if", "not", "exists"]);
        self.cursor.qualified_name()?;
        self.cursor.expect(&["("])?;
        loop {
            if self.comes(OF_TABLES) {
                self.table_constraint()?;
            } else {
                self.column()?;
            }
            if self.cursor.take(&[")"]) {
                break;
            }
            // Between two constraints of a table the comma may be left out.
            if !self.cursor.take(&[","]) && !self.comes(OF_TABLES) {
                return None;
            }
        }
        self.options()
    }

    fn options(&mut self) -> Option<()> {
        loop {
            if self.cursor.take(&["without", "rowid"]) {
                self.table.without_rowid = true;
            } else if self.cursor.take(&["strict"]) {
                self.table.strict = true;
            }
            if !self.cursor.take(&[","]) {
                break;
            }
        }
        self.cursor.take(&[";"]);
        self.cursor.is_at_end().then_some(())
    }

    fn comes(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.cursor.ahead(&[word]))
    }

    fn column(&mut self) -> Option<()> {
        let name = self.cursor.name()?;
        self.skip_type();
        self.table.columns.push(Column { name: name.clone(), ..Column::default() });
        let mut constraint = None;
        while !self.cursor.ahead(&[","]) && !self.cursor.ahead(&[")"]) {
            if self.cursor.take(&["constraint"]) {
                constraint = Some(self.cursor.name()?);
            } else {
                self.column_constraint(&name, constraint.take())?;
            }
        }
        Some(())
    }

    /// A type is any words, with up to two numbers behind them.
    fn skip_type(&mut self) {
        let mut words = 0;
        while let Some(piece) = self.cursor.peek() {
            let is_word = matches!(piece.kind, Kind::Word | Kind::Name | Kind::String);
            if !is_word || self.comes(OF_COLUMNS) || self.cursor.ahead(&["generated", "always", "as"]) {
                break;
            }
            self.cursor.next();
            words += 1;
        }
        if words > 0 && self.cursor.ahead(&["("]) {
            let _ = self.cursor.group();
        }
    }

    fn column_constraint(&mut self, column: &str, name: Option<String>) -> Option<()> {
        let columns = vec![column.to_owned()];
        if self.cursor.take(&["primary", "key"]) {
            let _ = self.cursor.take(&["asc"]) || self.cursor.take(&["desc"]);
            let conflict = self.conflict();
            self.table.autoincrement |= self.cursor.take(&["autoincrement"]);
            self.table.primary_key = Some(Key { name, columns, conflict });
        } else if self.cursor.take(&["not", "null"]) {
            self.table.columns.last_mut()?.not_null_conflict = self.conflict();
        } else if self.cursor.take(&["null"]) {
            self.conflict();
        } else if self.cursor.take(&["unique"]) {
            let conflict = self.conflict();
            self.table.uniques.push(Key { name, columns, conflict });
        } else if self.cursor.take(&["check"]) {
            let expression = self.cursor.group()?;
            self.table.checks.push(Check { name, expression });
        } else if self.cursor.take(&["default"]) {
            self.skip_default()?;
        } else if self.cursor.take(&["collate"]) {
            let collation = self.cursor.name()?;
            self.table.columns.last_mut()?.collation = Some(collation);
        } else if self.cursor.ahead(&["references"]) {
            self.references(name, columns)?;
        } else if self.cursor.take(&["generated", "always", "as"]) || self.cursor.take(&["as"]) {
            let expression = self.cursor.group()?;
            let _ = self.cursor.take(&["stored"]) || self.cursor.take(&["virtual"]);
            self.table.columns.last_mut()?.generated = Some(expression);
        } else {
            self.deferrable()?;
        }
        Some(())
    }

    fn skip_default(&mut self) -> Option<()> {
        if self.cursor.ahead(&["("]) {
            self.cursor.group()?;
        } else {
            let _ = self.cursor.take(&["-"]) || self.cursor.take(&["+"]);
            self.cursor.next()?;
        }
        Some(())
    }

    fn table_constraint(&mut self) -> Option<()> {
        let mut name = None;
        while self.cursor.take(&["constraint"]) {
            name = Some(self.cursor.name()?);
        }
        if self.cursor.take(&["primary", "key"]) {
            let columns = self.key_columns()?;
            let conflict = self.conflict();
            self.table.primary_key = Some(Key { name, columns, conflict });
        } else if self.cursor.take(&["unique"]) {
            let columns = self.key_columns()?;
            let conflict = self.conflict();
            self.table.uniques.push(Key { name, columns, conflict });
        } else if self.cursor.take(&["check"]) {
            let expression = self.cursor.group()?;
            self.conflict();
            self.table.checks.push(Check { name, expression });
        } else if self.cursor.take(&["foreign", "key"]) {
            let columns = self.key_columns()?;
            self.references(name, columns)?;
            if self.comes(&["not", "deferrable"]) {
                self.deferrable()?;
            }
        } else if name.is_none() {
            // A name without a constraint is let pass.
            return None;
        }
        Some(())
    }

    /// `(a, "b" COLLATE NOCASE DESC)`; that of a primary key may end in AUTOINCREMENT.
    fn key_columns(&mut self) -> Option<Vec<String>> {
        let list = self.cursor.group()?;
        self.table.autoincrement |=
            self.cursor.pieces[list.clone()].last().is_some_and(|last| last.is("autoincrement"));
        let items = self.cursor.items(list);
        items.into_iter().map(|item| self.cursor.pieces[item].iter().find_map(Piece::name)).collect()
    }

    /// `ON CONFLICT …`, where it says one that is not the usual one.
    fn conflict(&mut self) -> Option<String> {
        let said = self.cursor.take(&["on", "conflict"]).then(|| self.cursor.name()).flatten();
        said.map(|resolution| resolution.to_ascii_lowercase()).filter(|resolution| resolution != "abort")
    }

    fn references(&mut self, name: Option<String>, columns: Vec<String>) -> Option<()> {
        self.cursor.expect(&["references"])?;
        self.cursor.name()?;
        if self.cursor.ahead(&["("]) {
            self.cursor.group()?;
        }
        loop {
            if self.cursor.take(&["on"]) {
                // DELETE, UPDATE or INSERT, and what is done then: the pragma tells it.
                self.cursor.next()?;
                if self.cursor.take(&["set"]) || self.cursor.take(&["no"]) {
                    self.cursor.next()?;
                } else {
                    self.cursor.name()?;
                }
            } else if self.cursor.take(&["match"]) {
                self.cursor.name()?;
            } else {
                break;
            }
        }
        self.table.foreign_keys.push(ForeignKey { name, columns, deferrable: None });
        Some(())
    }

    /// What it says is of the foreign key before it.
    fn deferrable(&mut self) -> Option<()> {
        let not = self.cursor.take(&["not"]);
        self.cursor.expect(&["deferrable"])?;
        let deferred = self.cursor.take(&["initially", "deferred"]);
        if !deferred {
            self.cursor.take(&["initially", "immediate"]);
        }
        let when = if deferred { "deferred" } else { "immediate" };
        self.table.foreign_keys.last_mut()?.deferrable = (!not).then_some(when);
        Some(())
    }
}
