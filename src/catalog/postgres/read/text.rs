//! What the server writes of an expression, made the same for one that was typed in and one that was read from there.

/// Where brackets and quotes of a text open and close.
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
    /// How many brackets are open.
    depth: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// The next byte outside of quotes, with its place and how many brackets are open around it.
    fn next(&mut self) -> Option<(usize, u8, usize)> {
        let bytes = self.text.as_bytes();
        let at = self.at;
        let byte = *bytes.get(at)?;
        self.at += 1;
        match byte {
            // A quote within quotes is doubled: two texts side by side, for us.
            b'\'' | b'"' => {
                let end = bytes[self.at..].iter().position(|other| *other == byte);
                self.at = end.map_or(bytes.len(), |end| self.at + end + 1);
                Some((at, byte, self.depth))
            }
            b'(' | b'[' => {
                self.depth += 1;
                Some((at, byte, self.depth - 1))
            }
            b')' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                Some((at, byte, self.depth))
            }
            _ => Some((at, byte, self.depth)),
        }
    }
}

/// Where a word stands outside of quotes and brackets.
pub(super) fn find_outside(text: &str, word: &str) -> Option<usize> {
    let mut scanner = Scanner::new(text);
    while let Some((at, _, depth)) = scanner.next() {
        if depth == 0 && text.is_char_boundary(at) && text[at..].starts_with(word) {
            return Some(at);
        }
    }
    None
}

/// The place of the bracket that closes the one at the beginning of a text.
fn closing(text: &str) -> Option<usize> {
    let mut scanner = Scanner::new(text);
    while let Some((at, byte, depth)) = scanner.next() {
        if depth == 0 && at > 0 && matches!(byte, b')' | b']') {
            return Some(at);
        }
    }
    None
}

/// Without the brackets around the whole of it.
pub(super) fn bare(text: &str) -> &str {
    let mut text = text.trim();
    while text.starts_with('(') && closing(text) == Some(text.len() - 1) {
        text = text[1..text.len() - 1].trim();
    }
    text
}

/// As the server would write it after it was read in once more. Two things it is known to write in two ways, which both come of
/// IN: `(ARRAY['a'::character varying])::text[]` is read as a cast of each element; and in `((a OR b) OR c)` the inner brackets
/// mean nothing to it.
pub(super) fn settled(text: &str) -> String {
    let text = with_cast_elements(text);
    if text.contains("((") { flattened(&text) } else { text }
}

fn with_cast_elements(text: &str) -> String {
    const BEFORE: &str = "(ARRAY[";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find_anywhere(rest, BEFORE) {
        out.push_str(&rest[..at]);
        let from = &rest[at..];
        if let Some((cast, length)) = cast_of_array(from) {
            out.push_str(&cast);
            rest = &from[length..];
        } else {
            out.push_str(BEFORE);
            rest = &from[BEFORE.len()..];
        }
    }
    out.push_str(rest);
    out
}

fn flattened(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find_anywhere(rest, "(") {
        let Some(close) = closing(&rest[at..]) else { break };
        let inner = unnested(flattened(&rest[at + 1..at + close]));
        out.push_str(&rest[..=at]);
        out.push_str(&inner);
        out.push(')');
        rest = &rest[at + close + 1..];
    }
    out.push_str(rest);
    out
}

/// `(a OR b) OR c` as `a OR b OR c`. Between brackets of their own, nothing but operands stands beside these words.
fn unnested(mut text: String) -> String {
    while text.starts_with('(') {
        let Some(close) = closing(&text) else { break };
        let (first, rest) = (&text[1..close], &text[close + 1..]);
        let same = |word: &&str| rest.starts_with(*word) && find_outside(first, word).is_some();
        if [" OR ", " AND "].iter().find(|word| same(word)).is_none() {
            break;
        }
        text = format!("{first}{rest}");
    }
    text
}

/// Where a word stands outside of quotes.
fn find_anywhere(text: &str, word: &str) -> Option<usize> {
    if !text.contains(word) {
        return None;
    }
    let mut scanner = Scanner::new(text);
    while let Some((at, byte, _)) = scanner.next() {
        if byte == b'(' && text[at..].starts_with(word) {
            return Some(at);
        }
    }
    None
}

/// `(ARRAY[a, b])::text[]` at the beginning of a text, as `ARRAY[(a)::text, (b)::text]`; and how long it was.
fn cast_of_array(text: &str) -> Option<(String, usize)> {
    let close = closing(text)?;
    let array = text[1..close].strip_prefix("ARRAY")?;
    if closing(array)? != array.len() - 1 {
        return None;
    }
    let type_name = text[close + 1..].strip_prefix("::")?;
    let mut scanner = Scanner::new(type_name);
    let mut end = None;
    while let Some((at, byte, depth)) = scanner.next() {
        if depth == 0 && byte == b'[' && type_name[at..].starts_with("[]") {
            end = Some(at);
            break;
        }
        // A type's name has letters, digits, dots, spaces, quotes, and brackets around its length.
        if depth == 0 && !(byte.is_ascii_alphanumeric() || byte >= 0x80 || b" _.$\"()".contains(&byte)) {
            return None;
        }
    }
    let (end, elements) = (end?, &array[1..array.len() - 1]);
    let one = &type_name[..end];
    let elements: Vec<String> =
        split(elements).into_iter().map(|element| format!("({})::{one}", settled(element))).collect();
    Some((format!("ARRAY[{}]", elements.join(", ")), close + 1 + 2 + end + 2))
}

/// A name as SQL has it: in quotes where it needs them, or could.
pub(super) fn identifier(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if plain && !name.starts_with(|c: char| c.is_ascii_digit()) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// The items of a list, which commas outside of quotes and brackets part.
pub(in crate::catalog::postgres) fn split(list: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let mut from = 0;
    let mut scanner = Scanner::new(list);
    while let Some((at, byte, depth)) = scanner.next() {
        if depth == 0 && byte == b',' {
            items.push(list[from..at].trim());
            from = at + 1;
        }
    }
    let last = list[from..].trim();
    if !(last.is_empty() && items.is_empty()) {
        items.push(last);
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cast_of_an_array_is_one_of_its_elements() {
        let typed = "((status)::text = ANY ((ARRAY['a, b'::character varying, 'it''s)'::character varying])::text[]))";
        let read =
            "((status)::text = ANY (ARRAY[('a, b'::character varying)::text, ('it''s)'::character varying)::text]))";
        assert_eq!(settled(typed), read);
        assert_eq!(settled(read), read);
        assert_eq!(settled("'(ARRAY[1])::text[]'::text"), "'(ARRAY[1])::text[]'::text");
        assert_eq!(settled("((ARRAY[1, 2])[1] > 0)"), "((ARRAY[1, 2])[1] > 0)");
        assert_eq!(settled("(ARRAY[1])::numeric(10,2)[]"), "ARRAY[(1)::numeric(10,2)]");
    }

    #[test]
    fn brackets_that_mean_nothing_are_taken_off() {
        assert_eq!(settled("(((a OR b) OR c) OR d)"), "(a OR b OR c OR d)");
        assert_eq!(settled("f(((a AND (b OR c)) AND d))"), "f((a AND (b OR c) AND d))");
        assert_eq!(settled("((a OR b) AND (c OR (d OR e)))"), "((a OR b) AND (c OR (d OR e)))");
        assert_eq!(settled("((a = ' OR '::text) OR b)"), "((a = ' OR '::text) OR b)");
    }

    #[test]
    fn only_brackets_around_the_whole_are_taken_off() {
        assert_eq!(bare("((a > 0))"), "a > 0");
        assert_eq!(bare("(a > 0) AND (b > 0)"), "(a > 0) AND (b > 0)");
        assert_eq!(bare("(a = ')'::text)"), "a = ')'::text");
        assert_eq!(bare("lower(a)"), "lower(a)");
    }

    #[test]
    fn lists_are_parted_outside_of_quotes_and_brackets() {
        assert_eq!(split("f(a, b), 'c, d', \"e,f\""), ["f(a, b)", "'c, d'", "\"e,f\""]);
        assert!(split(" ").is_empty());
    }
}
