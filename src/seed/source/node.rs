//! A TOML or JSON text as one tree, in which everything knows where it stands. Numbers stay as they were written: 19.99 is no
//! float on its way to a decimal.

use std::path::PathBuf;
use std::sync::Arc;

use jsonc_parser::ast;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Code, Error, Place};

/// A file that was read, kept for the places in it.
#[derive(Debug)]
pub struct Text {
    /// As it is shown: from the working directory.
    pub path: PathBuf,
    /// Where it stands, for the files that it names.
    pub directory: PathBuf,
    pub text: String,
}

/// A place in a file.
#[derive(Debug, Clone)]
pub struct At {
    pub file: Arc<Text>,
    /// A byte offset.
    pub offset: usize,
}

impl At {
    #[must_use]
    pub fn place(&self) -> Place {
        Place::of(self.file.path.clone(), &self.file.text, self.offset)
    }

    /// The same without the line itself, which holds what must not be shown.
    #[must_use]
    pub fn hidden(&self) -> Place {
        Place { excerpt: String::new(), ..self.place() }
    }

    /// A fault that keeps the file from being read. Of its line the name alone is shown: which values must not be is not known yet.
    fn illegible(&self, message: &str) -> Error {
        let place = self.place();
        let name = place.excerpt.find(['=', ':']).map(|end| format!("{} …", &place.excerpt[..=end]));
        Error::new(Code::SeedFile, message).at(Place { excerpt: name.unwrap_or_default(), ..place })
    }

    /// A fault of what stands here.
    #[must_use]
    pub fn fault(&self, message: impl Into<String>) -> Error {
        Error::new(Code::SeedFile, message).at(self.place())
    }
}

/// A value with its place.
#[derive(Debug, Clone)]
pub struct Node {
    pub at: At,
    pub what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    Null,
    Bool(bool),
    /// As it was written, but for underscores and other bases.
    Number(String),
    Text(String),
    /// TOML's date and time, in RFC 3339's form or a part of it.
    Moment(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key of a map, and what it stands for.
#[derive(Debug, Clone)]
pub struct Entry {
    pub name: String,
    /// Where the key stands.
    pub at: At,
    pub node: Node,
}

impl Node {
    /// What it is, in a word for an error.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.what {
            What::Null => "null",
            What::Bool(_) => "true or false",
            What::Number(_) => "a number",
            What::Text(_) => "text",
            What::Moment(_) => "a date or time",
            What::List(_) => "a list",
            What::Map(_) => "a table",
        }
    }

    /// The same as JSON.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.what {
            What::Null => Value::Null,
            What::Bool(bool) => Value::Bool(*bool),
            What::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone())),
            What::Text(text) | What::Moment(text) => Value::String(text.clone()),
            What::List(list) => list.iter().map(Node::to_json).collect(),
            What::Map(map) => map.iter().map(|entry| (entry.name.clone(), entry.node.to_json())).collect(),
        }
    }
}

/// Reads a TOML text. Everything that is wrong with its form is told.
pub fn toml(file: &Arc<Text>) -> Result<Vec<Entry>, Vec<Error>> {
    let (table, errors) = DeTable::parse_recoverable(&file.text);
    if errors.is_empty() {
        return Ok(toml_entries(file, table.get_ref()));
    }
    let at = |error: &toml::de::Error| At { file: file.clone(), offset: error.span().map_or(0, |span| span.start) };
    Err(errors.iter().map(|error| at(error).illegible(&format!("not TOML: {}", sentence(error.message())))).collect())
}

fn toml_entries(file: &Arc<Text>, table: &DeTable<'_>) -> Vec<Entry> {
    let entry = |(name, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| Entry {
        name: name.get_ref().to_string(),
        at: At { file: file.clone(), offset: name.span().start },
        node: toml_node(file, value),
    };
    let mut entries: Vec<Entry> = table.iter().map(entry).collect();
    // The parser sorts by name; a file has an order of its own.
    entries.sort_by_key(|entry| entry.at.offset);
    entries
}

fn toml_node(file: &Arc<Text>, value: &Spanned<DeValue<'_>>) -> Node {
    let what = match value.get_ref() {
        DeValue::String(text) => What::Text(text.to_string()),
        DeValue::Integer(number) => What::Number(
            i128::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| number.as_str().to_owned(), |number| number.to_string()),
        ),
        DeValue::Float(number) => What::Number(number.as_str().to_owned()),
        DeValue::Boolean(bool) => What::Bool(*bool),
        DeValue::Datetime(moment) => What::Moment(moment.to_string()),
        DeValue::Array(list) => What::List(list.iter().map(|item| toml_node(file, item)).collect()),
        DeValue::Table(table) => What::Map(toml_entries(file, table)),
    };
    Node { at: At { file: file.clone(), offset: value.span().start }, what }
}

/// Reads a JSON text, strictly.
pub fn json(file: &Arc<Text>) -> Result<Vec<Entry>, Vec<Error>> {
    let strict = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let at = |offset| At { file: file.clone(), offset };
    let parsed = parse_to_ast(&file.text, &CollectOptions::default(), &strict).map_err(|error| {
        vec![at(error.range().start).illegible(&format!("not JSON: {}", sentence(&error.kind().to_string())))]
    })?;
    match parsed.value {
        Some(ast::Value::Object(object)) => Ok(json_entries(file, &object)),
        _ => Err(vec![at(0).fault("a seed file in JSON is an object: `{ \"table\": …, \"rows\": […] }`")]),
    }
}

fn json_entries(file: &Arc<Text>, object: &ast::Object<'_>) -> Vec<Entry> {
    let entry = |property: &ast::ObjectProp<'_>| Entry {
        name: property.name.as_str().to_owned(),
        at: At { file: file.clone(), offset: property.range.start },
        node: json_node(file, &property.value),
    };
    object.properties.iter().map(entry).collect()
}

fn json_node(file: &Arc<Text>, value: &ast::Value<'_>) -> Node {
    let (offset, what) = match value {
        ast::Value::StringLit(text) => (text.range.start, What::Text(text.value.to_string())),
        ast::Value::NumberLit(number) => (number.range.start, What::Number(number.value.to_string())),
        ast::Value::BooleanLit(bool) => (bool.range.start, What::Bool(bool.value)),
        ast::Value::NullKeyword(null) => (null.range.start, What::Null),
        ast::Value::Array(list) => {
            (list.range.start, What::List(list.elements.iter().map(|item| json_node(file, item)).collect()))
        }
        ast::Value::Object(object) => (object.range.start, What::Map(json_entries(file, object))),
    };
    Node { at: At { file: file.clone(), offset }, what }
}

/// The words of a parser, in the form of ours.
fn sentence(message: &str) -> String {
    let line = message.lines().collect::<Vec<_>>().join("; ");
    let mut letters = line.trim_end_matches('.').chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Arc<Text> {
        Arc::new(Text { path: "a.toml".into(), directory: PathBuf::new(), text: text.into() })
    }

    #[test]
    fn everything_knows_its_place() {
        let entries = toml(&text("b = 1\na = [ 19.90, { c = 'x' } ]\n")).unwrap();
        assert_eq!(entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        let What::List(list) = &entries[1].node.what else { panic!() };
        assert!(matches!(&list[0].what, What::Number(number) if number == "19.90"));
        let What::Map(map) = &list[1].what else { panic!() };
        assert_eq!((map[0].at.place().line, map[0].at.place().column), (2, 16));
        let entries = json(&text("{\n  \"price\": 19.90,\n  \"none\": null }")).unwrap();
        assert!(matches!(&entries[0].node.what, What::Number(number) if number == "19.90"));
        assert_eq!((entries[1].node.at.place().line, entries[1].node.at.place().column), (3, 11));
    }

    #[test]
    fn wrong_forms_are_told_with_their_place() {
        let errors = toml(&text("a = 1\nb = ?\nc = 2\n")).unwrap_err();
        assert!(errors[0].to_string().starts_with("not TOML: "), "{errors:?}");
        assert_eq!(errors[0].place().unwrap().line, 2);
        let errors = json(&text("{\n \"a\": 1,\n}")).unwrap_err();
        assert_eq!(errors[0].place().unwrap().line, 2, "{errors:?}");
    }
}
