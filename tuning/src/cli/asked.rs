//! Which host, which directories, which conditions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::host::Root;
use crate::knob::Knob;
use crate::knobs;
use crate::site::{Asked, Site};
use crate::survey::{Row, survey};

/// Where the package puts the broker's configuration, and its data.
const CONFIG: &str = "/etc/corelog/server.properties";
const DATA: &str = "/var/lib/corelog/data";

/// Arguments that say what is looked at.
#[derive(Debug, clap::Args)]
pub struct Scope {
    #[command(flatten)]
    pub place: Where,
    /// A network interface; may be repeated. Without it, every one that is up
    #[arg(long = "nic", value_name = "NAME")]
    nics: Vec<String>,
    /// Only these conditions, as `check` names them
    #[arg(value_name = "CONDITION", value_parser = knob)]
    knobs: Vec<&'static Knob>,
}

/// Arguments that say where the data is.
#[derive(Debug, clap::Args)]
pub struct Where {
    /// The broker's server.properties; its log.dirs are looked at
    #[arg(long, value_name = "FILE", default_value = CONFIG)]
    config: PathBuf,
    /// A data directory instead of the configuration's; may be repeated
    #[arg(long = "dir", value_name = "DIR")]
    dirs: Vec<PathBuf>,
}

fn knob(name: &str) -> Result<&'static Knob, String> {
    knobs::named(name).ok_or_else(|| {
        let names: Vec<&str> = knobs::all().map(|knob| knob.name).collect();
        format!("valid is one of {}", names.join(", "))
    })
}

impl Scope {
    /// Looks at the host.
    ///
    /// # Errors
    /// The configuration cannot be read.
    pub fn survey(&self, host: &Root) -> anyhow::Result<Vec<Row>> {
        let found = self.place.look()?;
        let dirs: Result<Vec<String>, _> = found.dirs.iter().map(|dir| absolute(dir)).collect();
        let asked = Asked { dirs: dirs?, nics: self.nics.clone(), measured: found.measured };
        let site = Site::of(host, &asked);
        let every = self.knobs.is_empty();
        let knobs: Vec<&'static Knob> =
            if every { knobs::all().collect() } else { self.knobs.clone() };
        Ok(survey(host, &site, &knobs))
    }
}

/// What the configuration says of disks.
pub struct Found {
    /// Data directories.
    pub dirs: Vec<PathBuf>,
    /// `corelog.io.properties.file`.
    pub measured: Option<String>,
}

impl Where {
    /// Directories named here, else those of the configuration, else the package's.
    ///
    /// # Errors
    /// The configuration is there and cannot be read, or one was named that is not there.
    pub fn look(&self) -> anyhow::Result<Found> {
        let given = if self.config.exists() || self.config != Path::new(CONFIG) {
            self.read().with_context(|| format!("cannot read {}", self.config.display()))?
        } else {
            BTreeMap::new()
        };
        let set = |key: &str| given.get(key).map(|value| value.trim()).filter(|v| !v.is_empty());
        let dirs: Vec<PathBuf> = match set("log.dirs").or(set("log.dir")) {
            _ if !self.dirs.is_empty() => self.dirs.clone(),
            Some(list) => list.split(',').map(|dir| PathBuf::from(dir.trim())).collect(),
            None => vec![PathBuf::from(DATA)],
        };
        Ok(Found { dirs, measured: set("corelog.io.properties.file").map(str::to_string) })
    }

    fn read(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let mut given = BTreeMap::new();
        java_properties::PropertiesIter::new(std::fs::File::open(&self.config)?).read_into(
            |key, value| {
                given.insert(key, value);
            },
        )?;
        Ok(given)
    }
}

fn absolute(dir: &Path) -> anyhow::Result<String> {
    Ok(std::path::absolute(dir)?.to_string_lossy().into_owned())
}
