//! Whether the node lives, and whether it serves: pure, from what was seen of it.

use std::time::Duration;

use corelog_engine::runtime::{self, Heartbeat};

use super::state::{NodeState, Phase};

/// A core that gave no sign of life for this long hangs: ten signs are missing.
pub const HUNG_AFTER: Duration = Duration::from_secs(5);

/// What was seen of the node at one moment.
#[derive(Clone, Debug)]
pub struct Vitals {
    /// How far its life has come.
    pub phase: Phase,
    /// The last sign of life of every core that was started.
    pub heartbeats: Vec<Heartbeat>,
    /// Listeners that each core accepts on, by its place.
    pub accepting: Vec<u64>,
    /// Listeners that each core is to accept on.
    pub listeners: u64,
    /// The log dirs that are offline.
    pub offline_dirs: Vec<String>,
    /// Logs open, and logs to open.
    pub logs: (u64, u64),
}

impl Vitals {
    /// What is to be seen of the node now.
    pub fn of(state: &NodeState) -> Vitals {
        let cores = corelog_engine::metrics::all_cores();
        let mut vitals = Vitals {
            phase: state.phase(),
            heartbeats: runtime::heartbeats(),
            accepting: cores.iter().map(|(_, metrics)| metrics.listeners.get()).collect(),
            listeners: state.listeners() as u64,
            offline_dirs: Vec::new(),
            logs: (0, 0),
        };
        if let Some(observer) = state.cores() {
            let (shared, progress) = (observer.shared(), &observer.shared().progress);
            let path = |dir: usize| Some(shared.dirs.get(dir)?.path.display().to_string());
            vitals.offline_dirs = observer.offline_dirs().filter_map(path).collect();
            vitals.logs = (progress.logs_open(), progress.logs_total());
        }
        vitals
    }

    /// Whether every core takes turns; else which one does not, and for how long.
    ///
    /// # Errors
    /// The sentence for people.
    pub fn alive(&self) -> Result<(), String> {
        for Heartbeat { core, age } in &self.heartbeats {
            match age {
                Some(age) if *age > HUNG_AFTER => {
                    let seconds = age.as_secs_f64();
                    return Err(format!(
                        "core {} hangs: no sign of life for {seconds:.1} s",
                        core.0
                    ));
                }
                None if self.phase == Phase::Serving => {
                    return Err(format!("core {} gave no sign of life yet", core.0));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether the node serves on every core and log dir; else why not.
    ///
    /// # Errors
    /// The sentence for people.
    pub fn ready(&self) -> Result<(), String> {
        match self.phase {
            Phase::Starting => return Err("starting: reading log dirs and metadata".to_string()),
            Phase::Recovering => {
                let (open, total) = self.logs;
                return Err(format!("recovering: {open} of {total} logs are open"));
            }
            Phase::Serving => {}
            Phase::Stopping => return Err("stopping".to_string()),
        }
        self.alive()?;
        let deaf = self.accepting.iter().position(|accepting| *accepting < self.listeners);
        if let Some(core) = deaf {
            return Err(format!("core {core} does not accept connections on every listener"));
        }
        match self.offline_dirs.as_slice() {
            [] => Ok(()),
            dirs => Err(format!("log dir offline: {}", dirs.join(", "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use corelog_engine::runtime::CoreId;

    fn beat(core: u16, age_ms: Option<u64>) -> Heartbeat {
        Heartbeat { core: CoreId(core), age: age_ms.map(Duration::from_millis) }
    }

    fn serving() -> Vitals {
        Vitals {
            phase: Phase::Serving,
            heartbeats: vec![beat(0, Some(400)), beat(1, Some(500))],
            accepting: vec![2, 2],
            listeners: 2,
            offline_dirs: Vec::new(),
            logs: (9, 9),
        }
    }

    #[test]
    fn a_node_that_serves_everywhere_is_alive_and_ready() {
        assert_eq!((serving().alive(), serving().ready()), (Ok(()), Ok(())));
    }

    #[test]
    fn a_core_that_hangs_is_named() {
        let mut vitals = serving();
        vitals.heartbeats[1] = beat(1, Some(7300));
        let said = vitals.alive().unwrap_err();
        assert_eq!(said, "core 1 hangs: no sign of life for 7.3 s");
        assert_eq!(vitals.ready().unwrap_err(), said);
        vitals.heartbeats[1] = beat(1, None);
        assert!(vitals.alive().unwrap_err().contains("core 1"));
    }

    #[test]
    fn what_keeps_a_node_from_serving_is_said() {
        let early = Vitals { phase: Phase::Starting, heartbeats: vec![beat(0, None)], ..serving() };
        assert!(early.alive().is_ok(), "a core that has just started is no dead one");
        assert!(early.ready().unwrap_err().starts_with("starting"));
        let recovering = Vitals { phase: Phase::Recovering, logs: (3, 9), ..serving() };
        assert_eq!(recovering.ready().unwrap_err(), "recovering: 3 of 9 logs are open");
        let stopping = Vitals { phase: Phase::Stopping, ..serving() };
        assert_eq!(stopping.ready().unwrap_err(), "stopping");
        let deaf = Vitals { accepting: vec![2, 1], ..serving() };
        assert!(deaf.ready().unwrap_err().contains("core 1"));
        let offline = Vitals { offline_dirs: vec!["/data/2".to_string()], ..serving() };
        assert_eq!(offline.ready().unwrap_err(), "log dir offline: /data/2");
        assert!(offline.alive().is_ok(), "a lost disk is not cured by a restart");
    }
}
