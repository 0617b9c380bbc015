//! File operations on the ring: one-shot submissions that own their descriptor and their buffers
//! until the kernel is done, also when the future that waits for them is dropped. Core-local.

use std::io;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use io_uring::{cqueue, opcode, squeue, types};
use tokio_uring::{OneshotOutputTransform, UnsubmittedOneshot};

use super::context::CoreContext;
use super::descriptor::Descriptor;

/// Gives back the kernel's result and what the operation owned.
struct Finish<D>(std::marker::PhantomData<D>);

impl<D> Unpin for Finish<D> {}

impl<D> OneshotOutputTransform for Finish<D> {
    type Output = (io::Result<usize>, D);
    type StoredData = D;

    fn transform_oneshot_output(self, data: D, entry: cqueue::Entry) -> Self::Output {
        let result = match usize::try_from(entry.result()) {
            Ok(done) => Ok(done),
            Err(_) => Err(io::Error::from_raw_os_error(-entry.result())),
        };
        (result, data)
    }
}

/// Queues `entry`; `owned` holds everything that it points to.
async fn submit<D: Unpin + 'static>(
    core: &CoreContext,
    owned: D,
    entry: squeue::Entry,
) -> (io::Result<usize>, D) {
    let operation = UnsubmittedOneshot::new(owned, Finish(std::marker::PhantomData), entry);
    let flight = operation.submit();
    core.kick.request();
    flight.await
}

/// Buffers of a vectored write with the list that the kernel reads. Only the ring looks at it.
struct Vectored {
    #[expect(dead_code, reason = "kept open for the kernel")]
    file: Arc<Descriptor>,
    list: Vec<libc::iovec>,
    parts: Vec<Bytes>,
}

/// When a write is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteUntil {
    /// The bytes are in the page cache.
    Cached,
    /// They are durable, as after `sync_data`: one trip to a thread of the kernel, not two.
    Durable,
}

impl WriteUntil {
    fn flags(self) -> i32 {
        match self {
            WriteUntil::Cached => 0,
            WriteUntil::Durable => libc::RWF_DSYNC,
        }
    }
}

/// Writes some of `parts` (at most 1024 of them) at `position`; returns how many bytes, and the
/// parts. Retries nothing but an interruption.
pub(super) async fn write_some(
    core: &Rc<CoreContext>,
    file: &Arc<Descriptor>,
    parts: Vec<Bytes>,
    position: u64,
    until: WriteUntil,
) -> (io::Result<usize>, Vec<Bytes>) {
    let list: Vec<_> = parts
        .iter()
        .map(|part| libc::iovec {
            iov_base: part.as_ptr().cast_mut().cast(), // the kernel only reads it
            iov_len: part.len(),
        })
        .collect();
    let count = list.len().min(libc::UIO_MAXIOV as usize) as u32;
    let fd = types::Fd(file.as_raw_fd());
    let entry = opcode::Writev::new(fd, list.as_ptr(), count)
        .offset(position)
        .rw_flags(until.flags())
        .build();
    // Moving `Vectored` moves neither the heap block of `list` nor the bytes it points to.
    let owned = Vectored { file: file.clone(), list, parts };
    let (result, owned) = submit(core, owned, entry).await;
    drop(owned.list);
    (result, owned.parts)
}

/// Which thread does the work of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// The core's own, as far as it need not wait: cheapest when the bytes are in the page cache.
    Core,
    /// One of the kernel's: finding pages for cold bytes and queueing their reads takes time too.
    Kernel,
}

impl Reader {
    fn flags(self) -> squeue::Flags {
        match self {
            Reader::Core => squeue::Flags::empty(),
            Reader::Kernel => squeue::Flags::ASYNC,
        }
    }
}

/// Reads up to `len` bytes at `position`, appending them to `into`.
pub(super) async fn read_some(
    core: &Rc<CoreContext>,
    file: &Arc<Descriptor>,
    mut into: Vec<u8>,
    (position, len): (u64, u32),
    reader: Reader,
) -> (io::Result<usize>, Vec<u8>) {
    into.reserve(len as usize);
    let room = into.spare_capacity_mut().as_mut_ptr().cast();
    let fd = types::Fd(file.as_raw_fd());
    let entry = opcode::Read::new(fd, room, len).offset(position).build().flags(reader.flags());
    let (result, (mut into, _)) = submit(core, (into, file.clone()), entry).await;
    if let Ok(done) = result {
        let filled = into.len() + done.min(len as usize);
        // SAFETY: `len` bytes of spare capacity were reserved above, `into` was not touched while
        // the kernel had it, and the kernel says that it has written the first `done` of them.
        unsafe { into.set_len(filled) };
    }
    (result, into)
}

/// Makes the data of `file` durable, with as much metadata as is needed to read it back.
pub(super) async fn sync_data(core: &Rc<CoreContext>, file: &Arc<Descriptor>) -> io::Result<()> {
    let fd = types::Fd(file.as_raw_fd());
    let entry = opcode::Fsync::new(fd).flags(types::FsyncFlags::DATASYNC).build();
    submit(core, file.clone(), entry).await.0.map(drop)
}

/// Queues `count` operations that do nothing, all at once, and waits for all of them.
pub(super) async fn nothing(
    core: &Rc<CoreContext>,
    count: usize,
    reader: Reader,
) -> io::Result<()> {
    let flights: Vec<_> = (0..count)
        .map(|_| {
            let entry = opcode::Nop::new().build().flags(reader.flags());
            UnsubmittedOneshot::new((), Finish(std::marker::PhantomData), entry).submit()
        })
        .collect();
    core.kick.request();
    for flight in flights {
        flight.await.0?;
    }
    Ok(())
}
