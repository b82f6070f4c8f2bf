//! What only the statements tell that made an object: the servers hand out the bodies of triggers and routines with their
//! escapes and character sets lost (`'it''s'` is then `'it's'`), and tell nothing else of a view's algorithm (MySQL), of the parser of a
//! full-text index and of some defaults. All statements are asked for in one message. No table is among them that has none
//! of these.

use super::expression::without_database;
use super::read::Found;
use super::{Server, lost, partitions};
use crate::catalog::model::{Check, Column, Table};
use crate::db::{DbError, Dialect, Row, Session};
use crate::sql::{Kind, Lexer, Rules, Token};

/// Whose statement is asked for.
enum Whose {
    Table(String),
    View(String),
    Trigger { table: String, name: String },
    Routine(String, String),
}

pub(super) fn read(
    session: &mut Session,
    dialect: &dyn Dialect,
    server: &Server<'_>,
    found: &mut Found,
) -> Result<(), DbError> {
    let wanted = wanted(server, found);
    let qualified = |name: &str| format!("{}.{}", dialect.identifier(server.database), dialect.identifier(name));
    let statements: Vec<String> = wanted
        .iter()
        .map(|whose| match whose {
            Whose::Table(name) => format!("SHOW CREATE TABLE {}", qualified(name)),
            Whose::View(name) => format!("SHOW CREATE VIEW {}", qualified(name)),
            Whose::Trigger { name, .. } => format!("SHOW CREATE TRIGGER {}", qualified(name)),
            Whose::Routine(kind, name) => format!("SHOW CREATE {} {}", kind.to_uppercase(), qualified(name)),
        })
        .collect();
    let answers = match session.query_each(&statements) {
        Ok(answers) => answers,
        // One of them is gone, or not for this user to see: the others are asked for one by one.
        Err(error) if is_passed_over(&error) => one_by_one(session, &statements)?,
        Err(error) => return Err(error),
    };
    for (whose, rows) in wanted.iter().zip(&answers) {
        if let Some(row) = rows.first() {
            take(whose, row, server, found);
        }
    }
    if server.maria { lost::read(session, dialect, found) } else { Ok(()) }
}

/// It is gone, or not for this user to see, or what it names is gone: then what is known already is all.
fn is_passed_over(error: &DbError) -> bool {
    const NUMBERS: &[u16] = &[1044, 1049, 1142, 1146, 1227, 1305, 1345, 1356, 1360, 1370, 1449];
    error.errno.is_some_and(|number| NUMBERS.contains(&number))
}

fn one_by_one(session: &mut Session, statements: &[String]) -> Result<Vec<Vec<Row>>, DbError> {
    let one = |sql: &String| match session.query(sql) {
        Err(error) if is_passed_over(&error) => Ok(Vec::new()),
        answer => answer,
    };
    statements.iter().map(one).collect()
}

fn wanted(server: &Server<'_>, found: &Found) -> Vec<Whose> {
    let mut wanted = Vec::new();
    for (name, table) in &found.tables {
        let fulltext = table.indexes.iter().any(|index| index.method == "fulltext");
        if fulltext
            || table.columns.iter().any(|column| is_unsure(column, server))
            || table.checks.iter().any(may_be_period)
            || (server.maria && (lost::is_in(table) || partitions::may_be_default(table)))
        {
            wanted.push(Whose::Table(name.clone()));
        }
        let triggers = table.triggers.iter().map(|trigger| trigger.name.clone());
        wanted.extend(triggers.map(|trigger| Whose::Trigger { table: name.clone(), name: trigger }));
    }
    wanted.extend(found.views.keys().map(|name| Whose::View(name.clone())));
    wanted.extend(found.routines.keys().map(|(kind, name)| Whose::Routine(kind.clone(), name.clone())));
    wanted
}

fn take(whose: &Whose, row: &Row, server: &Server<'_>, found: &mut Found) {
    match whose {
        Whose::Table(name) => {
            if let Some(table) = found.tables.get_mut(name) {
                take_parsers(table, row.text(1));
                take_defaults(table, row.text(1), server);
                if server.maria {
                    partitions::restore_default(table, row.text(1));
                    if lost::restore(table, row.text(1)) {
                        found.restored.insert(name.clone());
                    }
                }
            }
            if row.text(1).lines().any(|line| line.starts_with("  PERIOD FOR `")) {
                found.unmodelled("period", name, None);
            }
        }
        Whose::View(name) => {
            let Some(view) = found.views.get_mut(name) else { return };
            view.options.extend(algorithm(row.text(1)).map(|algorithm| ("algorithm".to_owned(), algorithm)));
            if let Some(body) = view_body(row.text(1), view.options.get("check_option"), server.rules) {
                view.body = without_database(&body, server);
            }
        }
        Whose::Trigger { table, name } => {
            let table = found.tables.get_mut(table);
            let trigger = table.and_then(|table| table.triggers.iter_mut().find(|trigger| trigger.name == *name));
            if let (Some(trigger), Some(body)) = (trigger, trigger_body(row.text(2), server.rules)) {
                trigger.body = body;
            }
        }
        Whose::Routine(kind, name) => {
            let routine = found.routines.get_mut(&(kind.clone(), name.clone()));
            if let (Some(routine), Some((body, aggregate))) = (routine, routine_body(row.text(2), server.rules)) {
                routine.body = body;
                if aggregate {
                    routine.options.insert("aggregate".to_owned(), "yes".to_owned());
                }
            }
        }
    }
}

/// ``FULLTEXT KEY `name` (`column`) /*!50100 WITH PARSER `ngram` */``
fn take_parsers(table: &mut Table, statement: &str) {
    for index in table.indexes.iter_mut().filter(|index| index.method == "fulltext") {
        let name = format!("FULLTEXT KEY {} ", quoted(&index.name));
        let line = statement.lines().find(|line| line.trim_start().starts_with(&name));
        let parser =
            line.and_then(|line| line.split_once("WITH PARSER `")).and_then(|(_, rest)| rest.split('`').next());
        index.options.extend(parser.map(|parser| ("parser".to_owned(), parser.to_owned())));
    }
}

/// MySQL cuts a default of bytes off at its first zero, and has a question mark for each character beyond three bytes.
fn is_unsure(column: &Column, server: &Server<'_>) -> bool {
    let is_bytes = matches!(column.type_name.split('(').next(), Some("binary" | "varbinary"));
    !server.maria && column.default.as_ref().is_some_and(|default| is_bytes || default.contains('?'))
}

/// ``  `column` varbinary(10) DEFAULT 0x00FF27``
fn take_defaults(table: &mut Table, statement: &str, server: &Server<'_>) {
    for column in table.columns.iter_mut().filter(|column| is_unsure(column, server)) {
        let name = format!("  {} ", quoted(&column.name));
        let line = statement.lines().find(|line| line.starts_with(&name));
        let rest = line.and_then(|line| line.split_once(" DEFAULT 0x")).map(|(_, rest)| rest);
        let digits = rest.and_then(|rest| rest.split(|c: char| !c.is_ascii_hexdigit()).next());
        if let Some(digits) = digits {
            column.default = Some(format!("0x{}", digits.to_lowercase()));
        }
    }
}

/// MariaDB makes a check for each period of time, and older ones tell of it nowhere else.
fn may_be_period(check: &Check) -> bool {
    let tokens: Vec<Token> = Lexer::new(&check.expression, &Rules::MYSQL).filter(Token::is_code).collect();
    matches!(tokens.as_slice(), [start, less, end] if start.kind == Kind::QuotedName
        && less.text(&check.expression) == "<" && end.kind == Kind::QuotedName)
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// `CREATE ALGORITHM=MERGE DEFINER=…`
fn algorithm(statement: &str) -> Option<String> {
    let word = statement.strip_prefix("CREATE ALGORITHM=")?.split(' ').next()?;
    (word != "UNDEFINED").then(|| word.to_lowercase())
}

/// What stands behind AS, without the check option.
fn view_body(statement: &str, check_option: Option<&String>, rules: &'static Rules) -> Option<String> {
    let mut depth = 0;
    let as_word = Lexer::new(statement, rules).find(|token| {
        match token.text(statement) {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        depth == 0 && token.kind == Kind::Word && token.text(statement).eq_ignore_ascii_case("AS")
    })?;
    let body = &statement[as_word.end..];
    let option = check_option.map(|option| format!(" WITH {} CHECK OPTION", option.to_uppercase()));
    some_body(option.and_then(|option| body.strip_suffix(&option)).unwrap_or(body))
}

/// What stands behind FOR EACH ROW, and behind the trigger that it was put before or after.
fn trigger_body(statement: &str, rules: &'static Rules) -> Option<String> {
    let tokens: Vec<Token> = Lexer::new(statement, rules).filter(Token::is_code).collect();
    let is = |at: usize, word: &str| {
        tokens
            .get(at)
            .is_some_and(|token: &Token| token.kind == Kind::Word && token.text(statement).eq_ignore_ascii_case(word))
    };
    let each = (0..tokens.len()).find(|at| is(*at, "FOR") && is(at + 1, "EACH") && is(at + 2, "ROW"))?;
    let first = if is(each + 3, "FOLLOWS") || is(each + 3, "PRECEDES") { each + 5 } else { each + 3 };
    // What stands before the first word, comments and all, is the body's.
    let start = tokens.get(first.checked_sub(1)?)?.end;
    some_body(&statement[start..])
}

/// What stands behind the characteristics of a routine, and whether it is an aggregate. The server writes each of them on a
/// line of its own.
fn routine_body(statement: &str, rules: &'static Rules) -> Option<(String, bool)> {
    let mut depth = 0;
    let mut arguments = false;
    let mut aggregate = false;
    let mut rest = None;
    for token in Lexer::new(statement, rules) {
        let text = token.text(statement);
        match (token.kind, text) {
            (Kind::Symbol, "(") => depth += 1,
            (Kind::Symbol, ")") => {
                depth -= 1;
                arguments |= depth == 0;
            }
            (Kind::Word, "AGGREGATE") if !arguments && depth == 0 => aggregate = true,
            (Kind::Space, space) if arguments && depth == 0 && space.contains('\n') => {
                rest = statement.get(token.start..)?.split_once('\n').map(|(_, rest)| rest);
                break;
            }
            _ => {}
        }
    }
    let mut rest = rest?;
    loop {
        if let Some(comment) = rest.strip_prefix("    COMMENT ") {
            let token = Lexer::new(comment, rules).next()?;
            rest = comment.get(token.end..)?.strip_prefix('\n')?;
        } else if let Some(next) = CHARACTERISTICS.iter().find_map(|line| rest.strip_prefix(line)) {
            rest = next;
        } else {
            return some_body(rest).map(|body| (body, aggregate));
        }
    }
}

const CHARACTERISTICS: &[&str] = &[
    "    LANGUAGE SQL\n",
    "    DETERMINISTIC\n",
    "    NO SQL\n",
    "    READS SQL DATA\n",
    "    MODIFIES SQL DATA\n",
    "    CONTAINS SQL\n",
    "    SQL SECURITY INVOKER\n",
];

fn some_body(text: &str) -> Option<String> {
    super::some(text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_of_a_trigger_is_what_follows() {
        for (statement, expected) in [
            (
                "CREATE DEFINER=`a`@`b` TRIGGER t BEFORE INSERT ON `for each row` FOR EACH ROW SET NEW.a = 'it''s'",
                "SET NEW.a = 'it''s'",
            ),
            (
                "CREATE TRIGGER `t` AFTER UPDATE ON t for each\n row PRECEDES `x y` /* why */ BEGIN END",
                "/* why */ BEGIN END",
            ),
        ] {
            assert_eq!(trigger_body(statement, &Rules::MYSQL).as_deref(), Some(expected));
        }
    }

    #[test]
    fn the_body_of_a_routine_is_what_follows() {
        let statement = "CREATE DEFINER=`a`@`b` FUNCTION `f(`(a enum('(\n','x'), b decimal(10,2)) RETURNS varchar(50) CHARSET utf8mb4\n    \
            DETERMINISTIC\n    COMMENT 'it''s\n    NO SQL'\n-- first\nRETURN '\\''";
        let (body, aggregate) = routine_body(statement, &Rules::MYSQL).unwrap();
        assert_eq!((body.as_str(), aggregate), ("-- first\nRETURN '\\''", false));
        let statement = "CREATE AGGREGATE FUNCTION `f`() RETURNS int(11)\nBEGIN\n    NO SQL\nEND";
        let (body, aggregate) = routine_body(statement, &Rules::MYSQL).unwrap();
        assert_eq!((body.as_str(), aggregate), ("BEGIN\n    NO SQL\nEND", true));
    }

    #[test]
    fn the_query_of_a_view_is_what_follows() {
        let head = "CREATE ALGORITHM=UNDEFINED DEFINER=`as`@`b` SQL SECURITY DEFINER VIEW `v` (`as`) AS ";
        let body = |rest: &str, option: Option<&str>| {
            view_body(&format!("{head}{rest}"), option.map(str::to_owned).as_ref(), &Rules::MYSQL)
        };
        assert_eq!(body("select 1 AS `as`", None).as_deref(), Some("select 1 AS `as`"));
        let checked = body("select `a` AS `as` from `t` WITH LOCAL CHECK OPTION", Some("local"));
        assert_eq!(checked.as_deref(), Some("select `a` AS `as` from `t`"));
    }

    #[test]
    fn an_algorithm_is_read_where_one_was_asked_for() {
        assert_eq!(algorithm("CREATE ALGORITHM=MERGE DEFINER=`a`").as_deref(), Some("merge"));
        assert_eq!(algorithm("CREATE ALGORITHM=UNDEFINED DEFINER=`a`"), None);
    }
}
