//! Cuts a file into statements, each with its place. Comments between statements belong to none.

use super::body::Body;
use super::{Kind, Lexer, Rules, Token};

/// One statement of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a> {
    /// From 1, in the order of the file.
    pub number: usize,
    /// From its first to its last token that means something, without what ends it.
    pub text: &'a str,
    /// The same with what stands between its last token and its `;`, and with that: SQLite keeps the text of a CREATE up to
    /// there, so this is what must be run.
    pub whole: &'a str,
    /// Where it begins: a byte offset in the file.
    pub start: usize,
    head: Vec<String>,
}

impl Statement<'_> {
    /// Whether the statement begins with these words, whatever their case. Names in quotes are not counted.
    #[must_use]
    pub fn begins(&self, words: &[&str]) -> bool {
        self.head.len() >= words.len() && self.head.iter().zip(words).all(|(have, want)| have == want)
    }

    /// The first words, in capitals: twelve at most.
    #[must_use]
    pub fn head(&self) -> &[String] {
        &self.head
    }

    /// Whether one of the first words is this one.
    #[must_use]
    pub fn has(&self, word: &str) -> bool {
        self.head.iter().any(|have| have == word)
    }

    /// BEGIN, COMMIT, ROLLBACK and their kin, which end or begin a transaction. Savepoints are not among them.
    #[must_use]
    pub fn is_transaction_control(&self) -> bool {
        match self.head.first().map(String::as_str) {
            Some("BEGIN") => !self.begins(&["BEGIN", "NOT", "ATOMIC"]),
            Some("COMMIT" | "END" | "ABORT") => true,
            Some("START") => self.begins(&["START", "TRANSACTION"]),
            Some("PREPARE") => self.begins(&["PREPARE", "TRANSACTION"]),
            Some("ROLLBACK") => !self.has("TO"),
            _ => false,
        }
    }
}

/// A quote, comment or body without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unterminated {
    /// `quote`, `comment`, `dollar quote`, `quoted name` or `body`.
    pub what: &'static str,
    /// Where it begins: a byte offset in the file.
    pub start: usize,
}

/// The statements of a text, or the first thing in it that has no end.
pub fn split<'a>(source: &'a str, rules: &'a Rules) -> Result<Vec<Statement<'a>>, Unterminated> {
    Splitter::new(rules).split(source, true).map(|(statements, _)| statements)
}

/// Cuts a text that comes in parts.
#[derive(Debug, Clone)]
pub struct Splitter<'r> {
    rules: &'r Rules,
    delimiter: String,
    executable: bool,
    /// How many statements there were.
    number: usize,
    /// Where the next part begins: a byte offset in the text.
    at: usize,
}

impl<'r> Splitter<'r> {
    #[must_use]
    pub fn new(rules: &'r Rules) -> Self {
        Self { rules, delimiter: ";".to_owned(), executable: false, number: 0, at: 0 }
    }

    /// The whole statements at the beginning of a part, and how many bytes they take with what stands between. What follows
    /// them is the beginning of the next part; unless this one is the `last`. A statement is whole when what ends it was seen: no
    /// later byte can change that.
    pub fn split<'a>(&mut self, part: &'a str, last: bool) -> Result<(Vec<Statement<'a>>, usize), Unterminated> {
        let mut statements = Vec::new();
        let mut lexer = Lexer::resume(part, self.rules, self.delimiter.clone().into(), self.executable);
        let mut current: Option<Current> = None;
        let mut taken = 0;
        while let Some(token) = lexer.next() {
            if !token.closed {
                if last {
                    return Err(Unterminated { what: name(token.kind), start: self.at + token.start });
                }
                break;
            }
            if !token.is_code() {
                continue;
            }
            let ends = token.kind == Kind::Delimiter
                && current.as_ref().is_none_or(|statement| !statement.continues(self.rules, lexer.delimiter()));
            if ends {
                // A delimiter of one's own is no SQL.
                let end = if token.text(part) == ";" { Some(token.end) } else { None };
                let number = self.number + statements.len() + 1;
                statements.extend(current.take().map(|statement| statement.finish(part, end, number, self.at)));
            } else if current.is_none() && self.rules.delimiter_lines && is_delimiter_command(&token, part) {
                lexer.read_delimiter();
                if !last && lexer.at() == part.len() {
                    // The line may go on.
                    break;
                }
            } else {
                current.get_or_insert_with(|| Current::new(token.start, self.rules)).take(&token, part);
                continue;
            }
            taken = lexer.at();
            lexer.delimiter().clone_into(&mut self.delimiter);
            self.executable = lexer.is_executable();
        }
        if last {
            if let Some(statement) = current {
                if statement.body.is_open() {
                    return Err(Unterminated { what: "body", start: self.at + statement.start });
                }
                let number = self.number + statements.len() + 1;
                statements.push(statement.finish(part, None, number, self.at));
            }
            taken = part.len();
        }
        self.number += statements.len();
        self.at += taken;
        Ok((statements, taken))
    }
}

fn is_delimiter_command(token: &Token, source: &str) -> bool {
    token.kind == Kind::Word && token.text(source).eq_ignore_ascii_case("delimiter")
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Comment => "comment",
        Kind::Dollar => "dollar quote",
        Kind::QuotedName => "quoted name",
        _ => "quote",
    }
}

/// The statement that is being read.
struct Current {
    start: usize,
    end: usize,
    body: Body,
}

impl Current {
    fn new(start: usize, rules: &Rules) -> Self {
        Self { start, end: start, body: Body::new(rules) }
    }

    fn continues(&self, rules: &Rules, delimiter: &str) -> bool {
        // Whoever changed the delimiter said where statements end.
        delimiter == ";" && (self.body.is_open() || (rules.parentheses_group && self.body.in_parentheses()))
    }

    fn take(&mut self, token: &Token, source: &str) {
        self.end = token.end;
        match token.kind {
            Kind::Word => self.body.word(token.text(source)),
            Kind::Symbol | Kind::Delimiter => self.body.symbol(token.text(source)),
            // The code within an executable comment goes on as if it stood outside.
            Kind::Executable => {}
            _ => self.body.symbol("literal"),
        }
    }

    /// `at`: where the part begins in its text.
    fn finish(self, part: &str, end: Option<usize>, number: usize, at: usize) -> Statement<'_> {
        let text = &part[self.start..self.end];
        let whole = end.map_or(text, |end| &part[self.start..end]);
        Statement { number, text, whole, start: at + self.start, head: self.body.into_head() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<'a>(source: &'a str, rules: &'a Rules) -> Vec<&'a str> {
        split(source, rules).unwrap_or_default().into_iter().map(|s| s.text).collect()
    }

    #[test]
    fn postgres() {
        let source = "-- ; \nselect 1; /* a /* ; */ */ select ';' , $$;$$, $a$ $$; $a$, E'\\';' ;; select a$b$c;\n\
            create or replace function f() returns int language sql begin atomic select 1; select case when true then 1 end; end;\n\
            create rule r as on insert to t do also (insert into a values (1); insert into b values (2));\n\
            select \"a;b\", U&'\\0041;' -- last";
        assert_eq!(
            texts(source, &Rules::POSTGRES),
            [
                "select 1",
                "select ';' , $$;$$, $a$ $$; $a$, E'\\';'",
                "select a$b$c",
                "create or replace function f() returns int language sql begin atomic select 1; select case when true then 1 end; end",
                "create rule r as on insert to t do also (insert into a values (1); insert into b values (2))",
                "select \"a;b\", U&'\\0041;'",
            ]
        );
    }

    #[test]
    fn postgres_reads_carriage_returns_and_continued_literals() {
        let texts = |source| texts(source, &Rules::POSTGRES);
        assert_eq!(texts("select 1;\r-- note\rselect 2;\r"), ["select 1", "select 2"]);
        assert_eq!(texts("select E'x'\n'it\\'s; fine'; commit"), ["select E'x'\n'it\\'s; fine'", "commit"]);
        assert_eq!(texts("select E'x' 'it'; commit").len(), 2);
    }

    #[test]
    fn sqlite() {
        let source = "create temp trigger t after insert on a begin update b set end = case when 1 then 2 end; select 1; end;\n\
            select [a;b], `c;d`, '\\'; begin; commit; select 2 /* closed */";
        assert_eq!(
            texts(source, &Rules::SQLITE),
            [
                "create temp trigger t after insert on a begin update b set end = case when 1 then 2 end; select 1; end",
                "select [a;b], `c;d`, '\\'",
                "begin",
                "commit",
                "select 2",
            ]
        );
    }

    #[test]
    fn mysql() {
        let source = "select 'a\\';b', \"c;\" # ;\n;\n\
            create procedure p() begin declare x int; if x then select 1; elseif (x) then select if(x, 1, 2); end if; \
            l: loop leave l; end loop; repeat set x = x + 1; until x > 5 end repeat; \
            case x when 1 then select 1; else begin end; end case; set x = case when x then if(x,1,2) else 2 end; end;\n\
            select 1--1;\n\
            create trigger t before insert on a for each row if new.x then set new.y = 1; end if;\n\
            DELIMITER //\ncreate function f() returns int begin return 1; end//\nDELIMITER ;\n\
            delimiter $$\ncreate function g() returns int begin return 1; end$$\ndelimiter ;\n\
            /*!50003 create procedure q() begin select 1; end */;\n\
            create table if not exists event (a int); select 3";
        let texts = texts(source, &Rules::MYSQL);
        assert_eq!(texts.len(), 9, "{texts:#?}");
        assert!(texts[1].ends_with("end"));
        assert_eq!(texts[2], "select 1--1");
        assert_eq!(texts[4], "create function f() returns int begin return 1; end");
        assert_eq!(texts[5], "create function g() returns int begin return 1; end");
        assert!(texts[6].starts_with("/*!50003"), "{}", texts[6]);
    }

    #[test]
    fn bodies_of_mysql_in_all_their_forms() {
        for body in [
            "create procedure p() begin for i in 1..3 do insert into t values (i); end for; end",
            "alter event e on schedule every 1 day do begin select 1; select 2; end",
            "create event e on schedule every 1 day do if 1 then select 1; end if",
            "create trigger t before insert on a for each row follows t1 if new.x then set new.y = 1; end if",
            "create trigger `t` before insert on `a` for each row set new.x = 1",
            "create trigger `t` before insert on `a` for each row for i in 1..3 do set new.x = i; end for",
            "create procedure p() comment 'x' for i in 1..3 do select i; end for",
            "create procedure p() comment 'x' if 1 then select 1; end if",
            "create procedure p() begin do if(1, 2, 3); select 1; end",
            "create procedure p() begin select begin, end from t; select 1; end",
            "create procedure p() begin declare continue handler for sqlexception begin select 1; end; select 2; end",
            "create procedure p() begin declare exit handler for 1062, sqlstate '23000' begin end; select 2; end",
            "create procedure if not exists p() begin while 1 do if x then leave l; end if; end while; end",
            "create definer = `a`@`b` function f() returns int deterministic return case when 1 then if(1, 2, 3) else 0 end",
            "create function f() returns int return 1",
            "create procedure p() l: begin l2: loop leave l2; end loop l2; end l",
            "create procedure p() begin case x when 1 then begin end; else select 1; end case; end",
        ] {
            let source = format!("{body};\nselect 1");
            assert_eq!(texts(&source, &Rules::MYSQL), [body, "select 1"], "{body}");
        }
        assert_eq!(texts("delimiter '//'\nselect 1; select 2//\n", &Rules::MYSQL), ["select 1; select 2"]);
    }

    #[test]
    fn the_whole_of_a_statement_goes_to_its_end() {
        let whole =
            |source| split(source, &Rules::SQLITE).unwrap().iter().map(|s| s.whole.to_owned()).collect::<Vec<_>>();
        assert_eq!(whole("create table a (b) -- c\n ;\n select 1"), ["create table a (b) -- c\n ;", "select 1"]);
    }

    #[test]
    fn what_has_no_end_is_told() {
        let cases = [
            ("select 'a", "quote", 7),
            ("select $x$ a", "dollar quote", 7),
            ("  /* a", "comment", 2),
            ("select \"a", "quoted name", 7),
            ("create function f() returns int begin atomic select 1;", "body", 0),
        ];
        for (source, what, start) in cases {
            assert_eq!(split(source, &Rules::POSTGRES), Err(Unterminated { what, start }), "{source}");
        }
    }

    /// Reads a text in parts that grow by `step` bytes until they hold a whole statement.
    fn in_parts(source: &str, rules: &Rules, step: usize) -> Result<Vec<(usize, usize, String, String)>, Unterminated> {
        let mut splitter = Splitter::new(rules);
        let (mut all, mut at, mut length) = (Vec::new(), 0, step);
        loop {
            let mut end = (at + length).min(source.len());
            while !source.is_char_boundary(end) {
                end += 1;
            }
            let last = end == source.len();
            let (statements, taken) = splitter.split(&source[at..end], last)?;
            all.extend(statements.iter().map(|one| (one.number, one.start, one.text.to_owned(), one.whole.to_owned())));
            if last {
                return Ok(all);
            }
            at += taken;
            length = if taken == 0 { length + step } else { step };
        }
    }

    #[test]
    fn in_parts_as_in_one() {
        let sources = [
            (
                "-- ; é\nselect 1; /* a ; */ select ';' , $$;$$, $a$ $$; $a$, E'\\';'\n'b;' ;; select a$b$c; -- last",
                &Rules::POSTGRES,
            ),
            ("create function f() returns int begin atomic select 1; end; select 2", &Rules::POSTGRES),
            ("create temp trigger t after insert on a begin select 1; end -- x\n; select [a;b]", &Rules::SQLITE),
            (
                "delimiter //\nselect 1; select 2//\ndelimiter ;\nselect 3; /*!50003 select 4 */; # ;\nselect 1--1",
                &Rules::MYSQL,
            ),
            ("create procedure p() begin select 1; end;\nDELIMITER $$\nselect 5$$ select 'é;'$$", &Rules::MYSQL),
            ("select 'a", &Rules::POSTGRES),
        ];
        for (source, rules) in sources {
            let whole = in_parts(source, rules, source.len());
            for step in 1..source.len() {
                assert_eq!(in_parts(source, rules, step), whole, "{source} in steps of {step}");
            }
        }
    }

    #[test]
    fn transaction_control_is_told_from_savepoints() {
        let control = |source| split(source, &Rules::POSTGRES).unwrap()[0].is_transaction_control();
        for yes in ["begin", "BEGIN WORK", "commit", "end", "rollback", "start transaction", "abort"] {
            assert!(control(yes), "{yes}");
        }
        for no in ["rollback to savepoint a", "savepoint a", "release a", "select 1", "set transaction read only"] {
            assert!(!control(no), "{no}");
        }
    }
}
