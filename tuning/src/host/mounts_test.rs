//! Mounts as the kernel lists them.

use super::*;

const LISTED: &str = "\
22 27 8:1 / / rw,relatime - ext4 /dev/sda1 rw,discard
31 22 259:1 / /srv/data rw,nosuid,noatime master:4 - xfs /dev/nvme0n1p1 rw,attr2
32 22 259:2 / /srv/data\\040two rw - ext4 /dev/nvme1n1 rw,data=writeback
33 22 0:50 / /srv rw,relatime - tmpfs tmpfs rw
not a mount
";

#[test]
fn a_path_is_on_the_deepest_mount_above_it() {
    let all = mounts(LISTED);
    assert_eq!(all.len(), 4);
    let point = |path| Mount::of(&all, path).unwrap().point.as_str();
    assert_eq!(point("/srv/data/corelog"), "/srv/data");
    assert_eq!(point("/srv/data"), "/srv/data");
    assert_eq!(point("/srv/database"), "/srv");
    assert_eq!(point("/srv/data two/x"), "/srv/data two");
    assert_eq!(point("/var"), "/");
}

#[test]
fn how_access_times_are_kept_is_a_mount_option_or_nothing() {
    let all = mounts(LISTED);
    let atimes: Vec<&str> = all.iter().map(Mount::atime).collect();
    assert_eq!(atimes, ["relatime", "noatime", "strictatime", "relatime"]);
}
