//! What a CREATE TABLE says that the pragmas do not: names of constraints, checks, collations, expressions.

use std::borrow::Cow;
use std::ops::Range;

use super::pieces::{Cursor, Kind, Piece};

/// A table's own statement. Expressions are ranges among its pieces.
#[derive(Debug, Default)]
pub(super) struct CreateTable<'a> {
    pub pieces: Vec<Piece<'a>>,
    pub columns: Vec<Column<'a>>,
    pub primary_key: Option<Key<'a>>,
    pub autoincrement: bool,
    pub uniques: Vec<Key<'a>>,
    pub checks: Vec<Check<'a>>,
    /// In the order of the text.
    pub foreign_keys: Vec<ForeignKey<'a>>,
    pub without_rowid: bool,
    pub strict: bool,
}

#[derive(Debug, Default)]
pub(super) struct Column<'a> {
    pub name: Cow<'a, str>,
    /// Its type is the one word INTEGER: as a primary key it is the number of the row.
    pub integer: bool,
    pub collation: Option<Cow<'a, str>>,
    pub generated: Option<Range<usize>>,
    /// What happens to a row with NULL in it.
    pub not_null_conflict: Option<String>,
}

/// A primary key or unique constraint.
#[derive(Debug)]
pub(super) struct Key<'a> {
    pub name: Option<Cow<'a, str>>,
    pub columns: Vec<Cow<'a, str>>,
    /// It says no more of its columns than their names.
    pub plain: bool,
    /// What happens to a second row.
    pub conflict: Option<String>,
}

#[derive(Debug)]
pub(super) struct Check<'a> {
    pub name: Option<Cow<'a, str>>,
    pub expression: Range<usize>,
}

#[derive(Debug)]
pub(super) struct ForeignKey<'a> {
    pub name: Option<Cow<'a, str>>,
    pub columns: Vec<Cow<'a, str>>,
    pub to: Cow<'a, str>,
    /// None: those of the primary key.
    pub to_columns: Vec<Cow<'a, str>>,
    pub on_delete: &'static str,
    pub on_update: &'static str,
    /// `immediate` or `deferred`, where it says DEFERRABLE.
    pub deferrable: Option<&'static str>,
}

/// What is done with a row whose parent goes, in the text's words or the pragma's.
pub(super) fn action(said: &str) -> &'static str {
    let known = ["cascade", "restrict", "set null", "set default"];
    known.into_iter().find(|known| known.eq_ignore_ascii_case(said)).unwrap_or("no action")
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

impl<'a> Parser<'a> {
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
        let integer = self.skip_type();
        self.table.columns.push(Column { name, integer, ..Column::default() });
        let mut constraint = None;
        while !self.cursor.ahead(&[","]) && !self.cursor.ahead(&[")"]) {
            if self.cursor.take(&["constraint"]) {
                constraint = Some(self.cursor.name()?);
            } else {
                self.column_constraint(constraint.take())?;
            }
        }
        Some(())
    }

    /// A type is any words, with up to two numbers behind them. `true`: it is INTEGER.
    fn skip_type(&mut self) -> bool {
        let mut words = 0;
        let mut integer = self.cursor.ahead(&["integer"]);
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
            integer = false;
        }
        integer && words == 1
    }

    /// The column that is being read, as a list.
    fn own_column(&self) -> Vec<Cow<'a, str>> {
        self.table.columns.last().map(|column| column.name.clone()).into_iter().collect()
    }

    fn column_constraint(&mut self, name: Option<Cow<'a, str>>) -> Option<()> {
        if self.cursor.take(&["primary", "key"]) {
            let plain = !self.cursor.ahead(&["desc"]);
            let _ = self.cursor.take(&["asc"]) || self.cursor.take(&["desc"]);
            let conflict = self.conflict();
            self.table.autoincrement |= self.cursor.take(&["autoincrement"]);
            self.table.primary_key = Some(Key { name, columns: self.own_column(), plain, conflict });
        } else if self.cursor.take(&["not", "null"]) {
            self.table.columns.last_mut()?.not_null_conflict = self.conflict();
        } else if self.cursor.take(&["null"]) {
            self.conflict();
        } else if self.cursor.take(&["unique"]) {
            let conflict = self.conflict();
            self.table.uniques.push(Key { name, columns: self.own_column(), plain: true, conflict });
        } else if self.cursor.take(&["check"]) {
            let expression = self.cursor.group()?;
            self.table.checks.push(Check { name, expression });
        } else if self.cursor.take(&["default"]) {
            self.skip_default()?;
        } else if self.cursor.take(&["collate"]) {
            let collation = self.cursor.name()?;
            self.table.columns.last_mut()?.collation = Some(collation);
        } else if self.cursor.ahead(&["references"]) {
            let columns = self.own_column();
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
            let (columns, plain) = self.key_columns()?;
            let conflict = self.conflict();
            self.table.primary_key = Some(Key { name, columns, plain, conflict });
        } else if self.cursor.take(&["unique"]) {
            let (columns, plain) = self.key_columns()?;
            let conflict = self.conflict();
            self.table.uniques.push(Key { name, columns, plain, conflict });
        } else if self.cursor.take(&["check"]) {
            let expression = self.cursor.group()?;
            self.conflict();
            self.table.checks.push(Check { name, expression });
        } else if self.cursor.take(&["foreign", "key"]) {
            let (columns, _) = self.key_columns()?;
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

    /// `(a, "b" COLLATE NOCASE DESC)`, and whether it is names alone; that of a primary key may end in AUTOINCREMENT.
    fn key_columns(&mut self) -> Option<(Vec<Cow<'a, str>>, bool)> {
        let list = self.cursor.group()?;
        self.table.autoincrement |=
            self.cursor.pieces[list.clone()].last().is_some_and(|last| last.is("autoincrement"));
        let items = self.cursor.items(list);
        let plain = items.iter().all(|item| item.len() == 1);
        let names: Option<Vec<_>> =
            items.into_iter().map(|item| self.cursor.pieces[item].iter().find_map(Piece::name)).collect();
        Some((names?, plain))
    }

    /// `ON CONFLICT …`, where it says one that is not the usual one.
    fn conflict(&mut self) -> Option<String> {
        let said = self.cursor.take(&["on", "conflict"]).then(|| self.cursor.name()).flatten();
        said.map(|resolution| resolution.to_ascii_lowercase()).filter(|resolution| resolution != "abort")
    }

    fn references(&mut self, name: Option<Cow<'a, str>>, columns: Vec<Cow<'a, str>>) -> Option<()> {
        self.cursor.expect(&["references"])?;
        let to = self.cursor.name()?;
        let to_columns = if self.cursor.ahead(&["("]) { self.key_columns()?.0 } else { Vec::new() };
        let (mut on_delete, mut on_update) = ("no action", "no action");
        loop {
            if self.cursor.take(&["on"]) {
                let event = self.cursor.next()?;
                let action = self.action()?;
                if event.is("delete") {
                    on_delete = action;
                } else if event.is("update") {
                    on_update = action;
                }
            } else if self.cursor.take(&["match"]) {
                self.cursor.name()?;
            } else {
                break;
            }
        }
        let deferrable = None;
        self.table.foreign_keys.push(ForeignKey { name, columns, to, to_columns, on_delete, on_update, deferrable });
        Some(())
    }

    /// What becomes of a row whose parent goes.
    fn action(&mut self) -> Option<&'static str> {
        let words: &[&str] = if self.cursor.ahead(&["set"]) || self.cursor.ahead(&["no"]) { &["", " "] } else { &[""] };
        let mut said = String::new();
        for before in words {
            said.extend([before, self.cursor.next()?.text]);
        }
        Some(action(&said))
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
