//! What this host's Corelog uses: directories, the disks under them, interfaces, CPUs.

use crate::host::{Host, Mount, mounts};

/// What the operator named; the rest is looked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Data directories, absolute.
    pub dirs: Vec<String>,
    /// Network interfaces; empty: every one with a device that is not down.
    pub nics: Vec<String>,
    /// The file that `iotune` writes, as the broker's configuration names it.
    pub measured: Option<String>,
}

/// A data directory.
#[derive(Debug, Clone)]
pub struct Dir {
    /// As it was named.
    pub path: String,
    /// What it is on, if that could be read.
    pub mount: Option<Mount>,
}

/// A disk under a data directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disk {
    /// As `nvme0n1`.
    pub name: String,
    /// Its folder in `/sys`.
    pub folder: String,
}

/// What is tuned here.
#[derive(Debug, Clone)]
pub struct Site {
    /// Data directories.
    pub dirs: Vec<Dir>,
    /// The disks under all of them, sorted, each once.
    pub disks: Vec<Disk>,
    /// Network interfaces.
    pub nics: Vec<String>,
    /// CPUs that are online.
    pub cpus: Vec<usize>,
    /// The file that `iotune` writes.
    pub measured: Option<String>,
    /// The process id of a broker that runs.
    pub broker: Option<u32>,
}

impl Site {
    /// Looks around.
    pub fn of(host: &dyn Host, asked: &Asked) -> Site {
        let all = mounts(&host.read("/proc/self/mountinfo").unwrap_or_default());
        let dir = |path: &String| Dir { path: path.clone(), mount: mount_of(host, &all, path) };
        let dirs: Vec<Dir> = asked.dirs.iter().map(dir).collect();
        let mut disks: Vec<Disk> = Vec::new();
        for mount in dirs.iter().filter_map(|dir| dir.mount.as_ref()) {
            let block = format!("/sys/dev/block/{}", mount.device);
            if let Ok(folder) = host.resolve(&block) {
                disks_below(host, &folder, DEPTH_MAX, &mut disks);
            }
        }
        disks.sort();
        disks.dedup();
        let nics = if asked.nics.is_empty() { nics(host) } else { asked.nics.clone() };
        let online = host.read("/sys/devices/system/cpu/online").unwrap_or_default();
        let broker = process_named(host, "corelog");
        Site { dirs, disks, nics, cpus: cpus(&online), measured: asked.measured.clone(), broker }
    }
}

/// RAID on volumes on encryption on disks: more than anybody stacks.
const DEPTH_MAX: usize = 8;

/// The mount of a directory, or of the nearest one above it that exists.
fn mount_of(host: &dyn Host, all: &[Mount], path: &str) -> Option<Mount> {
    let mut path = path;
    loop {
        if let Ok(real) = host.resolve(path) {
            return Mount::of(all, &real).cloned();
        }
        path = path.rsplit_once('/')?.0;
        if path.is_empty() {
            return Mount::of(all, "/").cloned();
        }
    }
}

/// A partition's disk, or the disks that a volume is made of.
fn disks_below(host: &dyn Host, folder: &str, depth: usize, disks: &mut Vec<Disk>) {
    let whole = match host.read(&format!("{folder}/partition")) {
        Ok(_) => folder.rsplit_once('/').map_or(folder, |(parent, _)| parent),
        Err(_) => folder,
    };
    let slaves = format!("{whole}/slaves");
    let below = host.list(&slaves).unwrap_or_default();
    for slave in below.iter().filter(|_| depth > 0) {
        if let Ok(real) = host.resolve(&format!("{slaves}/{slave}")) {
            disks_below(host, &real, depth - 1, disks);
        }
    }
    if below.is_empty() {
        let name = whole.rsplit('/').next().unwrap_or(whole).to_string();
        disks.push(Disk { name, folder: whole.to_string() });
    }
}

fn nics(host: &dyn Host) -> Vec<String> {
    let all = host.list("/sys/class/net").unwrap_or_default();
    let used = |name: &String| {
        let state = host.read(&format!("/sys/class/net/{name}/operstate")).unwrap_or_default();
        host.resolve(&format!("/sys/class/net/{name}/device")).is_ok() && state.trim() != "down"
    };
    all.into_iter().filter(used).collect()
}

/// The first process of that name.
pub fn process_named(host: &dyn Host, name: &str) -> Option<u32> {
    let all = host.list("/proc").unwrap_or_default();
    let is_it =
        |pid: &u32| host.read(&format!("/proc/{pid}/comm")).is_ok_and(|found| found.trim() == name);
    all.iter().filter_map(|entry| entry.parse().ok()).find(is_it)
}

/// Reads the kernel's lists of CPUs, as `0-3,8`; what cannot be read is left out.
pub fn cpus(list: &str) -> Vec<usize> {
    /// More than any kernel is built for.
    const CPU_MAX: usize = 8191;
    let mut found = Vec::new();
    for item in list.trim().split(',') {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        if let (Ok(first), Ok(last)) = (first.parse::<usize>(), last.parse::<usize>()) {
            found.extend(first..=last.min(CPU_MAX));
        }
    }
    found
}
