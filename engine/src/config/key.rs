//! A setting as a record: name, type, default, what is valid, what it means, whether it is obeyed.
//!
//! The tables under `keys/` are made of these rows and of nothing else. A row knows no value that
//! was given, and nothing about files. Constant data, readable from every thread.

/// The type of a value, as `DescribeConfigs` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`, in any case.
    Boolean,
    /// Text.
    Text,
    /// A whole number of 32 bits.
    Int,
    /// A whole number of 16 bits.
    Short,
    /// A whole number of 64 bits.
    Long,
    /// A number.
    Double,
    /// Texts separated by commas.
    List,
    /// The name of a Java class; kept for Kafka's files, never loaded.
    Class,
    /// Text that is never shown.
    Password,
}

/// What a value must satisfy besides its type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// Whatever the type allows.
    Any,
    /// A number not below this.
    AtLeast(i64),
    /// A number from the first to the second, both included.
    Between(i64, i64),
    /// -1, or a number from the first to the second.
    MinusOneOrBetween(i64, i64),
    /// A number with a fraction, from the first to the second.
    Fraction(f64, f64),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// One of these words in upper or lower case.
    OneOfAnyCase(&'static [&'static str]),
    /// A list of these words.
    EachOf(&'static [&'static str]),
    /// CPU numbers and ranges, such as `0,2-5`.
    Cpus,
    /// `*`, or pairs `partition:broker`.
    Replicas,
}

/// What Corelog does with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does what it says.
    Obeyed,
    /// It does what it says, but nobody should need it: a note says so where it is not the default.
    /// The text says what follows.
    Deprecated(&'static str),
    /// Known, without effect so far: any valid value is taken, and a note says so at start.
    Later,
    /// Ignoring it would break what it promises: only the default is taken. The text says why.
    Refused(&'static str),
    /// It can have no meaning here. The text says what stands in its place.
    Meaningless(&'static str),
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As it is written in `server.properties` or in a topic's configuration.
    pub name: &'static str,
    /// Type of the value.
    pub kind: Kind,
    /// The value when none is given; `None` is "not set".
    pub default: Option<&'static str>,
    /// What is valid.
    pub rule: Rule,
    /// One or two sentences for people.
    pub doc: &'static str,
    /// Whether it has an effect.
    pub standing: Standing,
    /// Whether a change needs a restart (for topic keys it never does).
    pub restart: bool,
    /// Not shown by `DescribeConfigs`.
    pub internal: bool,
    /// For a topic key: the broker keys its default comes from, the winning one first.
    pub defaults_from: &'static [&'static str],
}

const NOT_BUILT: &str = "this is not built yet";

impl Key {
    /// It does what it says.
    pub const fn obeyed(mut self) -> Key {
        self.standing = Standing::Obeyed;
        self
    }

    /// It does what it says, with a warning.
    pub const fn deprecated(mut self, why: &'static str) -> Key {
        self.standing = Standing::Deprecated(why);
        self
    }

    /// Only the default is taken, because the feature is not built yet.
    pub const fn refused(self) -> Key {
        self.refused_because(NOT_BUILT)
    }

    /// Only the default is taken, for this reason.
    pub const fn refused_because(mut self, why: &'static str) -> Key {
        self.standing = Standing::Refused(why);
        self
    }

    /// Any value is taken and changes nothing, for this reason.
    pub const fn meaningless(mut self, why: &'static str) -> Key {
        self.standing = Standing::Meaningless(why);
        self
    }

    /// Kafka changes it without a restart.
    pub const fn live(mut self) -> Key {
        self.restart = false;
        self
    }

    /// Not shown to clients.
    pub const fn internal(mut self) -> Key {
        self.internal = true;
        self
    }

    /// Broker keys that supply the default of this topic key.
    pub const fn defaults_from(mut self, broker_keys: &'static [&'static str]) -> Key {
        self.defaults_from = broker_keys;
        self
    }

    /// True if the value must never be shown or logged.
    pub fn sensitive(&self) -> bool {
        self.kind == Kind::Password
    }
}

/// A key that is not set unless it is given.
pub const fn unset(kind: Kind, name: &'static str, rule: Rule, doc: &'static str) -> Key {
    Key {
        name,
        kind,
        default: None,
        rule,
        doc,
        standing: Standing::Later,
        restart: true,
        internal: false,
        defaults_from: &[],
    }
}

const fn with_default(
    kind: Kind,
    name: &'static str,
    default: &'static str,
    rule: Rule,
    doc: &'static str,
) -> Key {
    let mut key = unset(kind, name, rule, doc);
    key.default = Some(default);
    key
}

/// A row of type boolean.
pub const fn boolean(name: &'static str, default: &'static str, doc: &'static str) -> Key {
    with_default(Kind::Boolean, name, default, Rule::Any, doc)
}

macro_rules! row {
    ($($function:ident $kind:ident),*) => { $(
        /// A row of this type.
        pub const fn $function(
            name: &'static str,
            default: &'static str,
            rule: Rule,
            doc: &'static str,
        ) -> Key {
            with_default(Kind::$kind, name, default, rule, doc)
        }
    )* };
}

row!(int Int, short Short, long Long, double Double, text Text, list List, class Class);
