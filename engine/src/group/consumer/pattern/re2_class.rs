//! A character class of RE2, `[...]`, as the `regex` crate writes it: there, sets may be nested and
//! computed with, so that `[`, `&&`, `--` and `~~` would mean something else. Pure.

use super::re2::{SyntaxError, escaped, property, push_literal};

/// Names between `[:` and `:]`.
const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// Writes the class whose `[` has been read; what follows its `]` comes back.
pub(super) fn class<'a>(text: &'a str, out: &mut String) -> Result<&'a str, SyntaxError> {
    out.push('[');
    let mut rest = text;
    if let Some(negated) = rest.strip_prefix('^') {
        out.push('^');
        rest = negated;
    }
    let mut first = true; // a `]` that comes first is a member
    loop {
        if let Some(after) = rest.strip_prefix(']').filter(|_| !first) {
            out.push(']');
            return Ok(after);
        }
        first = false;
        rest = match named(rest, out)? {
            Some(after) => after,
            None => range(rest, out)?,
        };
    }
}

/// A named set at the start, `[:alpha:]`, `\d`, `\p{Greek}`, and what follows it.
fn named<'a>(text: &'a str, out: &mut String) -> Result<Option<&'a str>, SyntaxError> {
    if let Some(inner) = text.strip_prefix("[:") {
        let Some((name, rest)) = inner.split_once(":]") else { return Ok(None) };
        if !POSIX.contains(&name.strip_prefix('^').unwrap_or(name)) {
            return Err(SyntaxError::CharRange);
        }
        out.push_str(&format!("[:{name}:]"));
        return Ok(Some(rest));
    }
    match text.strip_prefix('\\').and_then(|after| after.chars().next()) {
        Some('d' | 'D' | 's' | 'S' | 'w' | 'W') => {
            let (set, rest) = text.split_at(2);
            out.push_str(set);
            Ok(Some(rest))
        }
        Some('p' | 'P') => property(text, out).map(Some),
        _ => Ok(None),
    }
}

/// One character, or two with `-` between.
fn range<'a>(text: &'a str, out: &mut String) -> Result<&'a str, SyntaxError> {
    let (low, rest) = member(text)?;
    push_literal(out, low);
    let Some(after) = rest.strip_prefix('-').filter(|after| !after.starts_with(']')) else {
        return Ok(rest);
    };
    let (high, rest) = member(after)?;
    if high < low {
        return Err(SyntaxError::CharRange);
    }
    out.push('-');
    push_literal(out, high);
    Ok(rest)
}

fn member(text: &str) -> Result<(char, &str), SyntaxError> {
    let c = text.chars().next().ok_or(SyntaxError::MissingBracket)?;
    match c {
        '\\' => escaped(&text[1..]),
        c => Ok((c, &text[c.len_utf8()..])),
    }
}
