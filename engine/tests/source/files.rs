//! The source files of the workspace, sorted by name. Used by the tests about source code only.

#![expect(clippy::unwrap_used, reason = "a file that cannot be read fails the test")]

use std::path::{Path, PathBuf};

/// One file, by its path below the root of the workspace.
#[derive(Debug)]
pub struct SourceFile {
    /// As `engine/src/record/header.rs`.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// The root of the workspace.
fn tree() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every Rust file below `folders` (paths below the root; absent ones are empty).
pub fn rust_files(folders: &[&str]) -> Vec<SourceFile> {
    let mut files = Vec::new();
    for folder in folders {
        collect(&tree().join(folder), folder, &mut files);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(folder: &Path, name: &str, files: &mut Vec<SourceFile>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let entry = entry.unwrap();
        let path = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            if !path.ends_with("/target") {
                collect(&entry.path(), &path, files);
            }
        } else if path.ends_with(".rs") {
            files.push(SourceFile { path, text: std::fs::read_to_string(entry.path()).unwrap() });
        }
    }
}
