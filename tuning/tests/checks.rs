//! Every condition: what passes, what fails, and that only what is wrong is to be changed.

#![allow(clippy::unwrap_used, reason = "a test")]

mod fake;

use corelog_tune::aspect::{Cure, Verdict};
use corelog_tune::knobs;
use corelog_tune::survey::Row;
use fake::{Fake, WRONG};

fn failed(rows: &[Row]) -> Vec<&'static str> {
    let failed = rows.iter().filter(|row| row.verdict == Verdict::Failed);
    failed.map(|row| row.knob.name).collect()
}

#[test]
fn a_well_prepared_host_passes_every_condition() {
    let rows = Fake::well().survey();
    let odd: Vec<&Row> = rows.iter().filter(|row| row.verdict != Verdict::Passed).collect();
    assert!(odd.is_empty(), "{odd:#?}");
    for knob in knobs::all() {
        assert!(rows.iter().any(|row| row.knob.name == knob.name), "{} was looked at", knob.name);
    }
}

#[test]
fn each_wrong_setting_fails_its_own_condition_and_only_that_is_changed() {
    for (name, path, text) in WRONG {
        let fake = Fake::well();
        fake.put(path, text);
        let rows = fake.survey();
        assert_eq!(failed(&rows), [*name], "{path} says {text}");
        let changes: Vec<_> = rows.iter().flat_map(Row::changes).collect();
        assert_eq!(changes.len(), 1, "{name}: {changes:?}");
    }
}

/// What `apply` cannot help with.
#[test]
fn what_only_people_can_change_says_so() {
    let cases: &[(&str, &str, &str)] = &[
        ("kernel-version", "/proc/sys/kernel/osrelease", "5.10.0-amd64"),
        ("kernel-cachestat", "/proc/sys/kernel/osrelease", "6.1.0-amd64"),
        ("nofile", "/proc/self/limits", "Max open files  1024  1048576  files"),
        ("memlock", "/proc/self/limits", "Max locked memory  8388608  8388608  bytes"),
        ("memory-per-cpu", "/proc/meminfo", "MemTotal:       4000000 kB"),
        ("irqbalance", "/proc/77/comm", "irqbalance"),
        (
            "file-system",
            "/proc/self/mountinfo",
            "31 22 259:1 / /srv/data rw,noatime - btrfs /dev/nvme0n1p1 rw",
        ),
        (
            "barriers",
            "/proc/self/mountinfo",
            "31 22 259:1 / /srv/data rw,noatime - ext4 /dev/nvme0n1p1 rw,nobarrier",
        ),
        (
            "journal",
            "/proc/self/mountinfo",
            "31 22 259:1 / /srv/data rw,noatime - ext4 /dev/nvme0n1p1 rw,data=writeback",
        ),
        ("scheduler", "/sys/devices/pci/nvme0n1/queue/scheduler", "[bfq] kyber"),
        (
            "governor",
            "/sys/devices/system/cpu/cpu2/cpufreq/scaling_governor",
            "schedutil", // and `performance` not among the available ones, below
        ),
    ];
    for (name, path, text) in cases {
        let fake = Fake::well();
        let folder = "/sys/devices/system/cpu/cpu2/cpufreq";
        fake.put(&format!("{folder}/scaling_available_governors"), "schedutil");
        fake.put(path, text);
        let rows = fake.survey();
        assert!(failed(&rows).contains(name), "{path} says {text}");
        let row = rows.iter().find(|row| row.knob.name == *name && row.by_hand().is_some());
        assert!(row.is_some(), "{name} says what to do");
        assert!(rows.iter().all(|row| row.changes().is_empty()), "{name}");
    }
}

#[test]
fn what_the_kernel_was_asked_is_judged() {
    let fake = Fake::well();
    fake.ring.set(false);
    fake.synced.set(Some(false));
    fake.free.set(9_000_000_000);
    fake.remove("/etc/corelog/io.properties");
    assert_eq!(failed(&fake.survey()), ["io-uring-ring", "free-space", "disk-measured", "ntp"]);
}

#[test]
fn the_limits_of_a_broker_that_runs_are_looked_at_before_our_own() {
    let fake = Fake::well();
    fake.put("/proc/812/comm", "corelog");
    fake.put(
        "/proc/812/limits",
        "Max open files  1024  4096  files\nMax locked memory  unlimited  unlimited  bytes",
    );
    let rows = fake.survey();
    assert_eq!(failed(&rows), ["nofile"]);
    let nofile = rows.iter().find(|row| row.knob.name == "nofile").unwrap();
    assert_eq!(nofile.aspect.seen.shown(), "1024 (process 812)");
}

#[test]
fn what_a_kernel_does_not_have_fails_nothing() {
    let fake = Fake::well();
    for path in [
        "/proc/sys/kernel/numa_balancing",
        "/sys/kernel/mm/transparent_hugepage/enabled",
        "/proc/sys/kernel/io_uring_disabled",
    ] {
        fake.remove(path);
    }
    for cpu in 0..4 {
        fake.remove(&format!("/sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor"));
    }
    let rows = fake.survey();
    assert!(failed(&rows).is_empty());
    let absent = rows.iter().filter(|row| row.verdict == Verdict::NotOffered).count();
    assert_eq!(absent, 3, "an older kernel without the switch allows io_uring");
}

#[test]
fn a_directory_whose_disk_cannot_be_found_is_unseen_not_passed() {
    let fake = Fake::well();
    fake.put("/proc/self/mountinfo", "40 1 0:50 / /srv/data rw,noatime - xfs tmpfs rw");
    let rows = fake.survey();
    let scheduler = rows.iter().find(|row| row.knob.name == "scheduler").unwrap();
    assert!(matches!(scheduler.verdict, Verdict::Unseen(_)));
    assert_eq!(scheduler.aspect.cure, Cure::None);
}

#[test]
fn mounts_that_nobody_else_sees_are_left_alone() {
    let fake = Fake::wrong();
    let lines =
        |id: &str| format!("{id} 22 259:1 / /srv/data rw,relatime - ext4 /dev/nvme0n1p1 rw");
    fake.put("/proc/self/mountinfo", &lines("31"));
    for (of_first, seen) in [("31", true), ("131", false)] {
        fake.put("/proc/1/mountinfo", &lines(of_first));
        let rows = fake.survey();
        let atime = rows.iter().find(|row| row.knob.name == "atime").unwrap();
        assert_eq!(atime.verdict == Verdict::Failed, seen, "{of_first}");
        assert_eq!(atime.changes().len(), usize::from(seen), "{of_first}");
    }
}

#[test]
fn a_volume_is_as_good_as_each_of_its_disks() {
    let fake = Fake::well();
    let below = "/sys/devices/virtual/dm-0/slaves";
    fake.put(&format!("{below}/placeholder"), "");
    fake.remove(&format!("{below}/placeholder"));
    let link = |path: &str, to: &str| {
        let (path, to) = (fake.folder().join(&path[1..]), fake.folder().join(&to[1..]));
        std::os::unix::fs::symlink(to, path).unwrap();
    };
    link(&format!("{below}/nvme0n1p1"), "/sys/devices/pci/nvme0n1/nvme0n1p1");
    link("/sys/dev/block/253:0", "/sys/devices/virtual/dm-0");
    fake.put("/proc/self/mountinfo", "31 22 253:0 / /srv/data rw,noatime - xfs /dev/dm-0 rw");
    let rows = fake.survey();
    let scheduler = rows.iter().find(|row| row.knob.name == "scheduler").unwrap();
    assert_eq!((scheduler.aspect.target.as_str(), failed(&rows)), ("nvme0n1", vec![]));
}
