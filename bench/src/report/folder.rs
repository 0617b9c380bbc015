//! All of a run in one folder: `run.json` (from which the page can be made again),
//! `openmessaging.json`, `latency.hdr`, `summary.txt`, `report.html`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::hdr_log;
use super::openmessaging;
use super::page::Page;
use super::saved::Saved;
use crate::measure::Outcome;

/// The file from which the others can be made.
const RUN: &str = "run.json";

/// Writes everything about a run; `summary` is what was printed.
///
/// # Errors
/// A file cannot be written.
pub fn write_run(
    folder: &Path,
    run: &Saved,
    outcome: &Outcome,
    summary: &str,
) -> anyhow::Result<()> {
    let put = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    put(RUN, &format!("{:#}\n", serde_json::to_value(run)?))?;
    put("openmessaging.json", &format!("{:#}\n", openmessaging::result(run)))?;
    put("summary.txt", &format!("{summary}\n"))?;
    let mut page = Page::new(&run.name);
    page.verbatim(summary);
    page.runs(std::slice::from_ref(run));
    put("report.html", &page.html())?;
    let path = folder.join("latency.hdr");
    let mut file = fs::File::create(&path)?;
    hdr_log::write(&mut file, outcome, run.began_ms)
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The runs kept in these folders; a run is also found one folder down.
///
/// # Errors
/// A folder holds no run, or one that cannot be read.
pub fn read_runs(folders: &[PathBuf]) -> anyhow::Result<Vec<Saved>> {
    let mut runs = Vec::new();
    for folder in folders {
        let mut files = vec![folder.join(RUN)];
        let inside = fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))?;
        files.extend(inside.filter_map(|entry| Some(entry.ok()?.path().join(RUN))));
        files.retain(|file| file.is_file());
        files.sort();
        anyhow::ensure!(!files.is_empty(), "{} holds no {RUN}", folder.display());
        for file in files {
            let text = fs::read_to_string(&file)?;
            let run = serde_json::from_str(&text);
            runs.push(run.with_context(|| format!("{} is no run", file.display()))?);
        }
    }
    Ok(runs)
}
