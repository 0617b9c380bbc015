//! Keeps the size and the habits of the source: one idea a file, functions that fit on a screen.
//! The limits only ever go down.

mod source;

use std::path::Path;

use source::{SourceFile, rust_files, strip};

const COLUMNS_MAX: usize = 100;
const FILE_LINES_MAX: usize = 700;
const FUNCTION_LINES_MAX: usize = 70;

const FOLDERS: &[&str] = &["engine", "net", "bench", "tuning"];

/// Words that say work is left; written in two parts, or this file would break its own rule.
const UNFINISHED_WORDS: &[&str] = &[concat!("FIX", "ME"), concat!("XX", "X")];
const UNFINISHED_MACROS: &[&str] = &["todo", "unimplemented", "dbg"];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] =
    &["util", "utils", "common", "helper", "helpers", "manager", "impl", "impls"];

/// Paths of one developer's machine mean nothing to anyone else.
const PRIVATE_PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("../sha", "red")];

#[test]
fn the_source_is_tidy() {
    let files = rust_files(FOLDERS);
    assert!(files.len() > 10, "found the sources");
    let faults: Vec<String> = files.iter().flat_map(check).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn scripts_and_documents_name_no_private_path() {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = vec![tree.join("README.md"), tree.join("Cargo.toml")];
    if let Ok(scripts) = std::fs::read_dir(tree.join("scripts")) {
        files.extend(scripts.map(|entry| entry.unwrap().path()));
    }
    let mut faults = Vec::new();
    for path in files {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        private_paths(&SourceFile { path: path.display().to_string(), text }, &mut faults);
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn check(file: &SourceFile) -> Vec<String> {
    let mut faults = Vec::new();
    let code = strip(&file.text);
    header(file, &mut faults);
    sizes(file, &mut faults);
    functions(file, &code, &mut faults);
    unfinished(file, &code, &mut faults);
    names(file, &mut faults);
    private_paths(file, &mut faults);
    if file.path.contains("/src/") && file.path.ends_with("/mod.rs") {
        contents_only(file, &code, &mut faults);
    }
    faults
}

fn header(file: &SourceFile, faults: &mut Vec<String>) {
    if !file.text.starts_with("//! ") {
        faults.push(format!("{}:1: open the file with `//!`: what it is", file.path));
    }
}

fn sizes(file: &SourceFile, faults: &mut Vec<String>) {
    for (number, line) in file.text.lines().enumerate() {
        let columns = line.chars().count();
        if columns > COLUMNS_MAX {
            let place = format!("{}:{}", file.path, number + 1);
            faults.push(format!("{place}: {columns} columns, {COLUMNS_MAX} allowed: break it"));
        }
    }
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX {
        let path = &file.path;
        faults.push(format!("{path}:{lines}: {FILE_LINES_MAX} lines allowed: split by idea"));
    }
}

fn functions(file: &SourceFile, code: &str, faults: &mut Vec<String>) {
    let chars: Vec<char> = code.chars().collect();
    for at in 0..chars.len() {
        if !starts_function(&chars, at) {
            continue;
        }
        let Some(end) = function_end(&chars, at) else { continue };
        let lines = 1 + chars[at..end].iter().filter(|c| **c == '\n').count();
        if lines > FUNCTION_LINES_MAX {
            let line = 1 + chars[..at].iter().filter(|c| **c == '\n').count();
            faults.push(format!(
                "{}:{line}: function of {lines} lines, {FUNCTION_LINES_MAX} allowed: \
                 name its steps and call them",
                file.path
            ));
        }
    }
}

/// `fn name`, not the type `fn(..)` and not a word that ends in fn.
fn starts_function(chars: &[char], at: usize) -> bool {
    let word = |c: &char| c.is_alphanumeric() || *c == '_';
    chars[at..].starts_with(&['f', 'n', ' '])
        && chars.get(at + 3).is_some_and(word)
        && !at.checked_sub(1).is_some_and(|before| word(&chars[before]))
}

/// The closing brace; None for a declaration without a body.
fn function_end(chars: &[char], from: usize) -> Option<usize> {
    let mut inside = 0; // of parentheses and brackets, where `;` and `{` mean something else
    let mut depth = 0;
    for (at, c) in chars.iter().enumerate().skip(from) {
        match c {
            '(' | '[' if depth == 0 => inside += 1,
            ')' | ']' if depth == 0 => inside -= 1,
            ';' if depth == 0 && inside == 0 => return None,
            '{' if inside == 0 => depth += 1,
            '}' if inside == 0 => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

fn unfinished(file: &SourceFile, code: &str, faults: &mut Vec<String>) {
    for (number, line) in file.text.lines().enumerate() {
        for word in UNFINISHED_WORDS.iter().filter(|word| has_word(line, word)) {
            let place = format!("{}:{}", file.path, number + 1);
            faults.push(format!("{place}: `{word}`: do it, or open an issue"));
        }
    }
    for (number, line) in code.lines().enumerate() {
        let called = |name: &&&str| has_word(line, name) && line.contains(&format!("{name}!"));
        for name in UNFINISHED_MACROS.iter().filter(called) {
            faults.push(format!("{}:{}: `{name}!`: finish it", file.path, number + 1));
        }
    }
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word)
}

fn names(file: &SourceFile, faults: &mut Vec<String>) {
    for step in file.path.trim_end_matches(".rs").split('/') {
        let name = step.trim_end_matches("_test");
        if EMPTY_NAMES.iter().any(|empty| name.split('_').any(|part| part == *empty)) {
            let path = &file.path;
            faults.push(format!("{path}:1: `{step}` says nothing: name it by its job"));
        }
    }
}

fn private_paths(file: &SourceFile, faults: &mut Vec<String>) {
    for (number, line) in file.text.lines().enumerate() {
        for path in PRIVATE_PATHS.iter().filter(|path| line.contains(**path)) {
            let place = format!("{}:{}", file.path, number + 1);
            faults.push(format!("{place}: `{path}` is a path of one machine: leave it out"));
        }
    }
}

/// A table of contents: docs, attributes, `mod name;` and `use`.
fn contents_only(file: &SourceFile, code: &str, faults: &mut Vec<String>) {
    let mut line = 1;
    for item in code.split_inclusive(';') {
        let start =
            line + item.chars().take_while(|c| c.is_whitespace()).filter(|c| *c == '\n').count();
        line += item.matches('\n').count();
        let words: Vec<&str> = without_attributes(item).split_whitespace().collect();
        let rest = match words.split_first() {
            None => continue,
            Some((first, rest)) if first.starts_with("pub") => rest,
            Some(_) => &words,
        };
        let listed = match rest.first() {
            Some(&"use") => true,
            Some(&"mod") => !item.contains('{'),
            Some(word) => *word == "crate" || word.starts_with("in"),
            None => false,
        };
        if !listed || !item.ends_with(';') {
            let cure = "mod.rs is a table of contents: move the code into a file of its own";
            faults.push(format!("{}:{start}: {cure}", file.path));
            return;
        }
    }
}

/// The item behind its attributes `#[..]`.
fn without_attributes(item: &str) -> &str {
    let mut rest = item.trim_start();
    while rest.starts_with("#[") || rest.starts_with("#![") {
        let mut depth = 0;
        let end = rest.find(|c| {
            depth += i32::from(c == '[') - i32::from(c == ']');
            c == ']' && depth == 0
        });
        rest = rest[end.map_or(rest.len(), |end| end + 1)..].trim_start();
    }
    rest
}

/// The checks must be able to fail: each is shown source that breaks it.
mod proofs {
    use super::*;

    fn faults(path: &str, text: &str) -> Vec<String> {
        check(&SourceFile { path: path.to_string(), text: text.to_string() })
    }

    fn only_fault(path: &str, text: &str) -> String {
        let found = faults(path, text);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }

    #[test]
    fn a_file_without_a_header_is_refused() {
        assert!(only_fault("engine/src/a.rs", "use std::io;\n").contains("a.rs:1: open the file"));
        assert!(faults("engine/src/a.rs", "//! A.\n\nuse std::io;\n").is_empty());
    }

    #[test]
    fn long_lines_and_long_files_are_refused() {
        let text = format!("//! A.\n// {}\n", "ä".repeat(98));
        assert!(only_fault("engine/src/a.rs", &text).contains("a.rs:2: 101 columns"));
        let text = format!("//! A.\n{}", "\n".repeat(700));
        assert!(only_fault("engine/src/a.rs", &text).contains("700 lines allowed"));
        assert!(faults("engine/src/a.rs", &format!("//! A.\n{}", "\n".repeat(699))).is_empty());
    }

    #[test]
    fn long_functions_are_refused_and_braces_in_literals_do_not_count() {
        let function = |lines: usize| {
            let body = "    let a = \"}\"; let b = '}'; // }\n".repeat(lines - 2);
            format!("//! A.\nfn before();\npub fn f(a: [u8; 2]) -> fn(u8) {{\n{body}}}\n")
        };
        assert!(faults("engine/src/a.rs", &function(70)).is_empty());
        let found = only_fault("engine/src/a.rs", &function(71));
        assert!(found.contains("a.rs:3: function of 71 lines"), "{found}");
    }

    #[test]
    fn unfinished_work_is_refused() {
        for word in UNFINISHED_WORDS {
            let text = format!("//! A.\n// {word} later\n");
            assert!(only_fault("net/src/a.rs", &text).contains("a.rs:2:"));
        }
        for name in UNFINISHED_MACROS {
            let text = format!("//! A.\nfn f() {{ {name}!() }}\n");
            assert!(only_fault("net/src/a.rs", &text).contains("finish it"));
        }
        assert!(faults("net/src/a.rs", "//! A.\n// todo!() in a comment\n").is_empty());
    }

    #[test]
    fn empty_names_are_refused() {
        for path in ["engine/src/util.rs", "engine/src/log/log_manager.rs", "net/common/a.rs"] {
            assert!(only_fault(path, "//! A.\n").contains("says nothing"), "{path}");
        }
        assert!(faults("engine/src/simple_impls_test.rs", "//! A.\n").len() == 1);
        assert!(faults("engine/src/implied.rs", "//! A.\n").is_empty());
    }

    #[test]
    fn paths_of_one_machine_are_refused() {
        for path in PRIVATE_PATHS {
            let text = format!("//! A.\n// see {path}x\n");
            assert!(only_fault("engine/src/a.rs", &text).contains("a.rs:2:"));
        }
    }

    #[test]
    fn code_in_mod_rs_is_refused() {
        for code in ["fn f() {}", "struct A;", "mod a { }", "const A: u8 = 1;", "impl A {}"] {
            let text = format!("//! A.\n\nmod b;\n{code}\n");
            let found = only_fault("engine/src/a/mod.rs", &text);
            assert!(found.contains("mod.rs:4: mod.rs is a table"), "{found}");
            for elsewhere in ["engine/src/a/b.rs", "engine/tests/a/mod.rs"] {
                assert!(faults(elsewhere, &text).is_empty());
            }
        }
        let text = "//! A.\n\n#[cfg(test)]\n#[path = \"b_test.rs\"]\nmod b_test;\npub mod c;\n\
            pub(crate) mod d;\npub use b::{A, B};\nuse x::Y;\n";
        assert!(faults("engine/src/a/mod.rs", text).is_empty());
    }
}
