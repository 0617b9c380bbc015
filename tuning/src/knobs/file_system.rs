//! The file systems that hold data directories: their type, their mount options, their room.

use crate::aspect::{Aspect, Cure, Place, Required, Seen};
use crate::host::{Host, Mount, mounts};
use crate::knob::{Gain, Knob, Severity};
use crate::site::{Dir, Site};

/// The knobs of this family.
pub const KNOBS: &[Knob] = &[
    Knob {
        name: "file-system",
        why: "power cuts were tested on ext4 and XFS; others have other rules for what a sync \
              makes durable, and some (tmpfs, overlay, network) keep nothing or keep it elsewhere",
        severity: Severity::Fatal,
        gain: Gain::NotMeasured,
        look: |_, site| of_mounts(site, kind),
    },
    Knob {
        name: "barriers",
        why: "without barriers a sync does not flush the disk's cache: answered records are lost \
              with the power",
        severity: Severity::Fatal,
        gain: Gain::NotMeasured,
        look: |_, site| of_mounts(site, barriers),
    },
    Knob {
        name: "journal",
        why: "with data=writeback, what a crash leaves behind a file's end is old blocks of other \
              files; with data=journal everything is written twice",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |_, site| of_mounts(site, journal),
    },
    Knob {
        name: "atime",
        why: "the first read of a segment since it was written marks its access time, also with \
              relatime, and the mark is written to the disk",
        severity: Severity::Warning,
        gain: Gain::Measured(
            "first read of 200 files: 208 sectors written with relatime, 0 with noatime; none for \
             a log that is read while it grows: 500 synced appends are 1505 writes with either \
             (ext4, Linux 6.18; counted by scripts/acceptance tune)",
        ),
        look: |host, site| each_mount_once(site, |mount| atime(host, mount)),
    },
    Knob {
        name: "free-space",
        why: "below corelog.disk.reserve.bytes produces are refused; retention needs time to make \
              room",
        severity: Severity::Warning,
        gain: Gain::NotMeasured,
        look: |host, site| site.dirs.iter().map(|dir| free_space(host, dir)).collect(),
    },
];

fn of_mounts(site: &Site, aspect: fn(&str, &Mount) -> Aspect) -> Vec<Aspect> {
    let of = |dir: &Dir| match &dir.mount {
        Some(mount) => aspect(&dir.path, mount),
        None => Aspect {
            target: dir.path.clone(),
            required: Required::Nothing,
            seen: Seen::Hidden("its mount could not be found".to_string()),
            cure: Cure::None,
        },
    };
    site.dirs.iter().map(of).collect()
}

/// What is a property of the mount point is one condition, however many directories are on it.
fn each_mount_once(site: &Site, aspect: impl Fn(&Mount) -> Aspect) -> Vec<Aspect> {
    let mut found: Vec<&Mount> = site.dirs.iter().filter_map(|dir| dir.mount.as_ref()).collect();
    found.sort_by(|a, b| a.point.cmp(&b.point));
    found.dedup_by(|a, b| a.point == b.point);
    found.into_iter().map(aspect).collect()
}

fn kind(target: &str, mount: &Mount) -> Aspect {
    let seen = Seen::Value(mount.file_system.clone());
    let cure = "put the data on XFS or ext4, on a disk of its own";
    Aspect::by_hand(target, Required::OneOf(&["xfs", "ext4"]), seen, cure)
}

fn barriers(target: &str, mount: &Mount) -> Aspect {
    let off = first(mount, |option| matches!(option, "nobarrier" | "barrier=0"));
    let required = Required::Stated { text: "on".to_string(), holds: off.is_none() };
    let seen = Seen::Value(off.unwrap_or("on").to_string());
    Aspect::by_hand(target, required, seen, "take that option out of /etc/fstab, and remount")
}

/// `data=ordered` is ext4's own default, which it does not list.
fn journal(target: &str, mount: &Mount) -> Aspect {
    if mount.file_system != "ext4" {
        let (required, seen) = (Required::Nothing, Seen::Absent);
        return Aspect { target: target.to_string(), required, seen, cure: Cure::None };
    }
    let mode = first(mount, |option| option.starts_with("data=")).unwrap_or("data=ordered");
    let cure = "mount it with data=ordered; that cannot be changed while it is mounted";
    let required = Required::OneOf(&["data=ordered"]);
    Aspect::by_hand(target, required, Seen::Value(mode.to_string()), cure)
}

fn first(mount: &Mount, is_it: impl Fn(&str) -> bool) -> Option<&str> {
    mount.file_system_options.iter().map(String::as_str).find(|option| is_it(option))
}

fn atime(host: &dyn Host, mount: &Mount) -> Aspect {
    let place = Place::Atime(mount.point.clone());
    let change = place.change("noatime".to_string(), mount.atime().to_string());
    let (seen, cure) = if is_copy(host, mount) {
        let why = "this process has mounts of its own (a service with PrivateTmp= or the like); \
                   what it changes there nobody else sees";
        (Seen::Hidden(why.to_string()), Cure::None)
    } else {
        (Seen::Value(mount.atime().to_string()), Cure::Change(vec![change]))
    };
    let required = Required::OneOf(&["noatime"]);
    Aspect { target: mount.point.clone(), required, seen, cure }
}

/// True if the mount is not among those of the first process, as far as that may be looked at.
fn is_copy(host: &dyn Host, mount: &Mount) -> bool {
    let of_first = host.read("/proc/1/mountinfo").map(|text| mounts(&text)).unwrap_or_default();
    !of_first.is_empty() && !of_first.iter().any(|first| first.id == mount.id)
}

fn free_space(host: &dyn Host, dir: &Dir) -> Aspect {
    const BYTES_MIN: u64 = 10_000_000_000;
    // The directory may still have to be made.
    let on = dir.mount.as_ref().map_or(&dir.path, |mount| &mount.point);
    let seen = match host.free_bytes(on) {
        Ok(bytes) => Seen::Value(format!("{bytes} bytes")),
        Err(error) => Seen::Hidden(error.to_string()),
    };
    let cure = "make room, or shorten retention";
    Aspect::by_hand(&dir.path, Required::AtLeast(BYTES_MIN), seen, cure)
}
