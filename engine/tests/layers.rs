//! Keeps the order of the engine's layers, and keeps the kernel, the clock and chance behind
//! `runtime`. The table below is the architecture; a change of the architecture changes it first.

mod source;

use source::{SourceFile, rust_files, strip};

/// The layers of the engine, lowest first. A module may use what stands in a lower line, never
/// what stands above it or beside it.
const LAYERS: &[&[&str]] = &[
    &["config", "limits", "metrics", "quota", "error"],
    &["runtime"],
    &["record", "peers"],
    &["metadata"],
    &["log", "auth"],
    &["commit"],
    &["partition"],
    &["replication", "group", "txn", "controller"],
    &["shard"],
    &["node"],
];

/// Modules that see less than the line they stand in would let them. The controller lives on its
/// own thread, so nothing that belongs to a core may come near it.
const NARROWER: &[(&str, &[&str])] =
    &[("controller", &["config", "limits", "metrics", "error", "runtime", "record", "metadata"])];

/// Where kernel, clock and chance may be named.
const DOORS: &[&str] =
    &["engine/src/runtime/", "net/src/http/", "net/src/cli/", "net/src/client/", "net/src/main.rs"];

/// Paths that may only be named behind a door, with what to use instead.
const BANNED_PATHS: &[(&str, &str)] = &[
    ("tokio", "crate::runtime (spawn, sleep, within, sync)"),
    ("tokio_uring", "crate::runtime"),
    ("io_uring", "crate::runtime"),
    ("libc", "crate::runtime"),
    ("nix", "crate::runtime"),
    ("socket2", "crate::runtime::Listener"),
    ("std::fs", "runtime::{SegmentFile, Directory}"),
    ("std::net", "runtime::{SocketAddr, IpAddr, Socket, Listener}"),
    ("std::thread", "runtime::on_worker, or runtime::spawn on this core"),
    ("rand", "runtime::rng()"),
];

/// Names that may only stand behind a door, in any path.
const BANNED_NAMES: &[(&str, &str)] = &[
    ("Instant", "runtime::now() -> Mono"),
    ("SystemTime", "runtime::wall()"),
    ("HashMap", "BTreeMap or runtime::FixedMap: iteration must not depend on a random seed"),
    ("HashSet", "BTreeSet or runtime::FixedSet: iteration must not depend on a random seed"),
    ("RandomState", "runtime::FixedMap"),
];

/// Where `unsafe` may stand: the runtime, and the load generator's pages that keep memory full.
const UNSAFE: &[&str] = &["engine/src/runtime/", "bench/src/machine/pages.rs"];

/// The only folder of the load generator that may name its executors' library.
const GLOMMIO: &str = "bench/src/executor/";

#[test]
fn glommio_stays_behind_the_executors() {
    let files = rust_files(&["bench/src"]);
    assert!(files.len() > 10, "found the sources");
    report(files.iter().flat_map(check_glommio).collect());
}

#[test]
fn the_layers_hold() {
    let files = rust_files(&["engine/src"]);
    assert!(files.len() > 10, "found the sources");
    report(files.iter().flat_map(check_layers).collect());
}

#[test]
fn kernel_clock_and_chance_stay_behind_the_runtime() {
    let files = rust_files(&["engine/src", "net/src"]);
    report(files.iter().flat_map(check_doors).collect());
}

#[test]
fn unsafe_stays_in_the_runtime() {
    let files = rust_files(&["engine/src", "net/src", "bench/src", "tuning/src"]);
    report(files.iter().flat_map(check_unsafe).collect());
}

fn report(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn check_layers(file: &SourceFile) -> Vec<String> {
    let Some(inside) = file.path.strip_prefix("engine/src/") else { return Vec::new() };
    let steps: Vec<&str> = inside.trim_end_matches(".rs").split('/').collect();
    if inside == "lib.rs" {
        return Vec::new();
    }
    let module = steps[0];
    // How many times `super` leads from this file to the root of the crate.
    let depth = steps.len() - usize::from(steps.last() == Some(&"mod"));
    let Some(rank) = rank_of(module) else {
        return vec![format!("{}:1: layer `{module}` is unknown: add it to LAYERS", file.path)];
    };
    let mut faults = Vec::new();
    for (line, path) in paths(&strip(&file.text)) {
        let supers = path.iter().take_while(|step| *step == "super").count();
        let from_root = match path[0].as_str() {
            "crate" => path.get(1),
            "super" if supers == depth => path.get(depth).filter(|name| rank_of(name).is_some()),
            _ => None,
        };
        if let Some(used) = from_root.filter(|used| *used != module && *used != "*") {
            faults.extend(fault_of_use(&file.path, line, module, rank, used));
        }
    }
    faults
}

fn fault_of_use(path: &str, line: usize, module: &str, rank: usize, used: &str) -> Option<String> {
    let why = match rank_of(used) {
        None => "is not in LAYERS; name the module it stands in".to_string(),
        Some(other) if other > rank => format!("stands above `{module}`; hand it down instead"),
        Some(other) if other == rank => {
            format!("stands beside `{module}`; move what both need one layer down")
        }
        Some(_) => match NARROWER.iter().find(|(name, _)| *name == module) {
            Some((_, allowed)) if !allowed.contains(&used) => {
                format!("is not for `{module}`, which may use only {}", allowed.join(", "))
            }
            _ => return None,
        },
    };
    Some(format!("{path}:{line}: `{used}` {why}"))
}

fn rank_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|line| line.contains(&module))
}

fn check_doors(file: &SourceFile) -> Vec<String> {
    if DOORS.iter().any(|door| file.path.starts_with(door)) || file.path.ends_with("_test.rs") {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for (line, path) in paths(&without_test_modules(&strip(&file.text))) {
        let joined = path.join("::");
        let by_path = BANNED_PATHS.iter().find(|(banned, _)| {
            joined.strip_prefix(banned).is_some_and(|rest| match rest {
                "" => *banned != "rand", // `rand` alone may be a variable
                rest => rest.starts_with("::"),
            })
        });
        let by_name = BANNED_NAMES.iter().find(|(banned, _)| path.iter().any(|s| s == banned));
        if let Some((_, instead)) = by_path.or(by_name) {
            faults.push(format!("{}:{line}: `{joined}` is banned here: use {instead}", file.path));
        }
    }
    faults
}

fn check_unsafe(file: &SourceFile) -> Vec<String> {
    if UNSAFE.iter().any(|door| file.path.starts_with(door)) {
        return Vec::new();
    }
    let code = strip(&file.text);
    let found = paths(&code).into_iter().filter(|(_, path)| path[0] == "unsafe");
    found.map(|(line, _)| format!("{}:{line}: `unsafe`: only in runtime", file.path)).collect()
}

fn check_glommio(file: &SourceFile) -> Vec<String> {
    if file.path.starts_with(GLOMMIO) {
        return Vec::new();
    }
    let named = paths(&strip(&file.text)).into_iter().filter(|(_, path)| path[0] == "glommio");
    named.map(|(line, _)| format!("{}:{line}: `glommio`: only in {GLOMMIO}", file.path)).collect()
}

/// Blanks `#[cfg(test)] mod x { ... }`: tests may use what they like.
fn without_test_modules(code: &str) -> String {
    let mut out = code.to_string();
    while let Some(start) = out.find("#[cfg(test)]") {
        let behind = &out[start..];
        let open = behind.find('{').unwrap_or(behind.len());
        let end = match behind.find(';') {
            Some(end) if end < open => end,
            _ => closing_brace(behind, open).unwrap_or(behind.len()),
        };
        let blank: String =
            behind[..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(start..start + end, &blank);
    }
    out
}

fn closing_brace(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in code.char_indices().skip_while(|(at, _)| *at < open) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Every path of the code with its line; groups of a `use` are expanded.
fn paths(code: &str) -> Vec<(usize, Vec<String>)> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_word(&tokens[at].1) {
            at = path(&tokens, at, &[], &mut found);
        } else {
            at += 1;
        }
    }
    found
}

/// Reads one path from `at`, behind `before`; returns where it ends.
fn path(
    tokens: &[(usize, String)],
    mut at: usize,
    before: &[String],
    found: &mut Vec<(usize, Vec<String>)>,
) -> usize {
    let mut steps = before.to_vec();
    let text = |at: usize| tokens.get(at).map_or("", |token| token.1.as_str());
    loop {
        if text(at) == "{" {
            at += 1;
            while at < tokens.len() && text(at) != "}" {
                if text(at) == "," {
                    at += 1;
                } else {
                    at = path(tokens, at, &steps, found).max(at + 1);
                }
            }
            return at + 1;
        }
        let Some((line, step)) = tokens.get(at) else { return at };
        steps.push(step.clone());
        at += 1;
        if text(at) != "::" || !(is_word(text(at + 1)) || matches!(text(at + 1), "{" | "*")) {
            found.push((*line, steps));
            return at;
        }
        at += 1;
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Words, `::` and single characters, each with its line.
fn tokens(code: &str) -> Vec<(usize, String)> {
    let mut tokens: Vec<(usize, String)> = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let end = match first {
                c if c.is_alphanumeric() || c == '_' => {
                    rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
                }
                ':' if rest.starts_with("::") => 2,
                c => c.len_utf8(),
            };
            tokens.push((number + 1, rest[..end].to_string()));
            rest = rest[end..].trim_start();
        }
    }
    tokens
}

/// The checks must be able to fail: each is shown code that breaks it.
mod proofs {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_string(), text: text.to_string() }
    }

    fn layer_faults(path: &str, text: &str) -> Vec<String> {
        check_layers(&file(path, text))
    }

    #[test]
    fn looking_up_is_refused_in_every_spelling() {
        for text in [
            "use crate::commit::Committer;",
            "use crate::{record, commit::Committer};",
            "use crate::{\n    record::{Offset, BatchHeader},\n    commit,\n};",
            "fn f() -> crate::commit::Ends { todo() }",
            "use super::super::commit;",
        ] {
            let faults = layer_faults("engine/src/log/segment.rs", text);
            assert_eq!(faults.len(), 1, "{text}");
            assert!(faults[0].contains("`commit` stands above `log`"), "{faults:?}");
        }
        let faults = layer_faults("engine/src/log/segment.rs", "//! Doc\n\nuse crate::node::N;");
        assert!(faults[0].starts_with("engine/src/log/segment.rs:3:"), "{faults:?}");
    }

    #[test]
    fn looking_sideways_is_refused() {
        let faults = layer_faults("engine/src/log/mod.rs", "use crate::auth::Principal;");
        assert!(faults[0].contains("beside"), "{faults:?}");
        let faults = layer_faults("engine/src/log/mod.rs", "use super::auth::Principal;");
        assert_eq!(faults.len(), 1);
    }

    #[test]
    fn the_controller_sees_no_partition() {
        let faults = layer_faults("engine/src/controller/mod.rs", "use crate::partition::P;");
        assert!(faults[0].contains("not for `controller`"), "{faults:?}");
    }

    #[test]
    fn unknown_modules_are_refused() {
        assert_eq!(layer_faults("engine/src/drawer/mod.rs", "").len(), 1);
        assert_eq!(layer_faults("engine/src/log/a.rs", "use crate::drawer::X;").len(), 1);
    }

    #[test]
    fn looking_down_comments_and_strings_are_fine() {
        let text = "//! crate::node\nuse crate::{runtime::{self, Mono}, record};\n\
            /* crate::node */ const A: &str = \"crate::node\"; pub(crate) fn f() {}\n\
            const B: &str = r#\"use crate::node;\"#; use super::sibling::X; use crate::log::Y;";
        assert_eq!(layer_faults("engine/src/log/segment.rs", text), Vec::<String>::new());
    }

    #[test]
    fn banned_names_are_found_in_every_spelling() {
        for text in [
            "use tokio::sync::Notify;",
            "use std::{fs, io};",
            "use std::{io, net::{IpAddr, TcpStream}};",
            "let a = std::thread::spawn(f);",
            "let a = std::time::Instant::now();",
            "use std::time::{Duration, SystemTime};",
            "use std::collections::{BTreeMap, HashMap};",
            "let a: u8 = rand::random();",
            "use libc;",
        ] {
            let inside = check_doors(&file("engine/src/log/segment.rs", text));
            assert!(!inside.is_empty(), "{text}");
            assert!(inside[0].contains("use "), "names the cure: {inside:?}");
            assert!(!check_doors(&file("net/src/api/data/fetch.rs", text)).is_empty());
            for exempt in ["engine/src/runtime/core.rs", "net/src/cli/topic.rs"] {
                assert!(check_doors(&file(exempt, text)).is_empty(), "{exempt}");
            }
            assert!(check_doors(&file("engine/src/log/segment_test.rs", text)).is_empty());
        }
    }

    #[test]
    fn test_modules_may_name_what_they_like_but_not_what_follows_them() {
        let text = "#[cfg(test)]\nmod tests { use std::fs; fn f() { {} } }\nuse std::thread;";
        let faults = check_doors(&file("engine/src/log/a.rs", text));
        assert_eq!(faults.len(), 1);
        assert!(faults[0].contains(":3:"), "{faults:?}");
        let text = "#[cfg(test)]\n#[path = \"a_test.rs\"]\nmod a_test;\nuse std::fs;";
        assert_eq!(check_doors(&file("engine/src/log/a.rs", text)).len(), 1);
    }

    #[test]
    fn harmless_neighbours_of_banned_names_are_fine() {
        let text = "use std::time::Duration; let rand = 1; let f = rand + 1; use std::io;\n\
            // std::fs\nlet c = '\"'; let d = '\\''; let s = \"std::fs\"; fn g<'a>(x: &'a u8) {}";
        assert_eq!(check_doors(&file("engine/src/log/a.rs", text)), Vec::<String>::new());
    }

    #[test]
    fn unsafe_is_refused_outside_the_runtime_even_in_tests() {
        let text = "fn f() {\n    unsafe { g() }\n}";
        let faults = check_unsafe(&file("engine/src/log/a_test.rs", text));
        assert!(faults[0].contains("a_test.rs:2:"), "{faults:?}");
        assert!(check_unsafe(&file("engine/src/runtime/a.rs", text)).is_empty());
        assert!(check_unsafe(&file("engine/src/log/a.rs", "// unsafe\nfn f() {}")).is_empty());
    }

    #[test]
    fn glommio_is_refused_outside_its_folder() {
        let text = "use glommio::net::TcpStream; // glommio";
        assert!(check_glommio(&file("bench/src/load/run.rs", text))[0].contains("run.rs:1:"));
        assert!(check_glommio(&file("bench/src/executor/socket.rs", text)).is_empty());
        assert!(check_glommio(&file("bench/src/load/run.rs", "//! glommio")).is_empty());
    }
}
