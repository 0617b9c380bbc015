//! A host made of files, that behaves as the kernel does where it matters: choices stand in
//! brackets, of two files that say the same one rules, some settings are refused.

#![allow(dead_code, clippy::unwrap_used, reason = "each test uses a part of it")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use corelog_tune::host::{Host, Root};
use corelog_tune::knobs;
use corelog_tune::site::{Asked, Site};
use corelog_tune::survey::{Row, survey};

/// What a well prepared host says: one disk of one partition, one interface of two queues, four
/// CPUs.
const FILES: &[(&str, &str)] = &[
    ("/proc/sys/kernel/random/boot_id", "boot-1"),
    ("/proc/sys/kernel/osrelease", "6.12.9-amd64"),
    ("/proc/sys/kernel/io_uring_disabled", "0"),
    ("/proc/sys/kernel/numa_balancing", "0"),
    ("/proc/sys/vm/swappiness", "1"),
    ("/proc/sys/vm/dirty_ratio", "20"),
    ("/proc/sys/vm/dirty_bytes", "0"),
    ("/proc/sys/vm/dirty_background_ratio", "5"),
    ("/proc/sys/vm/dirty_background_bytes", "0"),
    ("/proc/sys/vm/zone_reclaim_mode", "0"),
    ("/proc/sys/net/core/somaxconn", "4096"),
    ("/proc/sys/net/core/netdev_max_backlog", "10000"),
    ("/proc/sys/net/core/rps_sock_flow_entries", "32768"),
    ("/proc/sys/net/ipv4/tcp_max_syn_backlog", "8192"),
    ("/proc/meminfo", "MemTotal:       16000000 kB\nMemFree:  1 kB"),
    (
        "/proc/self/mountinfo",
        "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n\
         31 22 259:1 / /srv/data rw,nosuid,noatime - ext4 /dev/nvme0n1p1 rw",
    ),
    (
        "/proc/self/limits",
        "Max open files  1048576  1048576  files\nMax locked memory  unlimited  unlimited  bytes",
    ),
    ("/proc/1/comm", "systemd"),
    ("/srv/data/corelog/meta.properties", "version=1"),
    ("/etc/corelog/io.properties", "corelog.syncs.in.flight=8"),
    ("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never"),
    ("/sys/devices/pci/nvme0n1/queue/scheduler", "[none] mq-deadline kyber"),
    ("/sys/devices/pci/nvme0n1/queue/nr_requests", "1023"),
    ("/sys/devices/pci/nvme0n1/queue/read_ahead_kb", "128"),
    ("/sys/devices/pci/nvme0n1/queue/write_cache", "write back"),
    ("/sys/devices/pci/nvme0n1/nvme0n1p1/partition", "1"),
    ("/sys/devices/pci/msi_irqs/40", "msix"),
    ("/sys/devices/pci/msi_irqs/41", "msix"),
    ("/sys/devices/pci/msi_irqs/42", "msix"),
    ("/proc/irq/40/nvme0-config/x", ""),
    ("/proc/irq/40/effective_affinity_list", "0"),
    ("/proc/irq/40/smp_affinity_list", "0-3"),
    ("/proc/irq/41/nvme0q1/x", ""),
    ("/proc/irq/41/effective_affinity_list", "0"),
    ("/proc/irq/41/smp_affinity_list", "0-3"),
    ("/proc/irq/42/nvme0q2/x", ""),
    ("/proc/irq/42/effective_affinity_list", "2"),
    ("/proc/irq/42/smp_affinity_list", "0-3"),
    ("/sys/devices/net/msi_irqs/50", "msix"),
    ("/sys/devices/net/msi_irqs/51", "msix"),
    ("/proc/irq/50/eth0-rx/x", ""),
    ("/proc/irq/50/effective_affinity_list", "1"),
    ("/proc/irq/50/smp_affinity_list", "1"),
    ("/proc/irq/51/eth0-tx/x", ""),
    // Older kernels tell only what was wished.
    ("/proc/irq/51/smp_affinity_list", "3"),
    ("/sys/devices/net/eth0/operstate", "up"),
    ("/sys/devices/net/eth0/queues/rx-0/rps_cpus", "f"),
    ("/sys/devices/net/eth0/queues/rx-0/rps_flow_cnt", "16384"),
    ("/sys/devices/net/eth0/queues/rx-1/rps_cpus", "f"),
    ("/sys/devices/net/eth0/queues/rx-1/rps_flow_cnt", "16384"),
    ("/sys/devices/net/eth0/queues/tx-0/xps_cpus", "f"),
    ("/sys/devices/system/cpu/online", "0-3"),
    ("/sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc hpet"),
    ("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc"),
];

/// Links, and what they lead to.
const LINKS: &[(&str, &str)] = &[
    ("/sys/dev/block/259:1", "/sys/devices/pci/nvme0n1/nvme0n1p1"),
    ("/sys/class/net/eth0", "/sys/devices/net/eth0"),
    ("/sys/devices/net/eth0/device", "/sys/devices/net"),
];

/// The host.
pub struct Fake {
    folder: tempfile::TempDir,
    root: Root,
    /// Paths that refuse to be written.
    pub refused: RefCell<Vec<String>>,
    /// Called before anything is written.
    pub before_write: RefCell<Option<Box<dyn Fn()>>>,
    /// What `try_ring` says.
    pub ring: Cell<bool>,
    /// What `clock_synced` says.
    pub synced: Cell<Option<bool>>,
    /// What `free_bytes` says.
    pub free: Cell<u64>,
}

impl Fake {
    /// One that passes every condition.
    pub fn well() -> Fake {
        let folder = tempfile::tempdir().unwrap();
        let fake = Fake {
            root: Root::below(folder.path()),
            folder,
            refused: RefCell::default(),
            before_write: RefCell::default(),
            ring: Cell::new(true),
            synced: Cell::new(Some(true)),
            free: Cell::new(100_000_000_000),
        };
        for (path, text) in FILES {
            fake.put(path, text);
        }
        for cpu in 0..4 {
            let cpufreq = format!("/sys/devices/system/cpu/cpu{cpu}/cpufreq");
            fake.put(&format!("{cpufreq}/scaling_governor"), "performance");
            fake.put(&format!("{cpufreq}/scaling_available_governors"), "performance powersave");
        }
        for (link, target) in LINKS {
            let link = fake.folder.path().join(&link[1..]);
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(fake.folder.path().join(&target[1..]), link).unwrap();
        }
        fake
    }

    /// One that fails wherever `apply` can help.
    pub fn wrong() -> Fake {
        let fake = Fake::well();
        for (_, path, text) in WRONG {
            fake.put(path, text);
        }
        fake
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Makes a file say this.
    pub fn put(&self, path: &str, text: &str) {
        let path = self.folder.path().join(&path[1..]);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{text}\n")).unwrap();
    }

    /// Takes a file away.
    pub fn remove(&self, path: &str) {
        fs::remove_file(self.folder.path().join(&path[1..])).unwrap();
    }

    /// Everything that every file says.
    pub fn snapshot(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        collect(self.folder.path(), self.folder.path(), &mut found);
        found
    }

    /// Every knob looked at.
    pub fn survey(&self) -> Vec<Row> {
        let asked = Asked {
            dirs: vec!["/srv/data/corelog".to_string()],
            nics: Vec::new(),
            measured: Some("/etc/corelog/io.properties".to_string()),
        };
        let knobs: Vec<_> = knobs::all().collect();
        survey(self, &Site::of(self, &asked), &knobs)
    }

    fn says(&self, path: &str) -> String {
        self.root.read(path).unwrap_or_default().trim().to_string()
    }

    /// `value` put in brackets among what is offered.
    fn choose(&self, path: &str, offered: &str, value: &str) -> io::Result<()> {
        let bare = offered.replace(['[', ']'], "");
        if !bare.split(' ').any(|word| word == value) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let chosen =
            |word: &str| if word == value { format!("[{word}]") } else { word.to_string() };
        self.put(path, &bare.split(' ').map(chosen).collect::<Vec<_>>().join(" "));
        Ok(())
    }
}

/// A condition that `apply` can cure, the file that breaks it, and how.
pub const WRONG: &[(&str, &str, &str)] = &[
    ("io-uring-allowed", "/proc/sys/kernel/io_uring_disabled", "2"),
    ("huge-pages", "/sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never"),
    ("swappiness", "/proc/sys/vm/swappiness", "60"),
    ("dirty-background", "/proc/sys/vm/dirty_background_ratio", "10"),
    ("dirty-limit", "/proc/sys/vm/dirty_ratio", "19"),
    ("numa-balancing", "/proc/sys/kernel/numa_balancing", "1"),
    ("zone-reclaim", "/proc/sys/vm/zone_reclaim_mode", "1"),
    (
        "atime",
        "/proc/self/mountinfo",
        "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n\
         31 22 259:1 / /srv/data rw,nosuid,relatime - ext4 /dev/nvme0n1p1 rw",
    ),
    ("scheduler", "/sys/devices/pci/nvme0n1/queue/scheduler", "none mq-deadline [kyber]"),
    ("nr-requests", "/sys/devices/pci/nvme0n1/queue/nr_requests", "32"),
    ("read-ahead", "/sys/devices/pci/nvme0n1/queue/read_ahead_kb", "0"),
    ("governor", "/sys/devices/system/cpu/cpu2/cpufreq/scaling_governor", "powersave"),
    ("interrupts", "/proc/irq/42/effective_affinity_list", "0"),
    ("listen-backlog", "/proc/sys/net/core/somaxconn", "128"),
    ("syn-backlog", "/proc/sys/net/ipv4/tcp_max_syn_backlog", "2048"),
    ("netdev-backlog", "/proc/sys/net/core/netdev_max_backlog", "1000"),
    ("rps", "/sys/devices/net/eth0/queues/rx-1/rps_cpus", "0"),
    ("rfs-table", "/proc/sys/net/core/rps_sock_flow_entries", "0"),
    ("rfs-queues", "/sys/devices/net/eth0/queues/rx-0/rps_flow_cnt", "0"),
    ("clock-source", "/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet"),
];

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, found);
        } else {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            found.insert(format!("/{name}"), fs::read_to_string(&path).unwrap());
        }
    }
}

impl Host for Fake {
    fn read(&self, path: &str) -> io::Result<String> {
        self.root.read(path)
    }

    fn write(&self, path: &str, value: &str) -> io::Result<()> {
        if let Some(hook) = self.before_write.borrow().as_ref() {
            hook();
        }
        if self.refused.borrow().iter().any(|refused| refused == path) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let says = self.says(path);
        if says.contains('[') {
            return self.choose(path, &says, value);
        }
        self.root.write(path, value)?;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (this, other) in [("ratio", "bytes"), ("bytes", "ratio")] {
            if path.starts_with("/proc/sys/vm/dirty") && path.ends_with(this) {
                self.put(&path.replace(this, other), "0");
            }
        }
        if path.ends_with("smp_affinity_list") {
            // A wish for all CPUs is answered with the first one.
            let first = value.split(['-', ',']).next().unwrap();
            self.put(&format!("{folder}/effective_affinity_list"), first);
        }
        Ok(())
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.root.list(folder)
    }

    fn resolve(&self, path: &str) -> io::Result<String> {
        self.root.resolve(path)
    }

    fn set_atime(&self, mount_point: &str, mode: &str) -> io::Result<()> {
        let path = "/proc/self/mountinfo";
        if self.refused.borrow().iter().any(|refused| refused == path) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let ours = format!(" {mount_point} ");
        let changed = |line: &str| match line.contains(&ours) {
            true => line.replace("noatime", mode).replace("relatime", mode),
            false => line.to_string(),
        };
        self.put(path, &self.says(path).lines().map(changed).collect::<Vec<_>>().join("\n"));
        Ok(())
    }

    fn try_ring(&self) -> io::Result<()> {
        if self.ring.get() { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }

    fn clock_synced(&self) -> Option<bool> {
        self.synced.get()
    }

    fn free_bytes(&self, _path: &str) -> io::Result<u64> {
        Ok(self.free.get())
    }
}
