//! Clocks: how time is read, and whether it is right.

use crate::aspect::{Aspect, Required, Seen};
use crate::host::Host;
use crate::knob::{Gain, Knob, Severity};

/// The knobs of this family.
pub const KNOBS: &[Knob] = &[
    Knob {
        name: "clock-source",
        why: "every batch reads the clock several times; sources that are no register of the CPU \
              (hpet, acpi_pm, xen) make each of them a call into the kernel and to the bus",
        severity: Severity::Warning,
        gain: Gain::Measured(
            "46 ns a reading with tsc and 50 with kvm-clock, a call of Python included, so either \
             passes (Linux 6.18 under KVM, minima of scripts/acceptance tune); hpet, acpi_pm and \
             xen: not measured",
        ),
        look: |host, _| vec![source(host)],
    },
    Knob {
        name: "ntp",
        why: "retention, offsets by time and expiry of offsets and producers compare clocks of \
              clients and brokers",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, _| vec![in_step(host)],
    },
];

fn source(host: &dyn Host) -> Aspect {
    const FOLDER: &str = "/sys/devices/system/clocksource/clocksource0";
    /// All of these are read without a call into the kernel.
    const GOOD: &[&str] = &["tsc", "arch_sys_counter", "kvm-clock", "hyperv_clocksource_tsc_page"];
    let path = format!("{FOLDER}/current_clocksource");
    let offered = host.read(&format!("{FOLDER}/available_clocksource")).unwrap_or_default();
    let seen = match Seen::of(host.read(&path)) {
        Seen::Value(chosen) => {
            let offered = offered.split_whitespace().map(str::to_string).collect();
            Seen::Choice { chosen, offered }
        }
        seen => seen,
    };
    Aspect::file("", &path, Required::OneOf(GOOD), seen)
}

fn in_step(host: &dyn Host) -> Aspect {
    let synced = host.clock_synced();
    let holds = synced == Some(true);
    let required = Required::Stated { text: "synchronised".to_string(), holds };
    let seen = match synced {
        Some(true) => Seen::Value("synchronised".to_string()),
        Some(false) => Seen::Value("not synchronised".to_string()),
        None => Seen::Hidden("nobody here can say: timedatectl does not answer".to_string()),
    };
    Aspect::by_hand("", required, seen, "run chrony, ntpd or systemd-timesyncd")
}
