//! Which CPUs the interrupts of disks and interfaces go to.
//!
//! The interrupts of a device's queues should go to as many CPUs as there are, or one each. Those
//! that the kernel places itself refuse to be moved, and are placed well.

use crate::aspect::{Aspect, Change, Cure, Place, Required, Seen};
use crate::host::Host;
use crate::site::{Site, cpus};

/// One aspect per device that has interrupts of its own.
pub(super) fn look(host: &dyn Host, site: &Site) -> Vec<Aspect> {
    let nics = site.nics.iter().map(|nic| (nic, format!("/sys/class/net/{nic}/device")));
    let disks = site.disks.iter().map(|disk| (&disk.name, disk.folder.clone()));
    nics.chain(disks).map(|(name, folder)| of_device(host, site, name, &folder)).collect()
}

fn of_device(host: &dyn Host, site: &Site, name: &str, folder: &str) -> Aspect {
    let found: Vec<(u32, usize)> = queue_interrupts(host, folder)
        .into_iter()
        .filter_map(|interrupt| Some((interrupt, cpu_of(host, interrupt)?)))
        .collect();
    let moved = spread(&found, &site.cpus);
    let least = found.len().min(site.cpus.len());
    let text = format!("CPUs: {least}");
    let required = Required::Stated { text, holds: moved.is_empty() };
    let seen = match distinct(&found) {
        0 => Seen::Absent,
        cpus => Seen::Value(format!("CPUs: {cpus}, interrupts: {}", found.len())),
    };
    let changes = moved.iter().filter_map(|(interrupt, cpu)| moving(host, *interrupt, *cpu));
    let cure = Cure::Change(changes.collect());
    Aspect { target: name.to_string(), required, seen, cure }
}

fn moving(host: &dyn Host, interrupt: u32, cpu: usize) -> Option<Change> {
    let path = format!("/proc/irq/{interrupt}/smp_affinity_list");
    let before = host.read(&path).ok()?.trim().to_string();
    Some(Place::File(path).change(cpu.to_string(), before))
}

fn distinct(found: &[(u32, usize)]) -> usize {
    let mut cpus: Vec<usize> = found.iter().map(|(_, cpu)| *cpu).collect();
    cpus.sort_unstable();
    cpus.dedup();
    cpus.len()
}

/// The interrupts to be moved and where to, so that as many CPUs as possible have one: each CPU
/// keeps its first, and what it has too many of goes to those that have none.
pub fn spread(found: &[(u32, usize)], online: &[usize]) -> Vec<(u32, usize)> {
    let mut taken: Vec<usize> = Vec::new();
    let mut surplus: Vec<u32> = Vec::new();
    for (interrupt, cpu) in found {
        if taken.contains(cpu) {
            surplus.push(*interrupt);
        } else {
            taken.push(*cpu);
        }
    }
    let idle = online.iter().copied().filter(|cpu| !taken.contains(cpu));
    surplus.into_iter().zip(idle).collect()
}

/// The device's own interrupts but those for its configuration and its events, sorted.
fn queue_interrupts(host: &dyn Host, folder: &str) -> Vec<u32> {
    let Ok(mut folder) = host.resolve(folder) else { return Vec::new() };
    // The interrupts belong to the card: a few folders above the disk or the interface.
    for _ in 0..5 {
        if let Ok(names) = host.list(&format!("{folder}/msi_irqs")) {
            let mut found: Vec<u32> = names.iter().filter_map(|name| name.parse().ok()).collect();
            found.retain(|interrupt| serves_queue(host, *interrupt));
            found.sort_unstable();
            return found;
        }
        match folder.rsplit_once('/') {
            Some((above, _)) => folder = above.to_string(),
            None => break,
        }
    }
    Vec::new()
}

/// By its name, which is a folder beside its settings.
fn serves_queue(host: &dyn Host, interrupt: u32) -> bool {
    let entries = host.list(&format!("/proc/irq/{interrupt}")).unwrap_or_default();
    let other =
        |name: &String| ["config", "control", "event", "async"].iter().any(|w| name.contains(w));
    !entries.iter().any(other)
}

/// Where it arrives: the first CPU of what the kernel made of the wish.
fn cpu_of(host: &dyn Host, interrupt: u32) -> Option<usize> {
    let folder = format!("/proc/irq/{interrupt}");
    let effective = host.read(&format!("{folder}/effective_affinity_list")).unwrap_or_default();
    let list = match effective.trim() {
        "" => host.read(&format!("{folder}/smp_affinity_list")).ok()?,
        _ => effective,
    };
    cpus(&list).first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cpu_has_too_many_of_goes_to_those_without() {
        let online = [0, 1, 2, 3];
        assert_eq!(spread(&[(30, 0), (31, 1), (32, 2)], &online), []);
        assert_eq!(spread(&[(30, 0), (31, 0), (32, 0)], &online), [(31, 1), (32, 2)]);
        assert_eq!(spread(&[(30, 3), (31, 1), (32, 3)], &online), [(32, 0)]);
        assert_eq!(spread(&[(30, 0), (31, 1), (32, 0)], &[0, 1]), [], "more queues than CPUs");
        assert_eq!(spread(&[(30, 0), (31, 0)], &[]), []);
    }
}
