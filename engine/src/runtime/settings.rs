//! Who the cores are and how they are started. Values; any thread.

/// The number of a core, from 0. Cores are threads; which CPU one is pinned to is another matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CoreId(pub u16);

/// How `start_cores` starts the cores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreSettings {
    /// One core per entry, on that CPU; empty = one core per CPU that the process may use.
    pub cpus: Vec<usize>,
    /// Pin each core to its CPU.
    pub pin: bool,
    /// Submission entries of each ring; a power of two, raised to 256 when smaller.
    pub ring_entries: u32,
    /// Kernel threads that each ring may use for operations that block (buffered writes and
    /// syncs); must exceed what all log dirs together keep in flight on one core.
    pub ring_workers: u32,
    /// Worker threads kept for what may block or burn; at least 2. More are started while all of
    /// them are busy.
    pub workers: usize,
    /// Bytes of cold file data a core may hold in memory on their way to sockets.
    pub cold_read_bytes: usize,
}

impl Default for CoreSettings {
    fn default() -> CoreSettings {
        CoreSettings {
            cpus: Vec::new(),
            pin: true,
            ring_entries: 256,
            ring_workers: 64,
            workers: 2,
            cold_read_bytes: 16 << 20,
        }
    }
}

/// A future of one thread, boxed: what a core or the control thread runs.
pub type LocalBoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T>>>;
