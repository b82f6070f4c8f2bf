//! Counts, sums, averages, least and greatest, in groups. What is decimal stays exact.

use serde::Serialize;
use serde_json::Value as Json;

use super::average::average;
use super::condition::Condition;
use super::expr::{Expr, Op, Operand, Test};
use super::list::unreadable;
use super::render;
use crate::db::{AnyConnection, DbError, Form, Value};
use crate::error::{Code, Error, Result};
use crate::record::Record;
use crate::rows::{Column, Kind, Subject, Writer};
use crate::text;

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Count,
    Sum,
    Average,
    Least,
    Greatest,
}

/// Something that is computed for each group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    pub function: Function,
    /// `None`: rows are counted.
    pub column: Option<usize>,
}

/// What is wanted: a plan.
#[derive(Clone)]
pub struct Aggregate<'c> {
    pub subject: Subject<'c>,
    pub condition: Option<Condition<'c>>,
    pub by: Vec<usize>,
    pub measures: Vec<Measure>,
    pub having: Option<Expr>,
    /// Names of the output, and whether they go down.
    pub sort: Vec<(String, bool)>,
    pub limit: Option<u64>,
}

/// A row for each group.
#[derive(Debug, Clone, Serialize)]
pub struct Groups {
    pub rows: Vec<Record>,
}

impl Function {
    fn word(self) -> &'static str {
        match self {
            Function::Count => "count",
            Function::Sum => "sum",
            Function::Average => "avg",
            Function::Least => "min",
            Function::Greatest => "max",
        }
    }
}

impl Measure {
    /// A function of a column, if the column has any such.
    pub fn new(subject: &Subject<'_>, function: Function, name: &str, reveal: bool) -> Result<Self> {
        let at = subject.column(name)?;
        let column = &subject.columns[at];
        let title = format!("`{}.{}`", subject.name, column.name);
        let needs_numbers = matches!(function, Function::Sum | Function::Average);
        if needs_numbers && !column.is_number() {
            let numbers =
                subject.columns.iter().filter(|column| column.is_number()).map(|column| format!("`{}`", column.name));
            let error = Error::new(Code::Filter, format!("{title} is no number, and has no {}", function.word()));
            return Err(error.note(format!("numbers are {}", text::listed(numbers))));
        }
        if column.kind == Kind::Json && function != Function::Count {
            return Err(Error::new(Code::Filter, format!("{title} is JSON, which has no order")));
        }
        // PostgreSQL has no least and no greatest of these, whatever their order.
        let orderless = match column.kind {
            Kind::Uuid => Some("a UUID"),
            Kind::Bool => Some("`true` or `false`"),
            _ => None,
        };
        if let Some(what) = orderless.filter(|_| matches!(function, Function::Least | Function::Greatest)) {
            let error = Error::new(Code::Filter, format!("{title} is {what}, and has no {}", function.word()));
            return Err(
                error.hint(format!("`dbtool data list {} --sort {name} --limit 1` shows the first", subject.name))
            );
        }
        if column.sensitive && !reveal && function != Function::Count {
            let error = Error::new(Code::Filter, format!("{title} is sensitive"));
            return Err(error.hint("add `--reveal`, if you may see it"));
        }
        Ok(Self { function, column: Some(at) })
    }

    /// `sum_total_amount`; `count` for rows. Where a column has that name, an underscore stands behind it.
    #[must_use]
    pub fn name(&self, subject: &Subject<'_>) -> String {
        let mut name = match self.column {
            Some(at) => format!("{}_{}", self.function.word(), subject.columns[at].name),
            None => self.function.word().to_owned(),
        };
        while subject.columns.iter().any(|column| column.name.eq_ignore_ascii_case(&name)) {
            name.push('_');
        }
        name
    }

    fn expression(&self, writer: &Writer, subject: &Subject<'_>) -> String {
        let of = |at| render::expression(writer, subject, 0, at);
        match (self.function, self.column) {
            (_, None) => "count(*)".into(),
            (Function::Count, Some(at)) => format!("count({})", of(at)),
            (Function::Sum | Function::Average, Some(at)) => format!("sum({})", of(at)),
            (Function::Least, Some(at)) => format!("min({})", of(at)),
            (Function::Greatest, Some(at)) => format!("max({})", of(at)),
        }
    }

    /// What the result is, which may be wider than the column.
    fn column(&self, subject: &Subject<'_>) -> Column {
        let widest = Kind::Int { least: i128::from(i64::MIN), most: i128::from(u64::MAX) };
        let Some(at) = self.column.filter(|_| self.function != Function::Count) else {
            let first = &subject.columns[0];
            return Column { name: "count".into(), kind: widest, form: Form::Int, nullable: false, ..first.clone() };
        };
        let column = subject.columns[at].clone();
        let kind = match (&column.kind, self.function) {
            (Kind::Int { .. }, Function::Average) | (Kind::Decimal { .. }, _) => {
                Kind::Decimal { precision: None, scale: None }
            }
            (Kind::Int { .. }, Function::Sum) => widest,
            (kind, _) => kind.clone(),
        };
        // A sum of whole numbers is a decimal on two of them, and so is an average.
        let adds = matches!(self.function, Function::Sum | Function::Average);
        match &column.kind {
            Kind::Float => Column { kind, form: Form::Float, nullable: true, ..column },
            _ if adds => Column {
                kind,
                form: Form::Decimal,
                type_name: "numeric".into(),
                lower: false,
                nullable: true,
                ..column
            },
            _ => Column { kind, nullable: true, ..column },
        }
    }
}

impl Aggregate<'_> {
    /// The statement that computes it.
    pub fn statement(&self) -> Result<Writer> {
        let subject = &self.subject;
        let mut writer = Writer::new(subject.grammar);
        writer.push("SELECT ");
        writer.columns(subject, "t0", &self.by);
        for (at, measure) in self.measures.iter().enumerate() {
            if at > 0 || !self.by.is_empty() {
                writer.push(", ");
            }
            let expression = measure.expression(&writer, subject);
            let read = writer.grammar.read(&expression, measure.column(subject).form);
            writer.push(&read);
            if measure.function == Function::Average
                && let Some(column) = measure.column
            {
                let column = render::expression(&writer, subject, 0, column);
                writer.push(&format!(", count({column})"));
            }
        }
        writer.push(" FROM ").push(&subject.quoted()).push(" t0");
        if let Some(condition) = &self.condition {
            writer.push(" WHERE ");
            render::condition(&mut writer, subject, 0, condition);
        }
        let grouped = |writer: &mut Writer| {
            writer.list(", ", &self.by, |writer, at| {
                let expression = render::expression(writer, subject, 0, *at);
                writer.push(&expression);
            });
        };
        if !self.by.is_empty() {
            writer.push(" GROUP BY ");
            grouped(&mut writer);
        }
        if let Some(having) = &self.having {
            writer.push(" HAVING ");
            self.write_having(&mut writer, having)?;
        }
        if !self.sort.is_empty() {
            writer.push(" ORDER BY ");
            for (at, (name, descending)) in self.sort.iter().enumerate() {
                let (expression, nullable) = self.output(&writer, name)?;
                let part = writer.grammar.order(&expression, *descending, nullable);
                writer.push(if at > 0 { ", " } else { "" }).push(&part);
            }
        } else if !self.by.is_empty() {
            writer.push(" ORDER BY ");
            grouped(&mut writer);
        }
        let page = writer.grammar.page(self.limit, 0);
        writer.push(&page);
        Ok(writer)
    }

    /// The expression of a name of the output, and whether it may be NULL.
    fn output(&self, writer: &Writer, name: &str) -> Result<(String, bool)> {
        let subject = &self.subject;
        if let Some(measure) = self.measures.iter().find(|measure| measure.name(subject) == name) {
            let column = measure.column(subject);
            let expression = measure.expression(writer, subject);
            if measure.function == Function::Average
                && let Some(at) = measure.column
            {
                let column = render::expression(writer, subject, 0, at);
                return Ok((format!("avg({column})"), true));
            }
            return Ok((expression, column.nullable));
        }
        if let Some(at) = self.by.iter().find(|at| subject.columns[**at].name == name) {
            return Ok((render::expression(writer, subject, 0, *at), subject.columns[*at].nullable));
        }
        let names: Vec<String> = self.names();
        let error = Error::new(Code::UnknownColumn, format!("the result has no column `{name}`"));
        let nearest = text::did_you_mean(name, names.iter().map(String::as_str));
        let listed = text::listed(names.iter().map(|name| format!("`{name}`")));
        Err(nearest.into_iter().fold(error, Error::hint).note(format!("its columns are {listed}")))
    }

    /// The names of the result's columns.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let by = self.by.iter().map(|at| self.subject.columns[*at].name.clone());
        by.chain(self.measures.iter().map(|measure| measure.name(&self.subject))).collect()
    }

    fn write_having(&self, writer: &mut Writer, expr: &Expr) -> Result<()> {
        match expr {
            Expr::All(all) => self.write_parts(writer, all, " AND "),
            Expr::Any(all) => self.write_parts(writer, all, " OR "),
            Expr::Not(expr) => {
                writer.push("NOT (");
                self.write_having(writer, expr)?;
                writer.push(")");
                Ok(())
            }
            Expr::Test(test) => self.write_test(writer, test),
        }
    }

    /// Half by half, as filters are.
    fn write_parts(&self, writer: &mut Writer, parts: &[Expr], with: &str) -> Result<()> {
        if let [part] = parts {
            return self.write_having(writer, part);
        }
        let (some, others) = parts.split_at(parts.len() / 2);
        writer.push("(");
        self.write_parts(writer, some, with)?;
        writer.push(with);
        self.write_parts(writer, others, with)?;
        writer.push(")");
        Ok(())
    }

    fn write_test(&self, writer: &mut Writer, test: &Test) -> Result<()> {
        let name = test.path.join(".");
        let (expression, _) = self.output(writer, &name)?;
        let measure = self.measures.iter().find(|measure| measure.name(&self.subject) == name);
        let column = match measure {
            Some(measure) => measure.column(&self.subject),
            None => self.subject.columns[self.subject.column(&name)?].clone(),
        };
        let table = self.subject.name.to_string();
        let column = Column { name: name.clone(), ..column };
        let read = |word: &str| {
            column.parse(&table, word, self.subject.grammar).map_err(|error| error.with_code(Code::Filter))
        };
        match (&test.operand, test.op) {
            (Operand::None, op) => {
                writer.push(&expression).push(if op == Op::IsNotNull { " IS NOT NULL" } else { " IS NULL" });
            }
            (Operand::Several(words), _) => {
                writer.push(&expression).push(" IN (");
                for (at, word) in words.iter().enumerate() {
                    writer.push(if at > 0 { ", " } else { "" }).bind(&column, read(word)?);
                }
                writer.push(")");
            }
            (Operand::One(_), Op::Contains | Op::NotContains | Op::Like) => {
                return Err(Error::new(
                    Code::Filter,
                    format!("`{name}` is compared by `=`, `!=`, `>`, `>=`, `<` or `<=`"),
                ));
            }
            (Operand::One(word), op) => {
                let value = read(word)?;
                writer.push(&expression).push(" ").push(op.sign()).push(" ").bind(&column, value);
            }
        }
        Ok(())
    }

    /// Computes it.
    pub fn run(&self, connection: &mut AnyConnection) -> Result<Groups> {
        let statement = self.statement()?;
        let rows = connection.select(&statement.sql, &statement.binds).map_err(|error| self.failed(error))?;
        Ok(Groups { rows: rows.iter().map(|row| self.record(row)).collect() })
    }

    /// SQLite sums whole numbers in 64 bits.
    fn failed(&self, error: DbError) -> Error {
        if error.message != "integer overflow" {
            return unreadable(&self.subject, self.condition.as_ref(), error);
        }
        let sums = |measure: &&Measure| matches!(measure.function, Function::Sum | Function::Average);
        let columns = self.measures.iter().filter(sums).filter_map(|measure| measure.column);
        let columns = columns.map(|at| format!("`{}.{}`", self.subject.name, self.subject.columns[at].name));
        let message = format!("a sum of {} has more than the 64 bits that SQLite sums in", text::listed(columns));
        Error::new(Code::Value, message).hint("sum fewer rows at once: name a filter, or groups by `--by`")
    }

    fn record(&self, row: &[Value]) -> Record {
        let subject = &self.subject;
        let mut values = row.iter();
        let mut next = || values.next().cloned().unwrap_or(Value::Null);
        let mut record = Record::new();
        for at in &self.by {
            let column = &subject.columns[*at];
            record.insert(column.name.clone(), column.kind.json(&next()));
        }
        for measure in &self.measures {
            let value = next();
            let json = if measure.function == Function::Average && measure.column.is_some() {
                let count = next().as_int().unwrap_or(0);
                let kind = measure.column.map_or(&Kind::Other, |at| &subject.columns[at].kind);
                average(kind, &value, count)
            } else {
                settled(&measure.column(subject).kind, &value)
            };
            record.insert(measure.name(subject), json);
        }
        record
    }
}

/// A result in JSON. A sum of whole numbers may come as a decimal.
fn settled(kind: &Kind, value: &Value) -> Json {
    match (kind, value) {
        (Kind::Minor, Value::Text(units)) => units.parse().map_or(Json::Null, |units| kind.json(&Value::Int(units))),
        _ => kind.json(value),
    }
}
