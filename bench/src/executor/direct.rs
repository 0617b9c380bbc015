//! Writes past the page cache: from registered memory, several in flight, one behind the other
//! over a file. An executor of its own on one CPU.

use std::cell::Cell;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use glommio::io::{DmaBuffer, DmaFile, OpenOptions};
use glommio::{LocalExecutorBuilder, Placement};

use super::error::ExecutorError;
use super::pool::PREEMPT;
use super::task::spawn;

/// Registered memory beside that of the writes in flight.
const SPARE_MEMORY: usize = 1 << 20;

/// What is written.
#[derive(Debug, Clone)]
pub struct Writes {
    /// A file that has its blocks; written from its start to `length` and over again.
    pub path: PathBuf,
    /// Bytes of the file that are written.
    pub length: u64,
    /// Bytes of one write; a multiple of the device's block.
    pub bytes: usize,
    /// Writes in flight.
    pub depth: usize,
    /// No write begins after this; `None` = once over the file, however long it takes.
    pub time: Option<Duration>,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// Bytes.
    pub bytes: u64,
    /// From the first write to the end of the last.
    pub seconds: f64,
    /// By how much the meter went on meanwhile.
    pub metered: f64,
}

/// Writes on a CPU, and reads a meter before and after: CPU time, say.
///
/// # Errors
/// The file system has no writes past the page cache, or a write fails; [`ExecutorError`] as an
/// I/O error.
pub fn write_direct(cpu: usize, writes: Writes, meter: fn() -> f64) -> io::Result<Written> {
    let memory = writes.bytes * writes.depth * 2 + SPARE_MEMORY;
    let executor = LocalExecutorBuilder::new(Placement::Fixed(cpu))
        .name("bench-direct")
        .io_memory(memory)
        .preempt_timer(PREEMPT)
        .spawn(move || async move { run(writes, meter).await })
        .map_err(|why| ExecutorError::Start { index: 0, why: why.to_string() });
    let ended = executor.map_err(io::Error::other)?.join();
    ended.map_err(|why| io::Error::other(ExecutorError::Panicked(why.to_string())))?
}

async fn run(writes: Writes, meter: fn() -> f64) -> io::Result<Written> {
    let file = OpenOptions::new().write(true).dma_open(&writes.path).await;
    let file = Rc::new(file.map_err(io::Error::from)?);
    let buffers: Vec<Rc<DmaBuffer>> = (0..writes.depth)
        .map(|_| {
            let mut buffer = file.alloc_dma_buffer(writes.bytes);
            buffer.as_bytes_mut().fill(7);
            Rc::new(buffer)
        })
        .collect();
    let (begun, before) = (Instant::now(), meter());
    let run = Rc::new(Run { file: file.clone(), writes, next: Cell::new(0), begun });
    let flights: Vec<_> =
        buffers.into_iter().map(|buffer| spawn(one_after_another(run.clone(), buffer))).collect();
    let mut bytes = 0;
    for flight in flights {
        bytes += flight.join().await.map_err(io::Error::other)??;
    }
    let written =
        Written { bytes, seconds: begun.elapsed().as_secs_f64(), metered: meter() - before };
    drop(run);
    file.close_rc().await.map_err(io::Error::from)?;
    Ok(written)
}

/// What all writes in flight share.
struct Run {
    file: Rc<DmaFile>,
    writes: Writes,
    next: Cell<u64>,
    begun: Instant,
}

/// One write after another, each at the next place that nobody took; the bytes.
async fn one_after_another(run: Rc<Run>, buffer: Rc<DmaBuffer>) -> io::Result<u64> {
    let size = run.writes.bytes as u64;
    let places = (run.writes.length / size).max(1);
    let mut total = 0;
    loop {
        let turn = run.next.get();
        let over = match run.writes.time {
            Some(time) => run.begun.elapsed() >= time,
            None => turn >= places,
        };
        if over {
            return Ok(total);
        }
        run.next.set(turn + 1);
        let written = run.file.write_rc_at(buffer.clone(), turn % places * size).await;
        total += written.map_err(io::Error::from)? as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_over_once() {
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let path = folder.path().join("direct");
        std::fs::write(&path, vec![0; 1 << 20]).unwrap();
        let writes =
            Writes { path: path.clone(), length: 1 << 20, bytes: 64 << 10, depth: 4, time: None };
        let written = write_direct(0, writes, || 0.0).unwrap();
        assert_eq!(written.bytes, 1 << 20);
        assert!(std::fs::read(&path).unwrap().iter().all(|byte| *byte == 7));
    }
}
