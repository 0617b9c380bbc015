//! What systemd is told, and when: how far recovery is, that the broker serves, that every core is
//! alive, that it stops. Only if systemd asked for it (NOTIFY_SOCKET); a thread of its own.
//!
//! Alive means that each core gave signs of life (see the runtime's heartbeat): a core that hangs
//! ends the WATCHDOG=1 messages, and systemd ends the process.

use std::ffi::OsString;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use corelog_engine::config::Endpoint;
use corelog_engine::metrics;
use corelog_engine::node::Watcher;
use corelog_engine::shard::{Observer, ShardShared};

use super::notify_socket::NotifySocket;
use super::pulse::Pulse;
use crate::client::Cluster;

/// How often the state of a start is told.
const TELL: Duration = Duration::from_secs(1);
/// How much longer a start may take, said whenever it came forward: five minutes.
const EXTEND: &str = "EXTEND_TIMEOUT_USEC=300000000";
/// Between two attempts to reach the own listener.
const AGAIN: Duration = Duration::from_millis(50);
/// WATCHDOG=1 is due after this part of the time that systemd waits for it...
const DUE: u32 = 2;
/// ... and while a core is late, it is asked again after this part.
const LATE: u32 = 10;

/// Tells systemd.
pub struct Supervisor {
    teller: Arc<Teller>,
    turn: Option<Sender<Turn>>,
}

/// What changed.
#[derive(Debug, PartialEq)]
enum Turn {
    Started,
    Stopping,
}

/// The two things the environment says.
struct Teller {
    socket: NotifySocket,
    /// How long systemd waits for a WATCHDOG=1; `None` when it does not.
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// The one that started this process; `None` if it does not want to know.
    pub fn of_environment() -> Option<Box<dyn Watcher>> {
        let address = std::env::var_os("NOTIFY_SOCKET").filter(|address| !address.is_empty())?;
        match NotifySocket::at(&address) {
            Ok(socket) => {
                let watchdog = watchdog(|name| std::env::var_os(name));
                let teller = Arc::new(Teller { socket, watchdog });
                Some(Box::new(Supervisor { teller, turn: None }))
            }
            Err(error) => {
                tracing::warn!(?address, %error, "cannot use NOTIFY_SOCKET");
                None
            }
        }
    }
}

/// How long systemd waits for WATCHDOG=1; `variable` looks into the environment.
fn watchdog(variable: impl Fn(&str) -> Option<OsString>) -> Option<Duration> {
    let number = |name| variable(name)?.to_str()?.parse::<u64>().ok();
    let meant = match variable("WATCHDOG_PID") {
        Some(_) => number("WATCHDOG_PID") == Some(u64::from(std::process::id())),
        None => true,
    };
    let wait = number("WATCHDOG_USEC").filter(|wait| meant && *wait > 0)?;
    Some(Duration::from_micros(wait))
}

impl Watcher for Supervisor {
    fn starting(&mut self, running: &Observer) {
        let (turn, turns) = channel();
        self.turn = Some(turn);
        let (teller, shared) = (self.teller.clone(), running.shared().clone());
        thread::spawn(move || teller.tell(&shared, &turns));
    }

    fn started(&mut self, _running: &Observer) {
        self.turn(Turn::Started);
    }

    fn stopping(&mut self) {
        // At once: an empty broker has ended before another thread has had its turn.
        self.teller.say(&["STOPPING=1", "STATUS=stopping"]);
        self.turn(Turn::Stopping);
    }
}

impl Supervisor {
    fn turn(&self, turn: Turn) {
        if let Some(to) = &self.turn {
            // The thread ends only with its channel.
            let _ = to.send(turn);
        }
    }
}

impl Teller {
    /// From the first log that is opened until the process ends.
    fn tell(&self, shared: &Arc<ShardShared>, turns: &Receiver<Turn>) {
        let served = self.recovering(shared, turns) && self.reached(shared, turns);
        if served {
            let topics = shared.controller.image().topics().len();
            let status = format!("STATUS=serving {topics} topics on {} cores", shared.cores);
            self.say(&["READY=1", &status]);
            if !self.serving(turns) {
                return;
            }
        }
        self.stopping(turns);
    }

    /// Until all logs are open; false if it stops before.
    fn recovering(&self, shared: &Arc<ShardShared>, turns: &Receiver<Turn>) -> bool {
        let mut before = None;
        loop {
            let progress = &shared.progress;
            let (open, total) = (progress.logs_open(), progress.logs_total());
            let megabytes = progress.bytes_checked() / 1_000_000;
            let status =
                format!("STATUS=recovering: {open} of {total} logs open, {megabytes} MB checked");
            let now = Some((open, total, megabytes));
            if now == before {
                self.say(&[&status])
            } else {
                self.say(&[&status, EXTEND])
            }
            before = now;
            match turns.recv_timeout(TELL) {
                Ok(Turn::Started) => return true,
                Ok(Turn::Stopping) | Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Until a client of ours gets an answer; false if it stops before.
    fn reached(&self, shared: &Arc<ShardShared>, turns: &Receiver<Turn>) -> bool {
        let Some(address) = shared.config.listeners.first().and_then(own_address) else {
            return true;
        };
        while let Err(error) = ask(&address) {
            tracing::debug!(address, %error, "not yet reached");
            match turns.recv_timeout(AGAIN) {
                Err(RecvTimeoutError::Timeout) | Ok(Turn::Started) => {}
                Ok(Turn::Stopping) | Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        true
    }

    /// Until it stops; false if the process is ending without that.
    fn serving(&self, turns: &Receiver<Turn>) -> bool {
        let wait = self.watchdog.unwrap_or(Duration::MAX);
        let (due, late) = (wait / DUE, wait / LATE);
        let mut pulse = Pulse::new(beats());
        let mut next = due;
        loop {
            match turns.recv_timeout(next) {
                Ok(Turn::Stopping) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
                Ok(Turn::Started) => {}
                Err(RecvTimeoutError::Timeout) => {
                    let alive = pulse.all_moved(beats());
                    if alive {
                        self.say(&["WATCHDOG=1"]);
                    }
                    next = if alive { due } else { late };
                }
            }
        }
    }

    /// Cores end one after the other, and how long that may take is another limit (TimeoutStopSec).
    fn stopping(&self, turns: &Receiver<Turn>) {
        let Some(wait) = self.watchdog else { return };
        while turns.recv_timeout(wait / DUE) == Err(RecvTimeoutError::Timeout) {
            self.say(&["WATCHDOG=1"]);
        }
    }

    fn say(&self, lines: &[&str]) {
        if let Err(error) = self.socket.say(lines) {
            tracing::debug!(%error, ?lines, "systemd was not told");
        }
    }
}

/// When each core gave its last sign of life.
fn beats() -> Vec<u64> {
    metrics::all_cores().iter().map(|(_, metrics)| metrics.heartbeat.get()).collect()
}

/// Where this process reaches its listener; `None` when the system chose the port.
fn own_address(endpoint: &Endpoint) -> Option<String> {
    let host = match endpoint.host.as_str() {
        "" | "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        host => host,
    };
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_string() };
    (endpoint.port != 0).then(|| format!("{host}:{}", endpoint.port))
}

/// One request, as any client's first.
fn ask(address: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(Cluster::connect(address))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use corelog_engine::config::{BrokerConfig, Given};

    use super::*;

    #[test]
    fn the_watchdog_waits_as_long_as_it_says_and_only_for_this_process() {
        let wait = |variables: &[(&str, String)]| {
            watchdog(|name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| OsString::from(value))
            })
        };
        let usec = |text: &str| ("WATCHDOG_USEC", text.to_string());
        let pid = |pid: u32| ("WATCHDOG_PID", pid.to_string());
        let ours = std::process::id();
        assert_eq!(wait(&[]), None);
        assert_eq!(wait(&[usec("3000000")]), Some(Duration::from_secs(3)));
        assert_eq!(wait(&[usec("3000000"), pid(ours)]), Some(Duration::from_secs(3)));
        assert_eq!(wait(&[usec("3000000"), pid(ours + 1)]), None);
        assert_eq!((wait(&[usec("0")]), wait(&[usec("soon")])), (None, None));
    }

    #[test]
    fn the_own_listener_is_asked_where_it_is() {
        let address = |listener: &str| {
            let mut given = Given::default();
            given.put(&format!("listeners={listener}")).unwrap();
            let config = BrokerConfig::load(given).unwrap().config;
            config.listeners.first().and_then(own_address)
        };
        assert_eq!(address("PLAINTEXT://:9092").unwrap(), "127.0.0.1:9092");
        assert_eq!(address("PLAINTEXT://0.0.0.0:1").unwrap(), "127.0.0.1:1");
        assert_eq!(address("PLAINTEXT://[::]:9092").unwrap(), "[::1]:9092");
        assert_eq!(address("PLAINTEXT://broker-1:9092").unwrap(), "broker-1:9092");
        assert_eq!(address("PLAINTEXT://:0"), None);
    }
}
