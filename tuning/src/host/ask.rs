//! What no file of `/proc` tells or changes: mounts, and whether the clock is in step.

use std::io;
use std::process::{Command, Stdio};

use nix::mount::{MsFlags, mount};

use super::mounts::{ATIME_MODES, Mount, mounts};
use super::{Host, Root};

/// Changes the mount point alone (`MS_BIND`), so that no option of the file system is touched; what
/// the mount point has otherwise must be said again, or it would be lost.
pub(super) fn set_atime(root: &Root, mount_point: &str, mode: &str) -> io::Result<()> {
    let all = mounts(&root.read("/proc/self/mountinfo")?);
    let found = all.iter().rev().find(|mount| mount.point == mount_point);
    let found = found.ok_or(io::ErrorKind::NotFound)?;
    let flags = flags(found, mode)?;
    let nothing: Option<&str> = None;
    Ok(mount(nothing, mount_point, nothing, flags, nothing)?)
}

fn flags(found: &Mount, mode: &str) -> io::Result<MsFlags> {
    let mut flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND;
    for option in found.options.iter().filter(|option| !ATIME_MODES.contains(&option.as_str())) {
        flags |= match option.as_str() {
            "rw" => MsFlags::empty(),
            "ro" => MsFlags::MS_RDONLY,
            "nosuid" => MsFlags::MS_NOSUID,
            "nodev" => MsFlags::MS_NODEV,
            "noexec" => MsFlags::MS_NOEXEC,
            "nodiratime" => MsFlags::MS_NODIRATIME,
            other => return Err(io::Error::other(format!("mount option {other} would be lost"))),
        };
    }
    flags |= match mode {
        "noatime" => MsFlags::MS_NOATIME,
        "relatime" => MsFlags::MS_RELATIME,
        "strictatime" => MsFlags::MS_STRICTATIME,
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    };
    Ok(flags)
}

/// `timedatectl` asks the kernel, so its answer holds for chrony and ntpd too; without it only
/// systemd-timesyncd leaves a file.
pub(super) fn clock_synced(root: &Root) -> Option<bool> {
    if root.read("/run/systemd/timesync/synchronized").is_ok() {
        return Some(true);
    }
    let asked = Command::new("timedatectl")
        .args(["show", "--property", "NTPSynchronized", "--value"])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    match String::from_utf8_lossy(&asked.stdout).trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remount_says_again_what_the_mount_point_has() {
        let listed = "31 22 8:1 / /srv rw,nosuid,nodev,relatime - ext4 /dev/sda1 rw\n\
                      32 22 8:2 / /new rw,later - ext4 /dev/sda2 rw\n";
        let all = mounts(listed);
        let own = MsFlags::MS_REMOUNT | MsFlags::MS_BIND;
        assert_eq!(
            flags(&all[0], "noatime").unwrap(),
            own | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOATIME
        );
        assert!(flags(&all[0], "sometimes").is_err());
        assert!(flags(&all[1], "noatime").unwrap_err().to_string().contains("later"));
    }
}
