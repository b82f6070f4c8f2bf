//! What differs between dialects in the form of SQL text.

/// How a dialect writes quotes, comments and bodies. Facts from the manuals: PostgreSQL "Lexical Structure", SQLite
/// "SQL As Understood By SQLite" and `sqlite3_complete`, MySQL "Language Structure".
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// `/* /* */ */` is one comment.
    pub nested_comments: bool,
    /// `#` begins a comment.
    pub hash_comments: bool,
    /// A carriage return ends a `--` comment, too.
    pub returns_end_comments: bool,
    /// `--` begins a comment only before white space.
    pub dashes_need_space: bool,
    /// `/*! … */` is code.
    pub executable_comments: bool,
    /// `$tag$ … $tag$`.
    pub dollar_quotes: bool,
    /// `E'…'` has backslash escapes.
    pub escape_strings: bool,
    /// Every quote has backslash escapes.
    pub backslash_escapes: bool,
    /// `"…"` has them, too.
    pub double_quote_escapes: bool,
    /// `` `name` ``.
    pub backticks: bool,
    /// `[name]`.
    pub brackets: bool,
    /// A `;` within parentheses ends no statement (`CREATE RULE … DO (a; b)`).
    pub parentheses_group: bool,
    /// `DELIMITER //` changes what ends a statement.
    pub delimiter_lines: bool,
    /// Which statements have a body with `;` in it.
    pub compound: Compound,
}

/// The grammar of bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compound {
    /// `CREATE FUNCTION … BEGIN ATOMIC … END`
    Postgres,
    /// `CREATE TRIGGER … BEGIN … END`
    Sqlite,
    /// Stored programs: `BEGIN … END`, `IF … END IF`, `CASE`, `LOOP`, `WHILE`, `REPEAT`.
    Mysql,
}

impl Rules {
    pub const POSTGRES: Rules = Rules {
        nested_comments: true,
        hash_comments: false,
        returns_end_comments: true,
        dashes_need_space: false,
        executable_comments: false,
        dollar_quotes: true,
        escape_strings: true,
        backslash_escapes: false,
        double_quote_escapes: false,
        backticks: false,
        brackets: false,
        parentheses_group: true,
        delimiter_lines: false,
        compound: Compound::Postgres,
    };

    pub const SQLITE: Rules = Rules {
        nested_comments: false,
        hash_comments: false,
        returns_end_comments: false,
        dashes_need_space: false,
        executable_comments: false,
        dollar_quotes: false,
        escape_strings: false,
        backslash_escapes: false,
        double_quote_escapes: false,
        backticks: true,
        brackets: true,
        parentheses_group: false,
        delimiter_lines: false,
        compound: Compound::Sqlite,
    };

    /// With the default `sql_mode`: the dialect asks the server for its own.
    pub const MYSQL: Rules = Rules {
        nested_comments: false,
        hash_comments: true,
        returns_end_comments: false,
        dashes_need_space: true,
        executable_comments: true,
        dollar_quotes: false,
        escape_strings: false,
        backslash_escapes: true,
        double_quote_escapes: true,
        backticks: true,
        brackets: false,
        parentheses_group: false,
        delimiter_lines: true,
        compound: Compound::Mysql,
    };
}
