//! RE2's syntax as the `regex` crate writes it. The two engines have nearly one syntax and match in
//! linear time both, but each takes some texts that the other does not, or means something else by
//! them; here RE2/J decides, which Kafka uses: what it refuses is refused, in its words, and the
//! rest is written down so that only one reading is left. Pure.

use super::re2_class::class;

/// Why RE2 refuses a pattern, in its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum SyntaxError {
    #[error("invalid character class range")]
    CharRange,
    #[error("invalid escape sequence")]
    Escape,
    #[error("invalid named capture")]
    NamedCapture,
    #[error("duplicate capture group name")]
    DuplicateName,
    #[error("invalid or unsupported Perl syntax")]
    PerlSyntax,
    #[error("invalid nested repetition operator")]
    NestedRepetition,
    #[error("invalid repeat count")]
    RepeatCount,
    #[error("missing closing ]")]
    MissingBracket,
    #[error("missing closing )")]
    MissingParenthesis,
    #[error("regexp/syntax: internal error")]
    UnopenedParenthesis,
    #[error("missing argument to repetition operator")]
    RepeatsNothing,
    #[error("trailing backslash at end of expression")]
    TrailingBackslash,
    #[error("expression is too large")]
    TooLarge,
}

/// Most repetitions that `{n,m}` may ask for.
const REPEAT_MAX: u32 = 1000;

/// A pattern as the `regex` crate writes it.
pub(super) fn translate(pattern: &str) -> Result<String, SyntaxError> {
    let mut state = Translation { rest: pattern, out: String::new(), ..Translation::default() };
    while let Some(next) = state.rest.chars().next() {
        state.step(next)?;
    }
    if state.depth > 0 {
        return Err(SyntaxError::MissingParenthesis);
    }
    Ok(state.out)
}

/// What stands in front of a repetition operator.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Before {
    /// Nothing that could be repeated.
    #[default]
    Nothing,
    /// Something that can be repeated.
    Term,
    /// Something that is repeated already.
    Repetition,
}

#[derive(Default)]
struct Translation<'a> {
    rest: &'a str,
    out: String,
    depth: usize,
    before: Before,
    names: Vec<&'a str>,
}

impl<'a> Translation<'a> {
    fn step(&mut self, next: char) -> Result<(), SyntaxError> {
        match next {
            '\\' => self.escape(),
            '[' => {
                self.rest = class(&self.rest[1..], &mut self.out)?;
                self.before = Before::Term;
                Ok(())
            }
            '(' => self.open(),
            ')' => {
                self.depth = self.depth.checked_sub(1).ok_or(SyntaxError::UnopenedParenthesis)?;
                self.copy(1, Before::Term);
                Ok(())
            }
            '*' | '+' | '?' => self.repeat(1),
            '{' => match counts(self.rest)? {
                Some(bytes) => self.repeat(bytes),
                None => {
                    self.rest = &self.rest[1..];
                    self.literal('{');
                    Ok(())
                }
            },
            '|' => {
                self.copy(1, Before::Nothing);
                Ok(())
            }
            '^' | '$' | '.' => {
                self.copy(1, Before::Term);
                Ok(())
            }
            _ => {
                self.rest = &self.rest[next.len_utf8()..];
                self.literal(next);
                Ok(())
            }
        }
    }

    fn copy(&mut self, bytes: usize, before: Before) {
        let (head, rest) = self.rest.split_at(bytes);
        self.out.push_str(head);
        self.rest = rest;
        self.before = before;
    }

    fn literal(&mut self, c: char) {
        push_literal(&mut self.out, c);
        self.before = Before::Term;
    }

    /// An operator of so many bytes, and the `?` behind it that makes it lazy.
    fn repeat(&mut self, bytes: usize) -> Result<(), SyntaxError> {
        match self.before {
            Before::Nothing => return Err(SyntaxError::RepeatsNothing),
            Before::Repetition => return Err(SyntaxError::NestedRepetition),
            Before::Term => self.copy(bytes, Before::Repetition),
        }
        if self.rest.starts_with('?') {
            self.copy(1, Before::Repetition);
        }
        Ok(())
    }

    /// A group. None of them has to capture: a topic matches, or it does not.
    fn open(&mut self) -> Result<(), SyntaxError> {
        let Some(head) = self.rest.strip_prefix("(?") else {
            self.rest = &self.rest[1..];
            return self.enter("(?:");
        };
        match head.strip_prefix("P<").or_else(|| head.strip_prefix('<')) {
            Some(name) => self.named(name),
            None => self.flags(head),
        }
    }

    fn enter(&mut self, written: &str) -> Result<(), SyntaxError> {
        self.out.push_str(written);
        self.depth += 1;
        self.before = Before::Nothing;
        Ok(())
    }

    fn named(&mut self, head: &'a str) -> Result<(), SyntaxError> {
        let (name, rest) = head.split_once('>').ok_or(SyntaxError::NamedCapture)?;
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(word) {
            return Err(SyntaxError::NamedCapture);
        }
        if self.names.contains(&name) {
            return Err(SyntaxError::DuplicateName);
        }
        self.names.push(name);
        self.rest = rest;
        self.enter("(?:")
    }

    /// `(?flags)` and `(?flags:`: the flags i, m, s and U, and those behind `-` switched off.
    fn flags(&mut self, head: &'a str) -> Result<(), SyntaxError> {
        let end = head.find([':', ')']).ok_or(SyntaxError::PerlSyntax)?;
        let (flags, rest) = head.split_at(end);
        let (on, off) = flags.split_once('-').unwrap_or((flags, "i"));
        let known = |flags: &str| flags.chars().all(|flag| matches!(flag, 'i' | 'm' | 's' | 'U'));
        if !known(on) || !known(off) || off.is_empty() {
            return Err(SyntaxError::PerlSyntax);
        }
        let written = distinct(flags);
        self.rest = &rest[1..];
        if rest.starts_with(':') {
            return self.enter(&format!("(?{written}:"));
        }
        if !flags.is_empty() {
            self.out.push_str(&format!("(?{written})"));
        }
        self.before = Before::Nothing;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), SyntaxError> {
        let after = &self.rest[1..];
        match after.chars().next() {
            Some('Q') => {
                let (quoted, rest) = after[1..].split_once("\\E").unwrap_or((&after[1..], ""));
                quoted.chars().for_each(|c| self.literal(c));
                self.rest = rest;
            }
            Some('A' | 'b' | 'B' | 'z' | 'd' | 'D' | 's' | 'S' | 'w' | 'W') => {
                self.copy(2, Before::Term);
            }
            Some('p' | 'P') => {
                self.rest = property(self.rest, &mut self.out)?;
                self.before = Before::Term;
            }
            _ => {
                let (c, rest) = escaped(after)?;
                self.rest = rest;
                self.literal(c);
            }
        }
        Ok(())
    }
}

/// Flags may stand there twice in RE2.
fn distinct(flags: &str) -> String {
    let (on, off) = flags.split_once('-').unwrap_or((flags, ""));
    let mut written = String::new();
    let once = |written: &mut String, flags: &str, besides: &str| {
        for flag in flags.chars() {
            if !written.contains(flag) && !besides.contains(flag) {
                written.push(flag);
            }
        }
    };
    once(&mut written, on, off);
    if !off.is_empty() {
        let mut without = String::new();
        once(&mut without, off, "");
        written.push('-');
        written.push_str(&without);
    }
    written
}

/// The bytes of `{n}`, `{n,}` or `{n,m}` at the start; `None` when the brace is only a brace.
fn counts(text: &str) -> Result<Option<usize>, SyntaxError> {
    let Some(end) = text.find('}') else { return Ok(None) };
    let inner = &text[1..end];
    let (least, most) = inner.split_once(',').unwrap_or((inner, inner));
    let number = |digits: &str| {
        let plain = digits.bytes().all(|b| b.is_ascii_digit());
        let short = digits.len() == 1 || !digits.starts_with('0');
        (!digits.is_empty() && plain && short).then(|| digits.parse().unwrap_or(u32::MAX))
    };
    let Some(least) = number(least) else { return Ok(None) };
    let most = match most {
        "" => least,
        most => match number(most) {
            Some(most) => most,
            None => return Ok(None),
        },
    };
    if least > REPEAT_MAX || most > REPEAT_MAX || least > most {
        return Err(SyntaxError::RepeatCount);
    }
    Ok(Some(end + 1))
}

/// `\pN` or `\p{Name}` at the start, and what follows it; which names there are, the engine knows.
/// A `^` before the name turns it round.
pub(super) fn property<'a>(text: &'a str, out: &mut String) -> Result<&'a str, SyntaxError> {
    let (kind, after) = text.split_at(2);
    let (name, rest) = match after.strip_prefix('{') {
        Some(named) => named.split_once('}').ok_or(SyntaxError::CharRange)?,
        None => {
            let c = after.chars().next().ok_or(SyntaxError::CharRange)?;
            after.split_at(c.len_utf8())
        }
    };
    match (kind, name.strip_prefix('^')) {
        (r"\p", Some(name)) => out.push_str(&format!(r"\P{{{name}}}")),
        (_, Some(name)) => out.push_str(&format!(r"\p{{{name}}}")),
        (_, None) => out.push_str(&format!("{kind}{{{name}}}")),
    }
    Ok(rest)
}

/// The character that stands behind a backslash, and what follows it.
pub(super) fn escaped(text: &str) -> Result<(char, &str), SyntaxError> {
    let c = text.chars().next().ok_or(SyntaxError::TrailingBackslash)?;
    let rest = &text[c.len_utf8()..];
    let plain = match c {
        '1'..='7' if !rest.starts_with(|c: char| ('0'..='7').contains(&c)) => None,
        '0'..='7' => return octal(text),
        'x' => return hexadecimal(rest),
        'a' => Some('\x07'),
        'f' => Some('\x0c'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\x0b'),
        c => (!c.is_ascii_alphanumeric()).then_some(c),
    };
    plain.map(|c| (c, rest)).ok_or(SyntaxError::Escape)
}

/// One to three octal digits.
fn octal(text: &str) -> Result<(char, &str), SyntaxError> {
    let digits = text.bytes().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
    let (digits, rest) = text.split_at(digits);
    let value = u32::from_str_radix(digits, 8).ok().and_then(char::from_u32);
    value.map(|c| (c, rest)).ok_or(SyntaxError::Escape)
}

/// `HH` or `{H..}`.
fn hexadecimal(text: &str) -> Result<(char, &str), SyntaxError> {
    let (digits, rest) = match text.strip_prefix('{') {
        Some(braced) => braced.split_once('}').ok_or(SyntaxError::Escape)?,
        None => text.split_at_checked(2).ok_or(SyntaxError::Escape)?,
    };
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(SyntaxError::Escape);
    }
    let value = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    value.map(|c| (c, rest)).ok_or(SyntaxError::Escape)
}

/// A character that means itself, in or out of brackets.
pub(super) fn push_literal(out: &mut String, c: char) {
    if c.is_ascii() && !c.is_ascii_alphanumeric() {
        out.push_str(&format!("\\x{{{:x}}}", u32::from(c)));
    } else {
        out.push(c);
    }
}
