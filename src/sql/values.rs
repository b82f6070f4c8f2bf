//! Statements without their values, for logs.

use super::{Kind, Lexer, Rules};

/// The statement with every literal replaced by `?` and white space made single.
#[must_use]
pub fn without_values(source: &str, rules: &Rules) -> String {
    let mut out = String::new();
    for token in Lexer::new(source, rules) {
        match token.kind {
            Kind::Space | Kind::Comment if out.is_empty() || out.ends_with(' ') => {}
            Kind::Space | Kind::Comment => out.push(' '),
            Kind::String | Kind::Number | Kind::Dollar => out.push('?'),
            _ => out.push_str(token.text(source)),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_replaced() {
        let shown = without_values(" insert into a -- x\n values (1, 'b', $$c$$, \"d\")\n", &Rules::POSTGRES);
        assert_eq!(shown, "insert into a values (?, ?, ?, \"d\")");
    }
}
