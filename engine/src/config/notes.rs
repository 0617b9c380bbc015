//! Goes over everything that was given: wrong values stop it, the rest may deserve a note.
//!
//! Pure; the notes are logged by whoever starts the broker.

use super::check::{check, is_default};
use super::error::{ConfigError, Note};
use super::key::{Key, Standing};
use super::keys::{broker_key, broker_keys, has_open_prefix, nearest, removed, topic_key};
use super::properties::Given;

/// Checks each entry by its key's row, in the order of names.
///
/// # Errors
/// The first value that is not valid.
pub fn check_entries(given: &Given) -> Result<Vec<Note>, ConfigError> {
    let mut notes = Vec::new();
    for (name, value) in &given.entries {
        match broker_key(name) {
            Some(key) => {
                if value.trim().is_empty() && key.default.is_none() {
                    continue; // `key=` leaves unset what is unset without it
                }
                check(key, value)?;
                notes.extend(known(key, value));
            }
            None => notes.push(unknown(name)),
        }
    }
    Ok(notes)
}

fn known(key: &Key, value: &str) -> Option<Note> {
    let name = key.name.to_string();
    match key.standing {
        Standing::Meaningless(why) => Some(Note {
            text: format!("{name} has no meaning here: {why}"),
            key: name,
            warning: false,
        }),
        Standing::Later if !is_default(key, value) => Some(Note {
            text: format!("{name} has no effect yet: what it belongs to is not built"),
            key: name,
            warning: true,
        }),
        Standing::Deprecated(why) if !is_default(key, value) => {
            Some(Note { text: format!("{name} is deprecated: {why}"), key: name, warning: true })
        }
        Standing::Later | Standing::Obeyed | Standing::Deprecated(_) | Standing::Refused(_) => None,
    }
}

fn unknown(name: &str) -> Note {
    let text = if let Some(text) = removed(name) {
        text
    } else if has_open_prefix(name) {
        format!("{name} has no effect yet: what it belongs to is not built")
    } else if let Some(key) = topic_key(name) {
        let broker_keys = key.defaults_from.join(", ");
        format!("{name} is ignored: it is a topic's key; the broker's default is {broker_keys}")
    } else {
        let meant = nearest(name, broker_keys().map(|key| key.name))
            .map(|meant| format!("; did you mean {meant}?"))
            .unwrap_or_default();
        format!("{name} is ignored: no such key is known{meant}")
    };
    Note { key: name.to_string(), warning: true, text }
}
