//! Start-up probe: what the kernel offers, and what to do when it refuses. Any thread.

use std::fs;
use std::io;

use io_uring::{IoUring, Probe, opcode};

use super::residency;

/// What the kernel offers beyond the minimum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelFeatures {
    /// Release of the kernel, as `uname -r`.
    pub release: String,
    /// `cachestat` works; otherwise residency is asked by `mincore`, which costs more.
    pub cachestat: bool,
}

/// Why the cores cannot start, with the cure.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The sysctl forbids it.
    #[error(
        "io_uring is disabled on this host (kernel.io_uring_disabled={setting}); allow it with \
         `sysctl -w kernel.io_uring_disabled=0`, and keep that in /etc/sysctl.d/corelog.conf"
    )]
    Disabled {
        /// Value of the sysctl: 1 = only for a group or root, 2 = for nobody.
        setting: String,
    },
    /// A filter refuses the call.
    #[error(
        "io_uring_setup is refused ({0}), most likely by a seccomp filter of the container; run \
         it with a profile that allows io_uring_setup, io_uring_enter and io_uring_register \
         (docker and podman: `--security-opt seccomp=unconfined`, or a profile of your own)"
    )]
    Refused(io::Error),
    /// The kernel has no io_uring, or a filter hides it.
    #[error(
        "this kernel ({release}) has no io_uring; Linux 5.15 or newer with CONFIG_IO_URING is \
         needed (inside a sandbox such as gVisor, or under a seccomp filter that answers ENOSYS, \
         run outside of it)"
    )]
    Missing {
        /// Release of the kernel.
        release: String,
    },
    /// Locked memory is limited.
    #[error(
        "the kernel has no locked memory for a ring (ENOMEM); raise the limit: `ulimit -l \
         unlimited`, LimitMEMLOCK=infinity in a systemd unit, `--ulimit memlock=-1` in a container"
    )]
    LockedMemory,
    /// Rings work, but an operation is missing.
    #[error("this kernel's io_uring lacks {operation}; Linux 5.15 or newer is needed")]
    Operation {
        /// Name of the operation.
        operation: &'static str,
    },
    /// Anything else.
    #[error("cannot create an io_uring: {0}")]
    Other(io::Error),
}

/// Tries what the cores need. Call it before `start_cores` for a clear message.
pub fn probe() -> Result<KernelFeatures, ProbeError> {
    let ring = IoUring::new(8).map_err(explain)?;
    let mut offered = Probe::new();
    ring.submitter().register_probe(&mut offered).map_err(explain)?;
    let needed = [
        ("IORING_OP_READ", opcode::Read::CODE),
        ("IORING_OP_WRITEV", opcode::Writev::CODE),
        ("IORING_OP_FSYNC", opcode::Fsync::CODE),
        ("IORING_OP_ASYNC_CANCEL", opcode::AsyncCancel::CODE),
    ];
    for (operation, code) in needed {
        if !offered.is_supported(code) {
            return Err(ProbeError::Operation { operation });
        }
    }
    let cachestat =
        fs::File::open("/proc/self/exe").is_ok_and(|file| residency::cachestat_works(&file));
    Ok(KernelFeatures { release: release(), cachestat })
}

fn release() -> String {
    let text = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    text.trim().to_owned()
}

/// The cure for an error of `io_uring_setup`.
pub(super) fn explain(error: io::Error) -> ProbeError {
    let setting = fs::read_to_string("/proc/sys/kernel/io_uring_disabled").unwrap_or_default();
    explain_with(error, setting.trim())
}

fn explain_with(error: io::Error, setting: &str) -> ProbeError {
    match error.raw_os_error() {
        Some(libc::EPERM) if matches!(setting, "1" | "2") => {
            ProbeError::Disabled { setting: setting.to_owned() }
        }
        Some(libc::EPERM | libc::EACCES) => ProbeError::Refused(error),
        Some(libc::ENOSYS) => ProbeError::Missing { release: release() },
        Some(libc::ENOMEM) => ProbeError::LockedMemory,
        _ => ProbeError::Other(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_names_its_cure() {
        let cures = [
            (libc::EPERM, "2", "sysctl -w kernel.io_uring_disabled=0"),
            (libc::EPERM, "0", "seccomp"),
            (libc::ENOSYS, "", "CONFIG_IO_URING"),
            (libc::ENOMEM, "0", "LimitMEMLOCK"),
        ];
        for (errno, setting, cure) in cures {
            let text = explain_with(io::Error::from_raw_os_error(errno), setting).to_string();
            assert!(text.contains(cure), "{text}");
        }
    }

    #[test]
    fn this_host_offers_a_ring() {
        let features = probe().expect("tests need io_uring");
        assert!(!features.release.is_empty());
    }
}
