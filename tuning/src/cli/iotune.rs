//! `corelog-tune iotune`: measures, chooses, writes the file that the broker takes.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::value_parser;
use serde_json::{Value, json};

use super::asked::Where;
use super::run::{Ended, Format};
use crate::host::{Host, Root};
use crate::iotune::{Choice, Figures, Plan, ROOM_MIN, Rate, choose, measure, properties};

/// Arguments of `iotune`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    place: Where,
    /// Directories to measure; without any, the data directories of the configuration
    #[arg(value_name = "DIR")]
    targets: Vec<PathBuf>,
    /// The file to write, for corelog.io.properties.file; - is standard output
    #[arg(long, value_name = "FILE", default_value = "/etc/corelog/io.properties")]
    output: PathBuf,
    /// Seconds for each directory; short ones measure the disk's cache
    #[arg(long, value_name = "N", default_value_t = 60)]
    #[arg(value_parser = value_parser!(u32).range(1..))]
    seconds: u32,
    /// Most bytes on the disk at one time
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 30)]
    #[arg(value_parser = value_parser!(u64).range(ROOM_MIN..))]
    room: u64,
    /// Cores of the broker; without it, the CPUs that this process may use
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=8192))]
    cores: Option<u32>,
    /// What is printed; the file is always one of properties
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    /// Measures every directory and writes the file.
    ///
    /// # Errors
    /// A directory cannot be measured, or the file cannot be written.
    pub fn run(&self) -> anyhow::Result<Ended> {
        let dirs =
            if self.targets.is_empty() { self.place.look()?.dirs } else { self.targets.clone() };
        let cores = match self.cores {
            Some(cores) => cores as usize,
            None => std::thread::available_parallelism()?.get(),
        };
        // Rather fail now than after a minute.
        let draft = Draft::of(&self.output)?;
        let plan = Plan::within(Duration::from_secs(self.seconds.into()), self.room);
        let figures: anyhow::Result<Vec<Figures>> =
            dirs.iter().map(|dir| self.measured(dir, &plan)).collect();
        let figures = figures?;
        let Some(choice) = choose(&figures, cores) else { bail!("there is nothing to measure") };
        let text = properties(&figures, &choice, cores);
        let mut out = std::io::stdout().lock();
        if self.format == Format::Json {
            writeln!(out, "{:#}", described(&figures, &choice, cores))?;
        } else if draft.is_some() {
            writeln!(out, "{text}\nwritten to {}", self.output.display())?;
        } else {
            write!(out, "{text}")?;
        }
        if let Some(draft) = draft {
            draft.keep(&text)?;
        }
        Ok(Ended::Well)
    }

    fn measured(&self, dir: &Path, plan: &Plan) -> anyhow::Result<Figures> {
        let name = dir.display();
        let real = std::path::absolute(dir)?;
        let free = Root::real().free_bytes(&real.to_string_lossy());
        let free = free.with_context(|| format!("cannot measure {name}"))?;
        if free / 2 < self.room {
            bail!("{name} has {free} free bytes: twice --room {} is needed", self.room);
        }
        let tell = |step: &str| eprintln!("{name}: {step}");
        measure(&real, plan, &tell).with_context(|| format!("cannot measure {name}"))
    }
}

/// The file beside the one to be written, which it replaces when it is complete.
struct Draft {
    path: PathBuf,
    target: PathBuf,
    file: File,
    kept: bool,
}

impl Draft {
    /// None for standard output.
    fn of(target: &Path) -> anyhow::Result<Option<Draft>> {
        if target == Path::new("-") {
            return Ok(None);
        }
        let mut name = target.as_os_str().to_os_string();
        name.push(".new");
        let path = PathBuf::from(name);
        let opened = OpenOptions::new().write(true).create(true).truncate(true).open(&path);
        let file = opened.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Some(Draft { path, target: target.to_path_buf(), file, kept: false }))
    }

    fn keep(mut self, text: &str) -> anyhow::Result<()> {
        self.file.write_all(text.as_bytes())?;
        self.file.sync_all()?;
        fs::rename(&self.path, &self.target)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            // It is empty; an error leaves an empty file behind, which harms nobody.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn described(all: &[Figures], choice: &Choice, cores: usize) -> Value {
    let disks = all.iter().map(|figures| {
        json!({
            "dir": figures.dir,
            "sync_us": { "p50": figures.sync.p50_us, "p99": figures.sync.p99_us,
                         "count": figures.sync.count },
            "write_bytes_per_second_by_size": rates(&figures.writes),
            "syncs_per_second_by_writers": rates(&figures.syncs),
            "read_bytes_per_second": figures.read_per_second.map(f64::round),
        })
    });
    json!({
        "disks": disks.collect::<Vec<_>>(),
        "cores": cores,
        "settings": {
            "corelog.syncs.in.flight": choice.syncs_in_flight,
            "corelog.write.bytes.max": choice.write_bytes_max,
            "log.cleaner.io.max.bytes.per.second": choice.cleaner_bytes_per_second,
        },
    })
}

fn rates(all: &[Rate]) -> Value {
    all.iter().map(|rate| (rate.at.to_string(), json!(rate.per_second.round()))).collect()
}
