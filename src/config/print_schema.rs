//! `[print_schema]` of diesel.toml, in Diesel's own words. A key that is not known is told, and no more.

use std::path::{Path, PathBuf};

use regex::Regex;
use toml::{Table, Value};

use crate::error::{Code, Error, Result};

/// One file of `table!` macros.
#[derive(Debug, Clone)]
pub struct PrintSchema {
    /// `default`, or the NAME of `[print_schema.NAME]`.
    pub name: String,
    pub file: Option<PathBuf>,
    pub docs: Docs,
    pub same_query: SameQuery,
    pub filter: Filter,
    pub sorting: Sorting,
    /// The schema whose tables are meant, which are put into a module of its name.
    pub schema: Option<String>,
    pub patch_file: Option<PathBuf>,
    /// What each table imports, instead of Diesel's types.
    pub import_types: Vec<String>,
    /// Types that Diesel has none for are defined in a module `sql_types`.
    pub define_types: bool,
    /// The types that are not defined although they are missing, by their Rust names.
    pub undefined_types: Vec<Regex>,
    /// What those definitions derive.
    pub derives: Vec<String>,
    /// SQLite: an INTEGER PRIMARY KEY, and what refers to one, has 64 bits.
    pub bigint_keys: bool,
    /// PostgreSQL: the domains that are types by themselves.
    pub domains: Vec<Regex>,
    /// What stands there and is not known.
    pub warnings: Vec<String>,
}

/// What the doc comments are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Docs {
    None,
    /// The comments in the database.
    Comments,
    /// The same, and a sentence where there is none.
    Always,
}

/// Which tables may appear in one query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameQuery {
    All,
    /// Those that foreign keys bring together.
    Related,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sorting {
    /// The table's own order.
    Position,
    Name,
}

#[derive(Debug, Clone)]
pub enum Filter {
    All,
    Only(Vec<Regex>),
    Except(Vec<Regex>),
}

impl Filter {
    #[must_use]
    pub fn takes(&self, table: &str) -> bool {
        let matches = |patterns: &[Regex]| patterns.iter().any(|pattern| pattern.is_match(table));
        match self {
            Filter::All => true,
            Filter::Only(patterns) => matches(patterns),
            Filter::Except(patterns) => !matches(patterns),
        }
    }
}

impl PrintSchema {
    /// What Diesel does where nothing is said.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            file: None,
            docs: Docs::None,
            same_query: SameQuery::All,
            filter: Filter::All,
            sorting: Sorting::Position,
            schema: None,
            patch_file: None,
            import_types: Vec::new(),
            define_types: true,
            undefined_types: Vec::new(),
            derives: Vec::new(),
            bigint_keys: false,
            domains: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// Reads the section: what stands in it directly is `default`, and a table in it that is no key is a section of its own.
pub fn read(path: &Path, section: &Table) -> Result<Vec<PrintSchema>> {
    let is_section = |(key, value): &(&String, &Value)| value.is_table() && key.as_str() != "filter";
    let mut default = PrintSchema::named("default");
    for (key, value) in section.iter().filter(|entry| !is_section(entry)) {
        Reader { path, section: "print_schema", key }.take(value, &mut default)?;
    }
    let mut all = Vec::new();
    for (name, value) in section.iter().filter(is_section) {
        let title = format!("print_schema.{name}");
        let mut named = PrintSchema::named(name);
        for (key, value) in value.as_table().into_iter().flatten() {
            Reader { path, section: &title, key }.take(value, &mut named)?;
        }
        all.push(named);
    }
    if !all.iter().any(|named| named.name == default.name) {
        all.push(default);
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

/// One key, and where it stands.
struct Reader<'a> {
    path: &'a Path,
    section: &'a str,
    key: &'a str,
}

impl Reader<'_> {
    fn take(&self, value: &Value, into: &mut PrintSchema) -> Result<()> {
        match self.key {
            "file" => into.file = Some(self.path_of(value)?),
            "with_docs" => into.docs = self.docs(value)?,
            "allow_tables_to_appear_in_same_query_config" => {
                let known = [
                    ("all_tables", SameQuery::All),
                    ("fk_related_tables", SameQuery::Related),
                    ("none", SameQuery::None),
                ];
                into.same_query = self.choice(value, &known)?;
            }
            "filter" => into.filter = self.filter(value)?,
            "column_sorting" => {
                into.sorting =
                    self.choice(value, &[("ordinal_position", Sorting::Position), ("name", Sorting::Name)])?;
            }
            "schema" => into.schema = Some(self.text(value)?.to_owned()),
            "patch_file" => into.patch_file = Some(self.path_of(value)?),
            "import_types" => into.import_types = self.texts(value)?,
            "generate_missing_sql_type_definitions" => into.define_types = self.flag(value)?,
            "except_custom_type_definitions" => into.undefined_types = self.patterns(value)?,
            "custom_type_derives" => into.derives = self.texts(value)?,
            "sqlite_integer_primary_key_is_bigint" => into.bigint_keys = self.flag(value)?,
            "pg_domains_as_custom_types" => into.domains = self.patterns(value)?,
            key => into.warnings.push(format!(
                "`{key}` in `[{}]` of `{}` is not known, and has no effect",
                self.section,
                self.path.display()
            )),
        }
        Ok(())
    }

    fn docs(&self, value: &Value) -> Result<Docs> {
        match value {
            Value::Boolean(true) => Ok(Docs::Always),
            Value::Boolean(false) => Ok(Docs::None),
            value => self.choice(
                value,
                &[
                    ("database-comments-fallback-to-auto-generated-doc-comment", Docs::Always),
                    ("only-database-comments", Docs::Comments),
                    ("no-doc-comments", Docs::None),
                ],
            ),
        }
    }

    fn filter(&self, value: &Value) -> Result<Filter> {
        let expected = "a table with `only_tables` or `except_tables`";
        let table = value.as_table().ok_or_else(|| self.wrong(expected))?;
        let entries: Vec<_> = table.iter().map(|(key, value)| (key.as_str(), value)).collect();
        match entries.as_slice() {
            [] => Ok(Filter::All),
            [("only_tables", patterns)] => Ok(Filter::Only(self.patterns(patterns)?)),
            [("except_tables", patterns)] => Ok(Filter::Except(self.patterns(patterns)?)),
            _ => Err(self.wrong(expected)),
        }
    }

    /// A relative path starts from the file that holds it.
    fn path_of(&self, value: &Value) -> Result<PathBuf> {
        Ok(self.path.parent().unwrap_or(Path::new("")).join(self.text(value)?))
    }

    fn text<'v>(&self, value: &'v Value) -> Result<&'v str> {
        value.as_str().ok_or_else(|| self.wrong("text"))
    }

    fn flag(&self, value: &Value) -> Result<bool> {
        value.as_bool().ok_or_else(|| self.wrong("`true` or `false`"))
    }

    fn texts(&self, value: &Value) -> Result<Vec<String>> {
        let list = value.as_array().ok_or_else(|| self.wrong("a list of texts"))?;
        list.iter().map(|item| self.text(item).map(str::to_owned)).collect()
    }

    fn patterns(&self, value: &Value) -> Result<Vec<Regex>> {
        let pattern =
            |text: String| Regex::new(&text).map_err(|cause| self.wrong("regular expressions").because(cause));
        self.texts(value)?.into_iter().map(pattern).collect()
    }

    fn choice<T: Copy>(&self, value: &Value, known: &[(&str, T)]) -> Result<T> {
        let found = value.as_str().and_then(|text| known.iter().find(|(name, _)| *name == text));
        found.map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<_> = known.iter().map(|(name, _)| format!("`{name}`")).collect();
            self.wrong(&format!("one of {}", names.join(", ")))
        })
    }

    fn wrong(&self, expected: &str) -> Error {
        let message = format!("`{}` in `[{}]` of `{}` must be {expected}", self.key, self.section, self.path.display());
        Error::new(Code::ConfigValue, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<PrintSchema>> {
        read(Path::new("/p/diesel.toml"), &text.parse().unwrap())
    }

    #[test]
    fn a_section_in_the_section_is_a_file_of_its_own() {
        let all =
            of("file = \"a.rs\"\n[public]\nfile = \"b.rs\"\nschema = \"public\"\nfilter = { only_tables = [\"^a\"] }")
                .unwrap();
        let files: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.file.clone())).collect();
        assert_eq!(files, [("default", Some("/p/a.rs".into())), ("public", Some("/p/b.rs".into()))]);
        assert!(all[1].filter.takes("ab") && !all[1].filter.takes("b"));
        assert_eq!(of("").unwrap().len(), 1);
        assert_eq!(of("[default]\nschema = \"a\"").unwrap().len(), 1);
    }

    #[test]
    fn what_is_not_known_is_told_and_what_is_wrong_is_refused() {
        let all = of("with_docs = true\nunheard_of = 1").unwrap();
        assert_eq!(all[0].docs, Docs::Always);
        assert_eq!(
            all[0].warnings,
            ["`unheard_of` in `[print_schema]` of `/p/diesel.toml` is not known, and has no effect"]
        );
        for (text, expected) in [
            ("with_docs = 1", "one of `database-comments"),
            ("column_sorting = \"type\"", "one of `ordinal_position`, `name`"),
            ("import_types = [1]", "text"),
            ("filter = { only_tables = [\"(\"] }", "regular expressions"),
            ("filter = { only_tables = [], except_tables = [] }", "a table with"),
            ("[a]\nfile = 1", "`file` in `[print_schema.a]` of `/p/diesel.toml` must be text"),
        ] {
            let error = of(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
