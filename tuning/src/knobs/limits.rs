//! Limits of the broker's process. They belong to whoever starts it, so nothing is set here.

use crate::aspect::{Aspect, Required, Seen};
use crate::host::Host;
use crate::knob::{Gain, Knob, Severity};
use crate::site::Site;

const MEMLOCK_MIN: u64 = 64 << 20;
const NOFILE_MIN: u64 = 100_000;

/// The knobs of this family.
pub const KNOBS: &[Knob] = &[
    Knob {
        name: "memlock",
        why: "rings count as locked memory of an unprivileged user; too little of it refuses the \
              ring of some core, and the broker does not start",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, site| {
            let cure = "LimitMEMLOCK=infinity in the unit, `--ulimit memlock=-1` in a container, \
                        or `ulimit -l unlimited` where it is started";
            vec![limit(host, site, "Max locked memory", MEMLOCK_MIN, cure)]
        },
    },
    Knob {
        name: "nofile",
        why: "every segment in use is three files and every client a socket; without descriptors \
              connections are refused and logs go offline",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, site| {
            let cure = "LimitNOFILE=1048576 in the unit, `--ulimit nofile=1048576` in a \
                        container, or `ulimit -n` where it is started";
            vec![limit(host, site, "Max open files", NOFILE_MIN, cure)]
        },
    },
];

/// The limit of the broker that runs; else of this process, as a broker started beside it has it.
fn limit(host: &dyn Host, site: &Site, name: &str, least: u64, cure: &str) -> Aspect {
    let process = site.broker.map_or("self".to_string(), |pid| pid.to_string());
    let read = host.read(&format!("/proc/{process}/limits"));
    let seen = match Seen::of(read) {
        Seen::Value(text) => soft_limit(&text, name, &whose(site)),
        seen => seen,
    };
    Aspect::by_hand("", Required::AtLeast(least), seen, cure)
}

fn whose(site: &Site) -> String {
    match site.broker {
        Some(pid) => format!("process {pid}"),
        None => "this shell; no broker runs".to_string(),
    }
}

/// `Max open files            1024                 1048576              files`
fn soft_limit(limits: &str, name: &str, whose: &str) -> Seen {
    let line = limits.lines().find_map(|line| line.strip_prefix(name));
    match line.and_then(|rest| rest.split_whitespace().next()) {
        Some(soft) => Seen::Value(format!("{soft} ({whose})")),
        None => Seen::Absent,
    }
}
