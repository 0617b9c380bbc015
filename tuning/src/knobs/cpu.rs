//! CPUs: how fast they run, and which of them interrupts go to.

use super::interrupts;
use crate::aspect::{Aspect, Change, Cure, Place, Required, Seen};
use crate::host::Host;
use crate::knob::{Gain, Knob, Severity};
use crate::site::{Site, process_named};

/// The knobs of this family.
pub const KNOBS: &[Knob] = &[
    Knob {
        name: "governor",
        why: "a core that sleeps between batches is clocked down by the time the next one comes",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, site| vec![governor(host, site)],
    },
    Knob {
        name: "interrupts",
        why: "the interrupts of a device's queues on one CPU make that core slow and leave the \
              others idle",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, site| interrupts::look(host, site),
    },
    Knob {
        name: "irqbalance",
        why: "it moves interrupts away again, onto cores that are busy with partitions",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, _| vec![irqbalance(host)],
    },
];

/// All CPUs are one condition; only those that differ are set.
fn governor(host: &dyn Host, site: &Site) -> Aspect {
    const WANTED: &str = "performance";
    let mut values: Vec<String> = Vec::new();
    let mut changes: Vec<Change> = Vec::new();
    let mut offered = true;
    for cpu in &site.cpus {
        let folder = format!("/sys/devices/system/cpu/cpu{cpu}/cpufreq");
        let path = format!("{folder}/scaling_governor");
        let Ok(value) = host.read(&path) else { continue };
        let value = value.trim().to_string();
        if value != WANTED {
            let all = host.read(&format!("{folder}/scaling_available_governors"));
            offered &= all.unwrap_or_default().split_whitespace().any(|word| word == WANTED);
            changes.push(Place::File(path).change(WANTED.to_string(), value.clone()));
        }
        if !values.contains(&value) {
            values.push(value);
        }
    }
    let seen = if values.is_empty() { Seen::Absent } else { Seen::Value(values.join(", ")) };
    let cure = match offered {
        true => Cure::Change(changes),
        false => Cure::ByHand("this driver offers no `performance`; see the firmware".to_string()),
    };
    Aspect { target: String::new(), required: Required::OneOf(&[WANTED]), seen, cure }
}

fn irqbalance(host: &dyn Host) -> Aspect {
    let running = process_named(host, "irqbalance");
    let required = Required::Stated { text: "not running".to_string(), holds: running.is_none() };
    let seen = running.map_or("not running".to_string(), |pid| format!("process {pid}"));
    Aspect::by_hand("", required, Seen::Value(seen), "systemctl disable --now irqbalance")
}
