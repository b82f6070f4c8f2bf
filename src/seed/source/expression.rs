//! What may stand as a value: a literal, or what it is to be made from. Nothing is looked up yet.

use super::node::{Entry, Node, What};
use crate::error::{Error, Result};
use crate::text;

#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    Null,
    Bool(bool),
    Number(String),
    /// In a column with a foreign key, `@name` is the label of a row.
    Text(String),
    Moment(String),
    /// A list or table, for a JSON column.
    Json(serde_json::Value),
    /// `{ ref = "users", where = { email = "…" } }`: the column that a foreign key refers to, or the one that is named.
    Reference {
        table: String,
        by: Vec<(String, Expression)>,
        column: Option<String>,
    },
    /// `{ env = "VAR" }`, `{ env = "VAR", default = "…" }`
    Env {
        variable: String,
        default: Option<String>,
    },
    /// `{ file = "…" }`, from the directory of the seed file.
    File(String),
    /// `{ hash = "argon2id", env = "ADMIN_PASSWORD" }`, or with `text`.
    Hash {
        env: Option<String>,
        text: Option<String>,
    },
    /// `{ now = "-3d" }`
    Now(String),
    /// `{ fake = "first_name" }`, and what else it is told.
    Fake {
        kind: String,
        arguments: Vec<(String, serde_json::Value)>,
    },
}

/// The forms, each by the key that tells it, with the keys that may stand beside it.
const FORMS: &[(&str, &[&str])] = &[
    ("null", &[]),
    ("json", &[]),
    ("ref", &["where", "column"]),
    ("env", &["default"]),
    ("file", &[]),
    ("hash", &["env", "text"]),
    ("now", &[]),
    ("fake", &["min", "max", "places", "from", "to", "of", "format", "words"]),
];

impl Expression {
    /// Takes a value as it stands in a file.
    pub fn of(node: &Node) -> Result<Self> {
        Ok(match &node.what {
            What::Null => Self::Null,
            What::Bool(bool) => Self::Bool(*bool),
            What::Number(number) => Self::Number(number.clone()),
            What::Text(text) => Self::Text(text.clone()),
            What::Moment(moment) => Self::Moment(moment.clone()),
            What::List(_) => Self::Json(node.to_json()),
            What::Map(map) => Self::of_map(node, map)?,
        })
    }

    fn of_map(node: &Node, map: &[Entry]) -> Result<Self> {
        let get = |name: &str| map.iter().find(|entry| entry.name == name);
        // `env` stands beside `hash`, too.
        let form = FORMS.iter().find(|(form, _)| get(form).is_some() && (*form != "env" || get("hash").is_none()));
        let Some((form, beside)) = form else {
            let names = FORMS.iter().map(|(form, _)| *form);
            if let [only] = map
                && let Some(meant) = text::nearest(&only.name, names.filter(|name| name.len() > 2))
                && only.name.len() > 2
            {
                let fault = only.at.fault(format!("there is no value of the form `{{ {} = … }}`", only.name));
                return Err(fault
                    .hint(format!("did you mean `{{ {meant} = … }}`?"))
                    .hint("a document for a JSON column that looks like this is written `{ json = { … } }`"));
            }
            return Ok(Self::Json(node.to_json()));
        };
        if let Some(other) = map.iter().find(|entry| entry.name != *form && !beside.contains(&entry.name.as_str())) {
            let fault = other.at.fault(format!("beside `{form}` there is no `{}`", other.name));
            let fault = text::did_you_mean(&other.name, beside.iter().copied()).into_iter().fold(fault, Error::hint);
            return Err(fault.hint("a document for a JSON column is written `{ json = { … } }`"));
        }
        let text = |name: &str| match get(name) {
            None => Ok(None),
            Some(entry) => match &entry.node.what {
                What::Text(text) => Ok(Some(text.clone())),
                _ => Err(entry.node.at.fault(format!("`{name}` must be text, and this is {}", entry.node.kind()))),
            },
        };
        let first = |name: &str| text(name).map(Option::unwrap_or_default);
        Ok(match *form {
            "null" => Self::Null,
            "json" => Self::Json(get("json").map(|entry| entry.node.to_json()).unwrap_or_default()),
            "ref" => {
                let by = match get("where").map(|entry| &entry.node.what) {
                    Some(What::Map(columns)) => {
                        let one = |entry: &Entry| Ok((entry.name.clone(), Self::of(&entry.node)?));
                        columns.iter().map(one).collect::<Result<Vec<_>>>()?
                    }
                    _ => Vec::new(),
                };
                if by.is_empty() {
                    let hint = "`{ ref = \"users\", where = { email = \"alice@example.com\" } }`";
                    return Err(node.at.fault("`ref` needs a `where` that finds one row").hint(hint));
                }
                Self::Reference { table: first("ref")?, by, column: text("column")? }
            }
            "env" => Self::Env { variable: first("env")?, default: text("default")? },
            "file" => Self::File(first("file")?),
            "hash" => {
                let kind = first("hash")?;
                if kind != "argon2id" {
                    return Err(node.at.fault(format!("there is no hash `{kind}`")).hint("there is `argon2id`"));
                }
                let (env, plain) = (text("env")?, text("text")?);
                if env.is_some() == plain.is_some() {
                    let hint = "`{ hash = \"argon2id\", env = \"ADMIN_PASSWORD\" }`";
                    return Err(node.at.fault("`hash` needs either `env` or `text`").hint(hint));
                }
                Self::Hash { env, text: plain }
            }
            "now" => Self::Now(first("now")?),
            _ => {
                let arguments = map.iter().filter(|entry| entry.name != "fake");
                let arguments = arguments.map(|entry| (entry.name.clone(), entry.node.to_json())).collect();
                Self::Fake { kind: first("fake")?, arguments }
            }
        })
    }
}
