//! One condition on one target: what is required, what was seen, whether that passes, what would
//! cure it. Pure; the file that is read to fill one in is read by whoever builds it.

use std::io;

use serde::{Deserialize, Serialize};

/// What was found where the condition is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A text; numbers may be followed by a remark after a space.
    Value(String),
    /// One of several that the kernel offers, as `none [mq-deadline] kyber`.
    Choice {
        /// The one in brackets.
        chosen: String,
        /// All of them.
        offered: Vec<String>,
    },
    /// The kernel, or this machine, has no such thing.
    Absent,
    /// It cannot be seen from here: why.
    Hidden(String),
}

/// What must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Required {
    /// A number, `unlimited` being the largest.
    AtLeast(u64),
    /// A number.
    AtMost(u64),
    /// Any of these; the first one offered is what would be set.
    OneOf(&'static [&'static str]),
    /// Judged by the knob itself.
    Stated {
        /// In words.
        text: String,
        /// Whether it holds.
        holds: bool,
    },
    /// Anything: it is worth knowing.
    Nothing,
}

/// Where something is set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A file of the kernel.
    File(String),
    /// How the mount point keeps access times.
    Atime(String),
}

/// A place and what stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Where.
    pub place: Place,
    /// What.
    pub value: String,
}

/// What to set, and what brings back what was there. Mostly the same place; some settings of the
/// kernel are two files of which one rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What to set.
    pub to: Setting,
    /// What was there.
    pub before: Setting,
}

/// What would make a failed condition pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cure {
    /// These changes.
    Change(Vec<Change>),
    /// Something that only people can do.
    ByHand(String),
    /// Nothing to be done.
    None,
}

/// Whether a condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Passed,
    /// It does not.
    Failed,
    /// It could not be seen: why.
    Unseen(String),
    /// There is no such thing here, so nothing can be wrong with it.
    NotOffered,
}

/// One condition on one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aspect {
    /// A disk, an interface, a directory; empty: the host.
    pub target: String,
    /// What must hold.
    pub required: Required,
    /// What was found.
    pub seen: Seen,
    /// What would cure it if it fails.
    pub cure: Cure,
}

impl Seen {
    /// Reads what a file of the kernel says.
    pub fn of(read: io::Result<String>) -> Seen {
        match read {
            Ok(text) => Seen::parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Seen::Absent,
            Err(error) => Seen::Hidden(error.to_string()),
        }
    }

    fn parse(text: &str) -> Seen {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.iter().find_map(|word| in_brackets(word)) {
            Some(chosen) => Seen::Choice {
                chosen: chosen.to_string(),
                offered: words
                    .iter()
                    .map(|word| in_brackets(word).unwrap_or(word).to_string())
                    .collect(),
            },
            None => Seen::Value(text.trim().to_string()),
        }
    }

    /// What is set; `None` if that is not known.
    pub fn value(&self) -> Option<&str> {
        match self {
            Seen::Value(value) => Some(value),
            Seen::Choice { chosen, .. } => Some(chosen),
            Seen::Absent | Seen::Hidden(_) => None,
        }
    }

    fn offers(&self, word: &str) -> bool {
        match self {
            Seen::Choice { offered, .. } => offered.iter().any(|offered| offered == word),
            Seen::Value(_) | Seen::Absent | Seen::Hidden(_) => true,
        }
    }

    /// For people.
    pub fn shown(&self) -> &str {
        match self {
            Seen::Absent => "none",
            Seen::Hidden(_) => "?",
            Seen::Value(_) | Seen::Choice { .. } => self.value().unwrap_or_default(),
        }
    }
}

fn in_brackets(word: &str) -> Option<&str> {
    word.strip_prefix('[')?.strip_suffix(']')
}

impl Required {
    fn shown(&self) -> String {
        match self {
            Required::AtLeast(least) => format!(">= {least}"),
            Required::AtMost(most) => format!("<= {most}"),
            Required::OneOf(words) => words.join(" or "),
            Required::Stated { text, .. } => text.clone(),
            Required::Nothing => "-".to_string(),
        }
    }

    /// What to set so that it holds; `None` if the kernel offers nothing that would do.
    pub fn wanted(&self, seen: &Seen) -> Option<String> {
        match self {
            Required::AtLeast(number) | Required::AtMost(number) => Some(number.to_string()),
            Required::OneOf(words) => {
                words.iter().find(|word| seen.offers(word)).map(|word| word.to_string())
            }
            Required::Stated { .. } | Required::Nothing => None,
        }
    }

    fn holds(&self, value: &str) -> Option<bool> {
        let number = || match value.split_whitespace().next()? {
            "unlimited" => Some(u64::MAX),
            word => word.parse::<u64>().ok(),
        };
        Some(match self {
            Required::AtLeast(least) => number()? >= *least,
            Required::AtMost(most) => number()? <= *most,
            Required::OneOf(words) => words.contains(&value),
            Required::Stated { holds, .. } => *holds,
            Required::Nothing => true,
        })
    }
}

/// Whether what was seen is what is required.
pub fn judge(required: &Required, seen: &Seen) -> Verdict {
    match seen {
        Seen::Absent => Verdict::NotOffered,
        Seen::Hidden(why) => Verdict::Unseen(why.clone()),
        Seen::Value(value) | Seen::Choice { chosen: value, .. } => match required.holds(value) {
            Some(true) => Verdict::Passed,
            Some(false) => Verdict::Failed,
            None => Verdict::Unseen(format!("`{value}` is not a number")),
        },
    }
}

impl Place {
    /// The setting of `value` here, as a change from `before`.
    pub fn change(self, value: String, before: String) -> Change {
        let before = Setting { place: self.clone(), value: before };
        Change { to: Setting { place: self, value }, before }
    }
}

impl Aspect {
    /// One file of the kernel, which is also where it is set.
    pub fn file(target: &str, path: &str, required: Required, seen: Seen) -> Aspect {
        let cure = match (required.wanted(&seen), seen.value()) {
            (Some(wanted), Some(before)) => {
                let place = Place::File(path.to_string());
                Cure::Change(vec![place.change(wanted, before.to_string())])
            }
            (None, Some(_)) => Cure::ByHand("this kernel offers none of these".to_string()),
            (_, None) => Cure::None,
        };
        Aspect { target: target.to_string(), required, seen, cure }
    }

    /// A condition that only people can make true.
    pub fn by_hand(target: &str, required: Required, seen: Seen, what: &str) -> Aspect {
        Aspect { target: target.to_string(), required, seen, cure: Cure::ByHand(what.to_string()) }
    }

    /// What is required, for people: of several, those that there are.
    pub fn required_shown(&self) -> String {
        let Required::OneOf(words) = self.required else { return self.required.shown() };
        let offered: Vec<&str> = words.iter().copied().filter(|w| self.seen.offers(w)).collect();
        if offered.is_empty() { self.required.shown() } else { offered.join(" or ") }
    }

    /// Whether it passes.
    pub fn verdict(&self) -> Verdict {
        judge(&self.required, &self.seen)
    }
}

#[cfg(test)]
#[path = "aspect_test.rs"]
mod aspect_test;
