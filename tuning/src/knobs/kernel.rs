//! The kernel: how new it is, and whether it lets the broker have a ring.

use crate::aspect::{Aspect, Required, Seen};
use crate::host::Host;
use crate::knob::{Gain, Knob, Severity};

/// The knobs of this family.
pub const KNOBS: &[Knob] = &[
    Knob {
        name: "kernel-version",
        why: "the broker's ring operations are complete from Linux 5.15 on",
        severity: Severity::Fatal,
        gain: Gain::NotMeasured,
        look: |host, _| vec![at_least(host, (5, 15))],
    },
    Knob {
        name: "kernel-cachestat",
        why: "from Linux 6.5 on cachestat tells whether a slice is in the page cache; before, it \
              is mapped and asked by mincore, which costs more on every fetch",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, _| vec![at_least(host, (6, 5))],
    },
    Knob {
        name: "io-uring-allowed",
        why: "kernel.io_uring_disabled forbids io_uring to everyone (2) or to the unprivileged \
              (1); the broker does not start without it",
        severity: Severity::Fatal,
        gain: Gain::NotMeasured,
        look: |host, _| vec![allowed(host)],
    },
    Knob {
        name: "io-uring-ring",
        why: "a ring was tried: a seccomp filter, as containers have by default, refuses it even \
              where the sysctl allows it",
        severity: Severity::Fatal,
        gain: Gain::NotMeasured,
        look: |host, _| vec![ring(host)],
    },
];

fn at_least(host: &dyn Host, least: (u32, u32)) -> Aspect {
    let seen = Seen::of(host.read("/proc/sys/kernel/osrelease"));
    let holds = seen.value().and_then(version).is_some_and(|found| found >= least);
    let text = format!(">= {}.{}", least.0, least.1);
    Aspect::by_hand("", Required::Stated { text, holds }, seen, "boot a newer kernel")
}

/// `6.18.44-amd64` is (6, 18).
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn allowed(host: &dyn Host) -> Aspect {
    const PATH: &str = "/proc/sys/kernel/io_uring_disabled";
    let seen = match Seen::of(host.read(PATH)) {
        // Kernels older than 6.6 have no such switch, and some have no io_uring; `ring` finds out.
        Seen::Absent => Seen::Value("0".to_string()),
        seen => seen,
    };
    Aspect::file("", PATH, Required::OneOf(&["0"]), seen)
}

fn ring(host: &dyn Host) -> Aspect {
    let made = host.try_ring();
    let required = Required::Stated { text: "can be made".to_string(), holds: made.is_ok() };
    let seen = match made {
        Ok(()) => "made".to_string(),
        Err(error) => format!("refused: {error}"),
    };
    let cure = "allow io_uring_setup, io_uring_enter and io_uring_register in the seccomp profile \
                of the container, and see io-uring-allowed";
    Aspect::by_hand("", required, Seen::Value(seen), cure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_begins_with_two_numbers() {
        assert_eq!(version("6.18.44-amd64"), Some((6, 18)));
        assert_eq!(version("5.15+"), Some((5, 15)));
        assert_eq!(version("unknown"), None);
    }
}
