//! One broker under test: started with its data in a folder, stopped, killed, started again. It
//! keeps its port. Every kind gets the same `server.properties`.

use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use corelog_net::client::Cluster;
use rustix::process::{Pid, Signal, kill_process};

use super::settings::Peer;
use crate::load::block_on;
use crate::machine;

const CLUSTER_ID: &str = "fWwMLlobTD2ejwobLD1OXw";
const START_PATIENCE: Duration = Duration::from_secs(300);
const STOP_PATIENCE: Duration = Duration::from_secs(120);
/// Bytes of a log's end in an error.
const COMPLAINT_BYTES: usize = 600;
const PAUSE: Duration = Duration::from_millis(2);
/// Kafka as its own start script runs it, with a heap of a gigabyte.
const JVM: [&str; 9] = [
    "-Xms1g",
    "-Xmx1g",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
];

/// A broker; dropped, it is killed.
pub struct Broker {
    peer: Peer,
    folder: PathBuf,
    port: u16,
    cpus: Vec<usize>,
    child: Option<Child>,
}

impl Broker {
    /// Formats an empty folder; what is there from an earlier run goes. Nothing runs yet.
    ///
    /// # Errors
    /// The folder cannot be written, or the broker's tool refuses.
    pub fn new(peer: &Peer, folder: &Path, cpus: &[usize]) -> anyhow::Result<Broker> {
        let (port, controller) = (free_port()?, free_port()?);
        let (peer, folder, cpus) = (peer.clone(), folder.to_owned(), cpus.to_vec());
        let broker = Broker { peer, folder, port, cpus, child: None };
        if broker.folder.exists() {
            fs::remove_dir_all(&broker.folder)?;
        }
        fs::create_dir_all(&broker.folder)?;
        fs::write(broker.properties(), broker.settings(controller))?;
        let format = ["format", "-t", CLUSTER_ID, "-c"];
        let mut command = match &broker.peer {
            Peer::Corelog(binary) => {
                let mut command = Command::new(binary);
                command.arg("storage").args(format);
                command
            }
            Peer::Kafka(script) => {
                let mut command = Command::new(script);
                command.arg("kafka-storage.sh").args(format);
                command
            }
            Peer::At { .. } => return Ok(broker),
        };
        let done = command.arg(broker.properties()).output().context("cannot format")?;
        anyhow::ensure!(
            done.status.success(),
            "format: {}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
        Ok(broker)
    }

    /// Starts it and waits until it answers; the moment of the start.
    ///
    /// # Errors
    /// It leaves, or does not answer in five minutes.
    pub fn start(&mut self) -> anyhow::Result<Instant> {
        let command = self.command()?;
        let begun = Instant::now();
        if let Some(mut command) = command {
            let log = File::options().create(true).append(true).open(self.log())?;
            let child = command
                .stdin(Stdio::null())
                .stdout(log.try_clone()?)
                .stderr(log)
                .current_dir(&self.folder)
                .spawn()
                .with_context(|| format!("cannot start {}", self.peer.name()))?;
            self.child = Some(child);
        }
        loop {
            let answers = block_on(async { Ok(Cluster::connect(&self.address()).await?) });
            if answers.is_ok() {
                return Ok(begun);
            }
            if let Some(left) = self.child.as_mut().and_then(|child| child.try_wait().ok()?) {
                let said = self.tail(COMPLAINT_BYTES);
                anyhow::bail!("{} left with {left}: {said}", self.peer.name());
            }
            let waited = begun.elapsed();
            let said = || self.tail(COMPLAINT_BYTES);
            anyhow::ensure!(waited < START_PATIENCE, "no answer after {waited:?}: {}", said());
            std::thread::sleep(PAUSE);
        }
    }

    /// Where it is reached.
    pub fn address(&self) -> String {
        match &self.peer {
            Peer::At { address, .. } => address.clone(),
            Peer::Corelog(_) | Peer::Kafka(_) => format!("127.0.0.1:{}", self.port),
        }
    }

    /// Its process; `None` when somebody else runs it.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Asks it to end, and waits.
    ///
    /// # Errors
    /// It does not end; then it is killed.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        let Some(child) = &mut self.child else { return Ok(()) };
        let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("no process")?;
        kill_process(id, Signal::TERM)?;
        let begun = Instant::now();
        while child.try_wait()?.is_none() {
            if begun.elapsed() > STOP_PATIENCE {
                self.kill();
                anyhow::bail!("it does not end when asked to");
            }
            std::thread::sleep(PAUSE);
        }
        self.child = None;
        Ok(())
    }

    /// Kills it.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have left by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// The command that serves, on its CPUs.
    fn command(&self) -> anyhow::Result<Option<Command>> {
        let mut command = match &self.peer {
            Peer::Corelog(binary) => {
                let mut command = machine::bound(binary, &self.cpus);
                command.arg("serve");
                command
            }
            Peer::Kafka(script) => {
                let printed = Command::new(script).arg("--classpath").output()?;
                let classes = String::from_utf8_lossy(&printed.stdout);
                let classes = classes.lines().last().context("Kafka's classes are nowhere")?;
                let mut command = machine::bound("java", &self.cpus);
                command.args(JVM).args(["-cp", classes, "kafka.Kafka"]);
                command
            }
            Peer::At { .. } => return Ok(None),
        };
        command.arg(self.properties());
        Ok(Some(command))
    }

    fn properties(&self) -> PathBuf {
        self.folder.join("server.properties")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("broker.log")
    }

    /// The end of what it said, so many bytes of it.
    pub fn tail(&self, bytes: usize) -> String {
        let text = fs::read(self.log()).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(bytes)..]).into_owned()
    }

    fn settings(&self, controller: u16) -> String {
        let (port, data) = (self.port, self.folder.join("data").display().to_string());
        let plain = "PLAINTEXT://127.0.0.1";
        let lines = [
            "process.roles=broker,controller".to_owned(),
            "node.id=1".to_owned(),
            format!("controller.quorum.voters=1@127.0.0.1:{controller}"),
            "controller.listener.names=CONTROLLER".to_owned(),
            format!("listeners={plain}:{port},CONTROLLER://127.0.0.1:{controller}"),
            format!("advertised.listeners={plain}:{port}"),
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned(),
            format!("log.dirs={data}"),
            "offsets.topic.replication.factor=1".to_owned(),
            "auto.create.topics.enable=false".to_owned(),
        ];
        lines.join("\n") + "\n"
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
