//! Memory: huge pages, swapping, when dirty pages are written, how nodes lend to each other.

use crate::aspect::{Aspect, Change, Cure, Place, Required, Seen, Setting};
use crate::host::Host;
use crate::knob::{Gain, Knob, Severity};
use crate::site::Site;

/// The knobs of this family.
pub const KNOBS: &[Knob] = &[
    Knob {
        name: "huge-pages",
        why: "with `always`, transparent huge pages make a small process large, and the kernel \
              stops it to collect them; the broker refuses them for itself, its neighbours do not",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, _| {
            let path = "/sys/kernel/mm/transparent_hugepage/enabled";
            vec![kernel_file(host, path, Required::OneOf(&["madvise", "never"]))]
        },
    },
    Knob {
        name: "swappiness",
        why: "file pages are cheap to drop and the broker's own memory is not: a core that waits \
              for its memory to come back from a disk answers nobody meanwhile",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, _| vec![kernel_file(host, "/proc/sys/vm/swappiness", Required::AtMost(1))],
    },
    Knob {
        name: "dirty-background",
        why: "where flush.messages leaves it to the kernel to write, it should begin early and \
              write steadily; answered records are synced and do not wait for it",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, _| vec![dirty(host, "dirty_background", Required::AtMost(5))],
    },
    Knob {
        name: "dirty-limit",
        why: "above this share of memory the kernel puts whoever writes to sleep",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, _| vec![dirty(host, "dirty", Required::AtLeast(20))],
    },
    Knob {
        name: "numa-balancing",
        why: "moves pages to the node that used them last; pinned cores have theirs at home, and \
              the faults it makes to learn that are all cost",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, _| {
            vec![kernel_file(host, "/proc/sys/kernel/numa_balancing", Required::OneOf(&["0"]))]
        },
    },
    Knob {
        name: "zone-reclaim",
        why: "drops page cache of the own node before it borrows from another one: reads that \
              could come from memory come from the disk",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, _| {
            vec![kernel_file(host, "/proc/sys/vm/zone_reclaim_mode", Required::OneOf(&["0"]))]
        },
    },
    Knob {
        name: "memory-per-cpu",
        why: "consumers are fed from the page cache; with less than 2 GB for each CPU there is \
              little of it",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, site| vec![memory_per_cpu(host, site)],
    },
];

fn kernel_file(host: &dyn Host, path: &str, required: Required) -> Aspect {
    Aspect::file("", path, required, Seen::of(host.read(path)))
}

/// A limit that is two files, a share of memory and a number of bytes; the one written last rules
/// and the other says 0. What is set is the share; what is brought back is the one that ruled.
fn dirty(host: &dyn Host, name: &str, required: Required) -> Aspect {
    let (ratio, bytes) =
        (format!("/proc/sys/vm/{name}_ratio"), format!("/proc/sys/vm/{name}_bytes"));
    let in_bytes = host.read(&bytes).unwrap_or_default().trim().parse::<u64>().unwrap_or(0);
    if in_bytes == 0 {
        return Aspect::file("", &ratio, required, Seen::of(host.read(&ratio)));
    }
    let percent = in_bytes.saturating_mul(100).checked_div(memory_bytes(host));
    let seen = match percent {
        Some(percent) => Seen::Value(format!("{percent} ({in_bytes} bytes)")),
        None => Seen::Hidden("the size of the memory is not known".to_string()),
    };
    let cure = match required.wanted(&seen) {
        Some(wanted) => Cure::Change(vec![Change {
            to: Setting { place: Place::File(ratio), value: wanted },
            before: Setting { place: Place::File(bytes), value: in_bytes.to_string() },
        }]),
        None => Cure::None,
    };
    Aspect { target: String::new(), required, seen, cure }
}

/// 0 if it cannot be read.
fn memory_bytes(host: &dyn Host) -> u64 {
    let text = host.read("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0).saturating_mul(1024)
}

fn memory_per_cpu(host: &dyn Host, site: &Site) -> Aspect {
    const BYTES_MIN: u64 = 2_000_000_000;
    let bytes = memory_bytes(host);
    let cpus = u64::try_from(site.cpus.len()).unwrap_or(u64::MAX);
    let seen = match bytes.checked_div(cpus) {
        Some(share) if bytes > 0 => Seen::Value(format!("{share} (bytes, {cpus} CPUs)")),
        Some(_) | None => Seen::Hidden("memory or CPUs could not be counted".to_string()),
    };
    let cure = "give the machine more memory, or the broker fewer cores (corelog.cpus)";
    Aspect::by_hand("", Required::AtLeast(BYTES_MIN), seen, cure)
}
