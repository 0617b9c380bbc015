//! The network: queues of connections, and which CPUs receive.

use crate::aspect::{Aspect, Change, Cure, Place, Required, Seen};
use crate::host::Host;
use crate::knob::{Gain, Knob, Severity};
use crate::site::Site;

/// Flows that are remembered over all queues, as Linux' own documentation of RFS suggests.
const FLOWS: u64 = 32_768;

/// The knobs of this family.
pub const KNOBS: &[Knob] = &[
    Knob {
        name: "listen-backlog",
        why: "clients of a whole fleet come back at once after a restart; what does not fit in \
              the queue tries again a second later",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, _| vec![sysctl(host, "net/core/somaxconn", 4096)],
    },
    Knob {
        name: "syn-backlog",
        why: "as listen-backlog, for connections that are half open",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, _| vec![sysctl(host, "net/ipv4/tcp_max_syn_backlog", 4096)],
    },
    Knob {
        name: "netdev-backlog",
        why: "packets wait here for the CPU that receives them; a burst that overflows is sent \
              again after a timeout",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, _| vec![sysctl(host, "net/core/netdev_max_backlog", 10_000)],
    },
    Knob {
        name: "rps",
        why: "an interface with fewer queues than CPUs receives everything on the CPUs of its \
              interrupts; RPS hands packets on to all",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, site| of_nics(host, site, rps),
    },
    Knob {
        name: "rfs-table",
        why: "with RPS, packets go to the CPU where the connection is served only if the kernel \
              remembers which that is",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, _| vec![sysctl(host, "net/core/rps_sock_flow_entries", FLOWS)],
    },
    Knob {
        name: "rfs-queues",
        why: "each queue's share of the flows of rfs-table",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, site| of_nics(host, site, rfs),
    },
];

fn sysctl(host: &dyn Host, name: &str, least: u64) -> Aspect {
    let path = format!("/proc/sys/{name}");
    Aspect::file("", &path, Required::AtLeast(least), Seen::of(host.read(&path)))
}

fn of_nics(host: &dyn Host, site: &Site, of: fn(&dyn Host, &Site, &str) -> Aspect) -> Vec<Aspect> {
    site.nics.iter().map(|nic| of(host, site, nic)).collect()
}

/// The files of that name of all receive queues, with what they say.
fn receive_queues(host: &dyn Host, nic: &str, file: &str) -> Vec<(String, String)> {
    let folder = format!("/sys/class/net/{nic}/queues");
    let names = host.list(&folder).unwrap_or_default();
    let paths = names.iter().filter(|name| name.starts_with("rx-"));
    let read = |path: String| {
        let text = host.read(&path).ok()?;
        Some((path, text.trim().to_string()))
    };
    paths.filter_map(|name| read(format!("{folder}/{name}/{file}"))).collect()
}

/// All queues of an interface are one condition; only those that differ are set.
fn of_queues(
    nic: &str,
    found: Vec<(String, String)>,
    text: String,
    wanted: &str,
    holds: impl Fn(&str) -> bool,
) -> Aspect {
    let mut values: Vec<&str> = found.iter().map(|(_, value)| value.as_str()).collect();
    values.dedup();
    let seen = if values.is_empty() { Seen::Absent } else { Seen::Value(values.join(", ")) };
    let wrong = found.iter().filter(|(_, value)| !holds(value));
    let change = |(path, value): &(String, String)| {
        Place::File(path.clone()).change(wanted.to_string(), value.clone())
    };
    let changes: Vec<Change> = wrong.map(change).collect();
    let required = Required::Stated { text, holds: changes.is_empty() };
    Aspect { target: nic.to_string(), required, seen, cure: Cure::Change(changes) }
}

fn rps(host: &dyn Host, site: &Site, nic: &str) -> Aspect {
    let found = receive_queues(host, nic, "rps_cpus");
    if found.len() >= site.cpus.len() {
        let seen = Seen::Value(format!("{} queues of its own", found.len()));
        return Aspect {
            target: nic.to_string(),
            required: Required::Nothing,
            seen,
            cure: Cure::None,
        };
    }
    let wanted = mask(&site.cpus);
    let same = |value: &str| digits(value) == digits(&wanted);
    of_queues(nic, found, wanted.clone(), &wanted, same)
}

fn rfs(host: &dyn Host, _site: &Site, nic: &str) -> Aspect {
    let found = receive_queues(host, nic, "rps_flow_cnt");
    let queues = u64::try_from(found.len()).unwrap_or(u64::MAX).max(1);
    let least = (FLOWS / queues).max(1);
    let enough = |value: &str| value.parse::<u64>().is_ok_and(|count| count >= least);
    of_queues(nic, found, format!(">= {least}"), &least.to_string(), enough)
}

/// A set of CPUs as the kernel writes it: hexadecimal, 32 CPUs a group, the highest first.
fn mask(cpus: &[usize]) -> String {
    let groups = cpus.iter().max().map_or(1, |last| last / 32 + 1);
    let group = |number: usize| {
        let own = cpus.iter().filter(|cpu| **cpu / 32 == number);
        own.fold(0_u32, |bits, cpu| bits | 1 << (cpu % 32))
    };
    let mut text = format!("{:x}", group(groups - 1));
    for number in (0..groups - 1).rev() {
        text.push_str(&format!(",{:08x}", group(number)));
    }
    text
}

/// The digits that count: groups and leading zeros are only how it is written.
fn digits(mask: &str) -> String {
    mask.replace(',', "").trim_start_matches('0').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_has_groups_of_thirty_two() {
        assert_eq!(mask(&[0, 1]), "3");
        assert_eq!(mask(&(0..32).collect::<Vec<_>>()), "ffffffff");
        assert_eq!(mask(&[0, 33, 64]), "1,00000002,00000001");
        assert_eq!(digits("00000000,00000003"), digits("3"));
        assert_ne!(digits("3"), digits("3,00000000"));
    }
}
