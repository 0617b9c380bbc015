//! A load from its target to its outcome: executors are filled, all begin at the same moment, and
//! what they see is put together second by second while it happens.

use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, OnceLock};
use std::time::Duration;

use super::consumer::Consumer;
use super::error::LoadError;
use super::pace::Pace;
use super::producer::{Ended, Lane, Producer};
use super::share::{LanePlan, Plan};
use super::silent;
use super::target::Target;
use super::template::Mould;
use crate::clock::{self, SECOND, seconds};
use crate::executor::{self, Seat, Task, sleep_until, spawn, within};
use crate::measure::{Interval, Outcome, Phases, Recorder, Series};
use crate::workload::Workload;

/// Between everybody being ready and the first request.
const LEAD: u64 = SECOND / 20;
/// How long answers may take after the end of the load.
const PATIENCE: Duration = Duration::from_secs(60);
/// More templates of one producer make nothing more random.
const TEMPLATES_MAX: usize = 4096;
/// A load that ends by its number of records has no other end.
const FOR_EVER_SECONDS: u64 = 10_000_000;

/// Who is told of each second, as soon as all executors have spoken of it.
pub type Watch<'a> = &'a mut dyn FnMut(&Interval);

/// The executors of a workload.
pub fn seats(workload: &Workload) -> Vec<Seat> {
    let spins = workload.spin;
    match workload.cpus.as_slice() {
        [] => vec![Seat { cpu: None, spins }],
        cpus => cpus.iter().map(|cpu| Seat { cpu: Some(*cpu), spins }).collect(),
    }
}

/// Runs a workload against its target.
///
/// # Errors
/// [`LoadError`] of the first connection or executor that fails. Refused requests are no error:
/// the outcome counts them.
pub fn run(workload: &Workload, target: &Target, watch: Watch) -> Result<Outcome, LoadError> {
    let seats = seats(workload);
    let executors = seats.len();
    let plan = Arc::new(Plan::of(workload, target));
    let start = Arc::new(Start::new(executors));
    let (out, seen) = channel();
    let work = {
        let (workload, target) = (Arc::new(workload.clone()), Arc::new(target.clone()));
        let start = start.clone();
        move |index: usize| {
            let part = Work {
                workload: workload.clone(),
                target: target.clone(),
                lanes: plan.lanes.len(),
                plan: plan.of_executor(index, executors),
                is_first: index == 0,
            };
            part.run(start.clone(), out.clone())
        }
    };
    let running = std::thread::spawn(move || executor::run(&seats, work));
    let series = collect(seen, executors, watch);
    let ended = running.join().map_err(|_| {
        LoadError::Executor(executor::ExecutorError::Panicked("the load's thread".to_owned()))
    })??;
    let phases = start.phases(workload);
    let mut outcome = Outcome { phases, series, unanswered: 0, complaint: None, ended: 0 };
    for part in ended {
        for one in part? {
            outcome.unanswered += one.unanswered;
            outcome.ended = outcome.ended.max(one.last);
            outcome.complaint = outcome.complaint.or(one.complaint);
        }
    }
    if workload.records == 0 {
        outcome.ended = phases.end;
    }
    Ok(outcome)
}

/// Puts the executors' seconds together until all executors are done.
fn collect(seen: Receiver<Interval>, executors: usize, watch: Watch) -> Series {
    let mut series = Series::default();
    for part in seen {
        if let Some(whole) = series.add(&part, executors) {
            watch(whole);
        }
    }
    series
}

/// The moment at which all executors begin.
struct Start {
    ready: Barrier,
    failed: AtomicBool,
    at: OnceLock<u64>,
}

impl Start {
    fn new(executors: usize) -> Start {
        Start {
            ready: Barrier::new(executors),
            failed: AtomicBool::new(false),
            at: OnceLock::new(),
        }
    }

    /// Waits for the other executors; `false` when one of them has failed.
    fn wait(&self, is_ready: bool) -> bool {
        if !is_ready {
            self.failed.store(true, Ordering::SeqCst);
        }
        self.ready.wait();
        !self.failed.load(Ordering::SeqCst)
    }

    fn phases(&self, workload: &Workload) -> Phases {
        let begin = *self.at.get_or_init(|| clock::now() + LEAD);
        if workload.records > 0 {
            let end = begin + seconds(FOR_EVER_SECONDS);
            return Phases { begin, measured_from: begin, end };
        }
        let measured_from = begin + seconds(workload.warmup_seconds);
        Phases { begin, measured_from, end: measured_from + seconds(workload.seconds) }
    }
}

/// What one executor does.
struct Work {
    workload: Arc<Workload>,
    target: Arc<Target>,
    plan: Plan,
    /// Lanes of all executors.
    lanes: usize,
    is_first: bool,
}

impl Work {
    async fn run(self, start: Arc<Start>, out: Sender<Interval>) -> Result<Vec<Ended>, LoadError> {
        let silent = self.silent().await;
        let opened = self.open().await;
        let all_ready = start.wait(silent.is_ok() && opened.is_ok());
        let (_silent, (producers, consumers)) = (silent?, opened?);
        if !all_ready {
            return Ok(Vec::new()); // the executor that failed says why
        }
        let phases = start.phases(&self.workload);
        let recorder = Rc::new(Recorder::new(phases, out));
        let ticking = tick(recorder.clone());
        let mut running: Vec<Task<Result<Ended, LoadError>>> = Vec::new();
        for consumer in consumers {
            running.push(spawn(consumer.run(recorder.clone())));
        }
        for (number, producer) in producers {
            let records = producer.records_per_request();
            let pace = Pace::new(phases, self.workload.rate, records, number, self.lanes);
            let recorder = recorder.clone();
            running.push(spawn(async move {
                sleep_until(phases.begin).await;
                producer.run(pace, recorder).await
            }));
        }
        let mut ended = Vec::new();
        for task in running {
            let joined = within(clock::until(phases.end) + PATIENCE, task.join()).await;
            match joined {
                Some(one) => ended.push(one??),
                None => ended.push(Ended { unanswered: 1, ..Ended::default() }),
            }
        }
        drop(ticking);
        recorder.roll(clock::now());
        recorder.finish();
        Ok(ended)
    }

    async fn silent(&self) -> Result<Vec<(executor::Reader, executor::Writer)>, LoadError> {
        let leader = self.target.leaders.first().filter(|_| self.is_first);
        match leader {
            Some(leader) => silent::open(*leader, self.workload.idle_connections).await,
            None => Ok(Vec::new()),
        }
    }

    async fn open(&self) -> Result<(Vec<(usize, Producer)>, Vec<Consumer>), LoadError> {
        let mut producers = Vec::with_capacity(self.plan.lanes.len());
        for lane in &self.plan.lanes {
            producers.push((lane.number, Producer::open(self.lane(lane)?).await?));
        }
        let mut consumers = Vec::with_capacity(self.plan.readings.len());
        for reading in &self.plan.readings {
            consumers.push(Consumer::open(reading.clone()).await?);
        }
        Ok((producers, consumers))
    }

    /// Encodes a lane's requests: its part of the pool, one at least.
    fn lane(&self, plan: &LanePlan) -> Result<Lane, LoadError> {
        let mut mould = Mould::new(&self.workload, &self.target, plan.number as u64);
        let mut templates = vec![mould.cast()?];
        let each = templates.first().map_or(1, |template| template.frame_bytes().max(1));
        let count = self.workload.pool_bytes / self.lanes.max(1) / each;
        while templates.len() < count.min(TEMPLATES_MAX) {
            templates.push(mould.cast()?);
        }
        Ok(Lane {
            address: plan.address,
            partitions: plan.partitions.clone(),
            templates,
            version: self.target.produce_version,
            in_flight: self.workload.in_flight,
            records: self.workload.records.div_ceil(self.lanes.max(1) as u64),
        })
    }
}

/// Sends off each second when it is over, also when nothing happens.
fn tick(recorder: Rc<Recorder>) -> Task<()> {
    spawn(async move {
        let begin = recorder.phases().begin;
        for second in 1.. {
            sleep_until(begin + seconds(second)).await;
            recorder.roll(clock::now());
        }
    })
}
