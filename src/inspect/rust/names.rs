//! Names of the database as Rust's.

/// What `table!` uses for itself.
const TAKEN: &[&str] = &["table", "columns", "is_nullable"];

/// What is no identifier.
const KEYWORDS: &[&str] = &[
    "_", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "if", "impl", "in", "let", "loop", "macro", "match",
    "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "Self", "self", "static", "struct", "super",
    "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The name of a table, schema or type.
pub fn rust_name(sql: &str) -> String {
    let mut name = String::new();
    // A digit cannot come first, and what stands in for it is not doubled.
    let mut replaced = sql.starts_with(|c: char| c.is_ascii_digit());
    if replaced {
        name.push('_');
    }
    for c in sql.chars() {
        let fits = c.is_ascii_alphanumeric() || c == '_';
        if fits {
            name.push(c);
        } else if !replaced {
            name.push('_');
        }
        replaced = !fits;
    }
    let hidden = name.starts_with("__") && !name.ends_with('_');
    if hidden || TAKEN.contains(&name.as_str()) || KEYWORDS.contains(&name.as_str()) {
        name.push('_');
    }
    name
}

/// The name of a column, which must not be its table's.
pub fn column_name(sql: &str, table: &str) -> String {
    let name = rust_name(sql);
    if name == table { format!("{name}_") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_identifiers() {
        for (sql, rust) in [
            ("users", "users"),
            ("type", "type_"),
            ("Type", "Type"),
            ("a b", "a_b"),
            ("a - b", "a_b"),
            ("a_-b", "a__b"),
            ("1st", "_1st"),
            ("1-a", "_1_a"),
            ("-a", "_a"),
            ("größe", "gr_e"),
            ("é", "__"),
            ("__x", "__x_"),
            ("__x_", "__x_"),
            ("columns", "columns_"),
        ] {
            assert_eq!(rust_name(sql), rust, "{sql}");
        }
        assert_eq!(column_name("posts", "posts"), "posts_");
    }
}
