//! SIGTERM and SIGINT as a future. The handler only writes a byte to a socket pair. Control
//! thread.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
/// The handler's end and ours. Never closed.
static PAIR: OnceLock<(UnixStream, UnixStream)> = OnceLock::new();
/// The handler's end again, as it needs it; -1 = none yet.
static HANDLER_END: AtomicI32 = AtomicI32::new(-1);

extern "C" fn on_signal(_: libc::c_int) {
    // SAFETY: write(2) may be called in a signal handler; the byte is on its stack, the descriptor
    // is never closed and does not block. errno is put back for whoever was interrupted.
    unsafe {
        let errno = *libc::__errno_location();
        libc::write(HANDLER_END.load(Ordering::Relaxed), (&raw const errno).cast(), 1);
        *libc::__errno_location() = errno;
    }
}

/// Returns when SIGTERM or SIGINT has arrived since the first call; from then on they no longer
/// end the process. One waiter at a time.
pub async fn stop_signal() {
    if let Err(error) = wait().await {
        tracing::error!(%error, "cannot wait for signals; only SIGKILL stops this process");
        std::future::pending::<()>().await;
    }
}

async fn wait() -> io::Result<()> {
    let (handler, ours) = match PAIR.get() {
        Some(pair) => pair,
        None => {
            let pair = UnixStream::pair()?;
            pair.0.set_nonblocking(true)?;
            pair.1.set_nonblocking(true)?;
            PAIR.get_or_init(|| pair)
        }
    };
    HANDLER_END.store(handler.as_raw_fd(), Ordering::Relaxed);
    let action =
        SigAction::new(SigHandler::Handler(on_signal), SaFlags::SA_RESTART, SigSet::empty());
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        // SAFETY: the handler does nothing but what a handler may do.
        unsafe { sigaction(signal, &action)? };
    }
    let ready = tokio::net::UnixStream::from_std(ours.try_clone()?)?;
    loop {
        ready.readable().await?;
        match ready.try_read(&mut [0; 16]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            read => return read.map(drop),
        }
    }
}
