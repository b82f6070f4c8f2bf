//! Diagrams: what `schema er` draws is taken by the programs that show it, whatever the names are.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use dbtool::backend::Backend;
use dbtool::catalog::{Catalog, Column, ForeignKey, Key, Name, Options, Table, TableKind, Type};
use dbtool::inspect::{Diagram, dot, mermaid};

use crate::support::{root, skipped};

/// Names that mean something to a grammar, or that it has no room for.
const ODD: &[&str] = &[
    "plain",
    "with space",
    "we\"ird; name",
    "it's",
    "back\\slash\\",
    "a<b>&c",
    "100%",
    "%%{init: {}}%%",
    "curly {}",
    "new\nline",
    "tab\tbed",
    "日本語",
    "naïve",
    "toé",
    "emoji 🦀",
    "1st",
    "-dash-",
    "a.b",
    "`tick`",
    "#quot;",
    "end",
    "one",
    "to",
    "u",
    "style",
    "class",
    "classDef",
    "subgraph",
    "erDiagram",
    "title",
    "direction",
    "accTitle",
    "accDescr",
    "node",
    "edge",
    "graph",
    "pk",
    "FK",
    "uk",
    "pké",
    "[brackets]",
    "~tilde~",
    "::",
    "---",
    "_",
    "",
];

/// Each odd name as a table, a column, a type and a comment; every table refers to the one before it, and to itself.
fn odd() -> Catalog {
    let mut catalog = Catalog::empty(Backend::Postgres);
    let columns = ODD.iter().map(|name| {
        let mut column = Column::new(*name, *name, Type::Other { name: (*name).to_owned() });
        column.comment = Some(format!("{name} as a comment"));
        column
    });
    let columns: Vec<Column> = columns.collect();
    let key = |columns: &[&str], to: &Name| ForeignKey {
        name: None,
        columns: columns.iter().map(ToString::to_string).collect(),
        to: to.clone(),
        to_columns: columns.iter().map(ToString::to_string).collect(),
        on_delete: "no action".to_owned(),
        on_update: "no action".to_owned(),
        deferrable: None,
        valid: true,
        options: Options::new(),
    };
    let mut before = Name::of(None, ODD[0]);
    for (at, name) in ODD.iter().enumerate() {
        // Some stand in a schema of their own.
        let name = Name::of((at % 7 == 3).then_some(*name), name);
        let mut table = Table::new(name.clone(), TableKind::Table);
        table.columns.clone_from(&columns);
        let first = vec![ODD[at].to_owned(), "plain".to_owned()];
        table.primary_key = Some(Key { name: None, columns: first, included: Vec::new(), options: Options::new() });
        table.foreign_keys = vec![key(&[ODD[at]], &before), key(&[ODD[at], "plain"], &name)];
        before = name;
        catalog.tables.push(table);
    }
    catalog.tables.push(Table::new(Name::of(None, "without columns"), TableKind::Table));
    catalog
}

/// A word of the grammar: no digit first, letters and digits, and what else is named.
fn word<'t>(text: &'t str, also: &str) -> (&'t str, &'t str) {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || also.contains(c))).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    assert!(!word.is_empty() && !word.starts_with(|c: char| c.is_ascii_digit()), "no word begins {text:?}");
    (word, rest)
}

/// Text in quotes without what ends it or begins something else.
fn quoted(text: &str) -> &str {
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let inner = inner.unwrap_or_else(|| panic!("{text:?} is not in quotes"));
    assert!(!inner.contains(['"', '%', '\\', '`', '<', '>', '{', '}']), "{text:?}");
    inner
}

/// Reads Mermaid's text as strictly as its oldest version that has aliases, and gives the entities and how many lines there are
/// between them.
pub fn read_mermaid(text: &str) -> (BTreeSet<String>, usize) {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("erDiagram"));
    let mut entities = BTreeSet::new();
    let (mut open, mut references) = (false, 0);
    for line in lines {
        if let Some(attribute) = line.strip_prefix("        ") {
            assert!(open, "{line}");
            let (_, rest) = word(attribute, "()[]");
            let (name, mut rest) = word(rest.strip_prefix(' ').unwrap(), "");
            assert!(!["pk", "fk", "uk"].contains(&name.to_lowercase().as_str()), "{line}");
            for mark in ["PK", "FK", "UK"] {
                for lead in [" ", ", "] {
                    rest = rest.strip_prefix(&format!("{lead}{mark}")).unwrap_or(rest);
                }
            }
            if !rest.is_empty() {
                quoted(rest.strip_prefix(' ').unwrap());
            }
        } else if line == "    }" {
            assert!(std::mem::take(&mut open), "{line}");
        } else {
            assert!(!open, "{line}");
            let (id, rest) = word(line.strip_prefix("    ").unwrap(), "");
            if let Some((ends, label)) = rest.split_once(" : ") {
                let (ends, other) = ends.trim_start().split_once(' ').unwrap();
                assert!(["||", "|o"].contains(&&ends[..2]) && ["--", ".."].contains(&&ends[2..4]), "{line}");
                assert!(["o|", "o{"].contains(&&ends[4..]), "{line}");
                assert!(entities.contains(id) && entities.contains(other), "{line}");
                quoted(label);
                references += 1;
            } else {
                let alias = rest.strip_suffix(" {");
                open = alias.is_some();
                let alias = alias.unwrap_or(rest);
                if !alias.is_empty() {
                    quoted(alias.strip_prefix('[').unwrap().strip_suffix(']').unwrap());
                }
                assert!(entities.insert(id.to_owned()), "{id} stands twice");
            }
        }
    }
    assert!(!open);
    (entities, references)
}

/// Asks Graphviz for the picture; `None`: it is not there.
pub fn picture(text: &str) -> Option<String> {
    let (code, svg, said) = filter(Command::new("dot").arg("-Tsvg"), text)?;
    // What it says of fonts is about this machine.
    let said: Vec<_> = said.lines().filter(|line| !line.contains("Fontconfig")).collect();
    assert!(code && said.is_empty(), "{said:?}\n{text}");
    Some(svg)
}

/// Runs a program with a text on its standard input, and gives whether it succeeded, and what it wrote.
fn filter(command: &mut Command, text: &str) -> Option<(bool, String, String)> {
    let name = command.get_program().to_string_lossy().into_owned();
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else {
        let required = std::env::var("DBTOOL_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.contains(&name), "DBTOOL_TEST_REQUIRE asks for {name}, and it is not there");
        skipped(&format!("whether diagrams are well formed: there is no `{name}`"));
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let text = text.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((output.status.success(), said(&output.stdout), said(&output.stderr)))
}

#[test]
fn mermaid_has_a_word_for_every_name() {
    let catalog = odd();
    let (entities, references) = read_mermaid(&mermaid(&Diagram::of(&catalog)));
    assert_eq!(entities.len(), ODD.len() + 1);
    assert_eq!(references, 2 * ODD.len());
}

#[test]
fn graphviz_draws_every_name() {
    let catalog = odd();
    let Some(svg) = picture(&dot(&Diagram::of(&catalog))) else { return };
    assert_eq!(svg.matches("class=\"node\"").count(), ODD.len() + 1);
    assert_eq!(svg.matches("class=\"edge\"").count(), 2 * ODD.len());
    for name in ["we&quot;ird; name", "a&lt;b&gt;&amp;c", "日本語", "emoji 🦀"] {
        assert!(svg.contains(name), "{name}");
    }
}

#[test]
#[ignore = "npm fetches a parser of 150 MB; `just test-all` runs it"]
fn mermaid_itself_takes_every_name() {
    let directory = root().join("target/mermaid");
    std::fs::create_dir_all(&directory).unwrap();
    if !directory.join("node_modules/mermaid").exists() {
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-fund", "--no-audit", "--prefix", ".", "mermaid@11"]);
        let Some((done, _, said)) = filter(npm.current_dir(&directory), "") else { return };
        assert!(done, "{said}");
    }
    // All of them in one process, told by their numbers.
    let script = "import mermaid from 'mermaid'; import { readFileSync } from 'fs';\n\
        for (const [at, text] of JSON.parse(readFileSync(0, 'utf8')).entries())\n\
        await mermaid.parse(text).catch((error) => { console.log(at, String(error)); process.exitCode = 1; });";
    std::fs::write(directory.join("parse.mjs"), script).unwrap();
    let parse = |texts: &[String]| {
        let texts = serde_json::to_string(texts).unwrap();
        filter(Command::new("node").arg("parse.mjs").current_dir(&directory), &texts)
    };
    let Some((taken, ..)) = parse(&["erDiagram\n    end {\n    }\n".to_owned()]) else { return };
    assert!(!taken, "the parser takes everything");
    let catalog = odd();
    let mut texts: Vec<String> =
        catalog.tables.iter().map(|table| mermaid(&Diagram::around(&catalog, &table.name, 1))).collect();
    texts.push(mermaid(&Diagram::of(&catalog)));
    texts.push(mermaid(&Diagram::of(&Catalog::empty(Backend::Sqlite))));
    let (taken, wrong, said) = parse(&texts).unwrap();
    assert!(taken, "{wrong}{said}");
}
