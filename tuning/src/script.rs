//! The changes as a shell script, for those who read before they do. Pure.

use std::fmt::Write;

use crate::aspect::{Place, Setting};
use crate::survey::Row;

const HEAD: &str = "\
#!/bin/sh
# What `corelog-tune apply` would have done on this host. Nothing here outlives a reboot.
# Exit code: 0 all was set, 1 something was refused.
status=0
put() {
    printf '%s\\n' \"$2\" > \"$1\" || { echo \"refused: $1\" >&2; status=1; }
}
atime() {
    mount -o \"remount,bind,$2\" \"$1\" || { echo \"refused: $1\" >&2; status=1; }
}
";

/// The script; `mount_options` answers with the options of a mount point but for its access times.
pub fn script(rows: &[Row], mount_options: impl Fn(&str) -> Vec<String>) -> String {
    let mut text = HEAD.to_string();
    for row in rows {
        if row.changes().is_empty() {
            continue;
        }
        let target = match row.aspect.target.as_str() {
            "" => String::new(),
            target => format!(" of {target}"),
        };
        // Writing to a String does not fail.
        let _ = write!(text, "\n# {}{}: {}\n", row.knob.name, one_line(&target), row.knob.why);
        for change in row.changes() {
            let before = one_line(&change.before.value);
            let _ = writeln!(text, "{} # was {before}", line(&change.to, &mount_options));
        }
    }
    text.push_str("\nexit $status\n");
    text
}

fn line(to: &Setting, mount_options: impl Fn(&str) -> Vec<String>) -> String {
    match &to.place {
        Place::File(path) => format!("put {} {}", quoted(path), quoted(&to.value)),
        Place::Atime(point) => {
            // What is not said again is lost.
            let mut options = mount_options(point);
            options.push(to.value.clone());
            format!("atime {} {}", quoted(point), quoted(&options.join(",")))
        }
    }
}

/// One word of the shell, whatever is in it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-,:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_string();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Nothing in a comment may end it.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_the_shell_stays_one_word() {
        assert_eq!(quoted("/sys/block/sda"), "/sys/block/sda");
        assert_eq!(quoted("/srv/it's $HOME"), r"'/srv/it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
        assert_eq!(one_line("a\nrm -rf"), "a rm -rf");
    }
}
