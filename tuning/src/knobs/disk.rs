//! The disks under the data directories: their queues, their caches, what was measured of them.

use crate::aspect::{Aspect, Cure, Required, Seen};
use crate::host::Host;
use crate::knob::{Gain, Knob, Severity};
use crate::site::{Disk, Site};

/// The knobs of this family.
pub const KNOBS: &[Knob] = &[
    Knob {
        name: "scheduler",
        why: "the broker orders its own writes; a scheduler that weighs processes against each \
              other (bfq, kyber) holds syncs back to do so",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, site| {
            each(host, site, "scheduler", || Required::OneOf(&["none", "mq-deadline"]))
        },
    },
    Knob {
        name: "nr-requests",
        why: "a queue must hold the syncs and writes of every core at one time",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, site| each(host, site, "nr_requests", || Required::AtLeast(64)),
    },
    Knob {
        name: "read-ahead",
        why: "a consumer that is behind reads a log from end to end; without read-ahead each page \
              is a request of its own",
        severity: Severity::Warning,
        gain: Gain::Measured(
            "16 MiB read cold, 256 KiB at a time as the broker does: 4096 requests to the disk \
             without read-ahead, 64 with 128 KiB, 32 with 512 KiB (ext4, Linux 6.18; counted by \
             scripts/acceptance tune)",
        ),
        look: |host, site| each(host, site, "read_ahead_kb", || Required::AtLeast(128)),
    },
    Knob {
        name: "write-cache",
        why: "`write back`: each sync flushes the disk's cache, and its time is the time of an \
              answer; `write through`: the kernel flushes nothing, so the cache must survive the \
              loss of power",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, site| each(host, site, "write_cache", || Required::Nothing),
    },
    Knob {
        name: "disk-measured",
        why: "syncs in flight, the size of a write and the share of the cleaner depend on the \
              disks; without figures the broker uses its defaults",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, site| vec![measured(host, site)],
    },
];

fn each(host: &dyn Host, site: &Site, file: &str, required: fn() -> Required) -> Vec<Aspect> {
    let of = |disk: &Disk| {
        let path = format!("{}/queue/{file}", disk.folder);
        Aspect::file(&disk.name, &path, required(), Seen::of(host.read(&path)))
    };
    let found: Vec<Aspect> = site.disks.iter().map(of).collect();
    if found.is_empty() {
        let why = "no disk was found under a data directory (see --dir)".to_string();
        let (target, seen) = (String::new(), Seen::Hidden(why));
        return vec![Aspect { target, required: required(), seen, cure: Cure::None }];
    }
    found
}

fn measured(host: &dyn Host, site: &Site) -> Aspect {
    let (found, seen) = match &site.measured {
        None => (false, "the configuration names no corelog.io.properties.file".to_string()),
        Some(path) => match host.read(path) {
            Ok(_) => (true, path.clone()),
            Err(error) => (false, format!("{path}: {error}")),
        },
    };
    let required = Required::Stated { text: "measured".to_string(), holds: found };
    let cure = "corelog-tune iotune --output FILE DIR, then corelog.io.properties.file=FILE in \
                server.properties";
    Aspect::by_hand("", required, Seen::Value(seen), cure)
}
