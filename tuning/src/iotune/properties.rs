//! The file that `corelog.io.properties.file` names: the settings, and beside them the figures
//! they were taken from. Pure.

use std::fmt::Write;

use super::choose::Choice;
use super::measure::{Figures, Rate};

/// The text of the file.
pub fn properties(all: &[Figures], choice: &Choice, cores: usize) -> String {
    let mut text = String::from(
        "# Written by `corelog-tune iotune`, for corelog.io.properties.file in server.properties.\n\
         # What server.properties says itself wins.\n",
    );
    for figures in all {
        // Writing to a String does not fail.
        let _ = write!(text, "#\n{}", commented(figures));
    }
    let share = "# A quarter of the slower of reading and writing.";
    let _ = write!(
        text,
        "\n# For each of {cores} cores: together nearly as many syncs as the disk can do.\n\
         corelog.syncs.in.flight={}\n\
         # The smallest write, of 1 MiB or more, that is nearly as fast as the fastest.\n\
         corelog.write.bytes.max={}\n\
         {share}\n\
         log.cleaner.io.max.bytes.per.second={:.0}\n",
        choice.syncs_in_flight, choice.write_bytes_max, choice.cleaner_bytes_per_second
    );
    text
}

fn commented(figures: &Figures) -> String {
    let dir = figures.dir.replace(char::is_control, "?");
    let sync = &figures.sync;
    let writes = listed(&figures.writes, |rate| {
        format!("{} KiB {:.0} MB/s", rate.at >> 10, rate.per_second / 1e6)
    });
    let syncs = listed(&figures.syncs, |rate| format!("{} {:.0}/s", rate.at, rate.per_second));
    let read = match figures.read_per_second {
        Some(rate) => format!("{:.0} MB/s", rate / 1e6),
        None => "not measured: the page cache cannot be gone past here".to_string(),
    };
    format!(
        "# {dir}\n\
         #   append of 4 KiB and fdatasync: p50 {} us, p99 {} us ({} of them)\n\
         #   one writer, a sync each write: {writes}\n\
         #   syncs by writers, 64 KiB each: {syncs}\n\
         #   read: {read}\n",
        sync.p50_us, sync.p99_us, sync.count
    )
}

fn listed(rates: &[Rate], shown: impl Fn(&Rate) -> String) -> String {
    rates.iter().map(shown).collect::<Vec<_>>().join(", ")
}
