//! The log cleaner: takes the dirtiest log of all cores, cleans it, takes the next. On the control
//! thread, where reading, writing and burning are handed to the workers.
//!
//! A log that cannot be cleaned is tried again, later each time; the others go on. Decides when;
//! how is the business of `log::cleaner`.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::cleaner_schedule::CleanerSchedule;
use crate::config::BrokerConfig;
use crate::log::cleaner::{
    CleanError, CleanerSettings, CleanerStats, Cleaning, CleaningInput, Replacement, Tempo,
};
use crate::metadata::{LogId, owner_core};
use crate::record::Offset;
use crate::runtime::sync::watch;
use crate::runtime::{self, CoreId, MeshSender, Task};
use crate::shard::{CleaningEnd, DirtyLog, ShardMessage};

/// How long a stop waits for a cleaning to notice.
const STOP_MAX: Duration = Duration::from_secs(10);
/// `log.cleaner.backoff.ms` below this would keep the cores busy with questions.
const BACKOFF_MIN: Duration = Duration::from_millis(20);

/// A running cleaner.
pub(super) struct RunningCleaner {
    stop: watch::Sender<bool>,
    tasks: Vec<Task>,
}

impl RunningCleaner {
    /// Ends every cleaning; what is not swapped in by now is thrown away.
    pub(super) async fn stop(self) {
        self.stop.send_replace(true);
        let until = runtime::now() + STOP_MAX;
        for task in self.tasks {
            if runtime::within(until, task.finished()).await.is_none() {
                tracing::warn!("the cleaner hangs; its unfinished files go at the next start");
            }
        }
    }
}

/// Starts the cleaner on this thread.
pub(super) fn start(config: &BrokerConfig, cores: MeshSender<ShardMessage>) -> RunningCleaner {
    let (stop, stopped) = watch::channel(false);
    let settings = CleanerSettings {
        dedupe_bytes: config.cleaner.dedupe_bytes,
        load_factor: config.cleaner.load_factor,
        read_bytes: config.cleaner.read_bytes,
        reserve_bytes: config.upkeep.disk_reserve_bytes,
    };
    let backoff = config.cleaner.backoff.max(BACKOFF_MIN);
    let cleaner = Rc::new(LogCleaner {
        settings,
        backoff,
        tempo: Tempo::new(config.cleaner.bytes_per_second, stopped.clone()),
        stopped,
        cores,
        schedule: RefCell::new(CleanerSchedule::new(backoff)),
    });
    let tasks = (0..config.cleaner.threads).map(|_| runtime::spawn(cleaner.clone().run()));
    RunningCleaner { stop, tasks: tasks.collect() }
}

struct LogCleaner {
    settings: CleanerSettings,
    backoff: Duration,
    tempo: Tempo,
    stopped: watch::Receiver<bool>,
    cores: MeshSender<ShardMessage>,
    schedule: RefCell<CleanerSchedule>,
}

impl LogCleaner {
    async fn run(self: Rc<Self>) {
        let mut stopped = self.stopped.clone();
        while !*self.stopped.borrow() {
            match self.pick().await {
                Some(log) => self.clean(log).await,
                None => {
                    // Whatever ends it, the loop looks again.
                    let until = runtime::now() + self.backoff;
                    let _ = runtime::within(until, stopped.wait_for(|stop| *stop)).await;
                }
            }
        }
    }

    /// The dirtiest log that nobody cleans and that has not failed lately.
    async fn pick(&self) -> Option<LogId> {
        let mut found: Vec<DirtyLog> = Vec::new();
        for core in 0..self.cores.cores() {
            let core = CoreId(u16::try_from(core).unwrap_or(u16::MAX));
            let (reply, answer) = runtime::reply();
            // A closed core has no logs any more.
            let _ = self.cores.send(core, ShardMessage::DirtyLogs { reply }).await;
            found.extend(answer.await.unwrap_or_default());
        }
        self.schedule.borrow_mut().pick(&found, runtime::now())
    }

    async fn clean(&self, log: LogId) {
        let (reply, answer) = runtime::reply();
        self.tell(log, ShardMessage::HandOut { log, reply }).await;
        let Ok(Some(input)) = answer.await else {
            self.schedule.borrow_mut().postpone(log, runtime::now());
            return;
        };
        let path = input.dir.path().to_path_buf();
        let from = input.first_dirty;
        let mut stats = CleanerStats::default();
        let cleaned = self.clean_all(log, input, &mut stats).await;
        let is_failure = matches!(&cleaned, Err(error) if !matches!(error, CleanError::Abandoned));
        match &cleaned {
            Ok(to) => {
                let CleanerStats { bytes_before, bytes_after, records_kept, .. } = stats;
                let path = path.display();
                tracing::info!(%path, from, to, bytes_before, bytes_after, records_kept, "cleaned");
                if stats.unreadable > 0 {
                    let batches = stats.unreadable;
                    tracing::warn!(%path, batches, "batches that cannot be read stay as they are");
                }
                self.schedule.borrow_mut().done(log);
            }
            Err(CleanError::Abandoned) => {
                self.schedule.borrow_mut().postpone(log, runtime::now());
            }
            Err(error) => {
                let retry = self.schedule.borrow_mut().failed(log, runtime::now());
                let (path, retry_in_ms) = (path.display(), retry.as_millis());
                tracing::warn!(%path, %error, retry_in_ms, "not cleaned; the log grows meanwhile");
            }
        }
        let end = CleaningEnd { cleaned: cleaned.ok(), is_failure, stats };
        self.tell(log, ShardMessage::CleaningEnded { log, end }).await;
    }

    /// Cleans group after group; answers the offset below which everything is clean then.
    async fn clean_all(
        &self,
        log: LogId,
        input: CleaningInput,
        stats: &mut CleanerStats,
    ) -> Result<Offset, CleanError> {
        let mut cleaning = Cleaning::begin(input, self.settings, self.tempo.clone()).await?;
        loop {
            let group = cleaning.next_group().await;
            *stats = cleaning.stats();
            let Some(replacement) = group? else { return Ok(cleaning.end()) };
            let bases = replacement.bases();
            if !self.swap_in(log, replacement).await {
                cleaning.discard(&bases).await;
                return Err(CleanError::Abandoned);
            }
        }
    }

    async fn swap_in(&self, log: LogId, replacement: Replacement) -> bool {
        let (reply, answer) = runtime::reply();
        let replacement = Box::new(replacement);
        self.tell(log, ShardMessage::TakeBack { log, replacement, reply }).await;
        answer.await.unwrap_or(false)
    }

    async fn tell(&self, log: LogId, message: ShardMessage) {
        let cores = u16::try_from(self.cores.cores()).unwrap_or(u16::MAX);
        // A closed core drops the message, and with it the reply.
        let _ = self.cores.send(owner_core(log, cores), message).await;
    }
}
