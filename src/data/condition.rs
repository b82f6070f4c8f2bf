//! A filter that is known to fit its table: columns are there, values are theirs. Pure, and what is rendered to SQL and
//! evaluated in memory alike.

use super::expr::{Expr, Op, Operand, Origin, Test};
use super::link::{Link, World};
use super::parse::{FARTHEST, error_at};
use crate::db::Value;
use crate::error::{Code, Error, Result};
use crate::rows::{Kind, Subject};

/// What must hold for a row.
#[derive(Clone)]
pub enum Condition<'c> {
    All(Vec<Condition<'c>>),
    Any(Vec<Condition<'c>>),
    Not(Box<Condition<'c>>),
    Compare {
        column: usize,
        op: Op,
        value: Value,
    },
    In {
        column: usize,
        values: Vec<Value>,
    },
    IsNull {
        column: usize,
        negated: bool,
    },
    /// There is a related row for which it holds.
    Exists {
        link: Box<Link<'c>>,
        condition: Box<Condition<'c>>,
    },
}

impl<'c> Condition<'c> {
    /// Finds the columns of a filter, and reads its values as theirs.
    pub fn resolve(subject: &Subject<'c>, expr: &Expr, world: World<'_>) -> Result<Self> {
        let each =
            |parts: &[Expr]| parts.iter().map(|part| Self::resolve(subject, part, world)).collect::<Result<Vec<_>>>();
        Ok(match expr {
            Expr::All(parts) => Self::All(each(parts)?),
            Expr::Any(parts) => Self::Any(each(parts)?),
            Expr::Not(expr) => Self::Not(Box::new(Self::resolve(subject, expr, world)?)),
            Expr::Test(test) => along(subject, &test.path, test, world).map_err(|error| placed(error, &test.origin))?,
        })
    }

    /// The sensitive columns whose values it compares with.
    #[must_use]
    pub fn sensitive(&self, subject: &Subject<'_>) -> Vec<String> {
        let mut names = match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(|part| part.sensitive(subject)).collect(),
            Self::Not(condition) => condition.sensitive(subject),
            Self::Exists { link, condition } => condition.sensitive(&link.to),
            Self::Compare { column, .. } | Self::In { column, .. } => {
                let column = Some(&subject.columns[*column]).filter(|column| column.sensitive);
                column.map(|column| format!("`{}.{}`", subject.name, column.name)).into_iter().collect()
            }
            Self::IsNull { .. } => Vec::new(),
        };
        names.sort_unstable();
        names.dedup();
        names
    }

    /// How many values it compares with.
    #[must_use]
    pub fn values(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::values).sum(),
            Self::Not(condition) | Self::Exists { condition, .. } => condition.values(),
            Self::Compare { .. } => 1,
            Self::In { values, .. } => values.len(),
            Self::IsNull { .. } => 0,
        }
    }
}

/// Where an error is in what was typed, if it does not stand there yet.
fn placed(error: Error, origin: &Origin) -> Error {
    if origin.is_where {
        let place = error_at(&origin.text, origin.at, "").place().cloned();
        match place {
            Some(place) if error.place().is_none() => error.at(place),
            _ => error,
        }
    } else {
        error.note(format!("the filter is `{}`", filter_shown(&origin.text)))
    }
}

/// A filter without its value, which may be a sensitive one.
fn filter_shown(text: &str) -> &str {
    let end = text.find(['=', '<', '>', '~']).map_or(text.len(), |at| at + 1);
    &text[..end]
}

fn along<'c>(subject: &Subject<'c>, path: &[String], test: &Test, world: World<'_>) -> Result<Condition<'c>> {
    let [first, rest @ ..] = path else { return Err(Error::new(Code::Filter, "a column is missing")) };
    if rest.is_empty() {
        return at_column(subject, first, test, world);
    }
    if path.len() > FARTHEST {
        return Err(Error::new(Code::Filter, format!("a path leads through {FARTHEST} related tables at most")));
    }
    let link = Link::find(subject, first, world)?;
    let condition = match &link.through {
        None => along(&link.to, rest, test, world)?,
        Some(on) => {
            let condition = along(&on.to, rest, test, world)?;
            Condition::Exists { link: on.clone(), condition: Box::new(condition) }
        }
    };
    let link = Link { through: None, ..link };
    Ok(Condition::Exists { link: Box::new(link), condition: Box::new(condition) })
}

fn at_column<'c>(subject: &Subject<'c>, name: &str, test: &Test, world: World<'_>) -> Result<Condition<'c>> {
    let at = match subject.column(name) {
        Ok(at) => at,
        // Perhaps it is a related table, and its column is missing.
        Err(error) => {
            return Err(match Link::find(subject, name, world) {
                Ok(link) => error.hint(format!(
                    "`{name}` is a related table: name a column of it, such as `{name}.{}`",
                    link.to.columns[0].name
                )),
                Err(_) => error,
            });
        }
    };
    let column = &subject.columns[at];
    let table = subject.name.to_string();
    let read =
        |word: &String| column.parse(&table, word, subject.grammar).map_err(|error| error.with_code(Code::Filter));
    let is_text = |op: Op| matches!(op, Op::Contains | Op::NotContains | Op::Like);
    let bounds = matches!(test.op, Op::Greater | Op::GreaterOrEqual | Op::Less | Op::LessOrEqual);
    if column.sensitive && !world.reveal && (bounds || is_text(test.op)) {
        let message =
            format!("`{table}.{name}` is sensitive, and whoever may ask for a part of it can find it all out");
        let error = Error::new(Code::Filter, message);
        return Err(
            error.hint(format!("compare the whole of it: `{name}=…`, or read with `--reveal`, if you may see it"))
        );
    }
    match (&test.operand, test.op) {
        (Operand::None, op) => Ok(Condition::IsNull { column: at, negated: op == Op::IsNotNull }),
        (Operand::Several(words), _) => {
            let values = words.iter().map(read).collect::<Result<Vec<_>>>()?;
            Ok(Condition::In { column: at, values })
        }
        (Operand::One(_), op) if column.kind == Kind::Json && !is_text(op) => {
            let error = Error::new(
                Code::Filter,
                format!("`{table}.{name}` is JSON, which has no order and is equal to nothing"),
            );
            Err(error.hint(format!("`{name}~part` looks for a part of its text")))
        }
        (Operand::One(word), op) if is_text(op) => {
            if matches!(column.kind, Kind::Bytes { .. }) {
                return Err(Error::new(
                    Code::Filter,
                    format!("`{table}.{name}` is bytes, which have no text to look into"),
                ));
            }
            if column.kind == Kind::Minor {
                return Err(Error::new(
                    Code::Filter,
                    format!("`{table}.{name}` is an amount, which is stored as a number: compare it"),
                ));
            }
            if word.contains('\0') && !subject.grammar.keeps_nul() {
                return Err(Error::new(Code::Filter, "a NUL character, which the database cannot hold in text"));
            }
            let open = word.len() - word.trim_end_matches('\\').len();
            if op == Op::Like && open % 2 == 1 && subject.grammar.needs_whole_patterns() {
                let message =
                    format!("the pattern for `{table}.{name}` ends with a backslash, which hides what follows it");
                return Err(Error::new(Code::Filter, message).hint("`\\\\` is a backslash itself"));
            }
            Ok(Condition::Compare { column: at, op, value: Value::text(word) })
        }
        (Operand::One(word), op) => {
            if op.orders() && matches!(column.kind, Kind::Bool) {
                return Err(Error::new(
                    Code::Filter,
                    format!("`{table}.{name}` is `true` or `false`, which have no order"),
                ));
            }
            Ok(Condition::Compare { column: at, op, value: read(word)? })
        }
    }
}
