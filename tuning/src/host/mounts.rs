//! `/proc/self/mountinfo`: what is mounted where, and how. Pure.

/// The ways to keep access times, as the kernel names them in mount options.
pub const ATIME_MODES: &[&str] = &["noatime", "relatime", "strictatime"];

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Of this mount in this namespace; a copy of it in another one has another id.
    pub id: u32,
    /// Major and minor number of its device, as `259:1`; `0:n` for file systems without one.
    pub device: String,
    /// Where it is mounted.
    pub point: String,
    /// Options of this mount point: `rw`, `noatime`, `nosuid` ...
    pub options: Vec<String>,
    /// Type of the file system.
    pub file_system: String,
    /// What is mounted, as `/dev/nvme0n1p1`.
    pub source: String,
    /// Options of the file system itself: `data=ordered`, `discard` ...
    pub file_system_options: Vec<String>,
}

impl Mount {
    /// How access times are kept. The kernel names no option for `strictatime`.
    pub fn atime(&self) -> &'static str {
        let named = |mode: &&&str| self.options.iter().any(|option| option == **mode);
        ATIME_MODES.iter().find(named).copied().unwrap_or("strictatime")
    }

    /// True if the mount point is `path` or above it.
    pub fn covers(&self, path: &str) -> bool {
        self.point == "/"
            || path
                .strip_prefix(self.point.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The mount that `path` (absolute, links resolved) is on: the deepest one, the last of those.
    pub fn of<'a>(mounts: &'a [Mount], path: &str) -> Option<&'a Mount> {
        mounts.iter().filter(|mount| mount.covers(path)).max_by_key(|mount| mount.point.len())
    }
}

/// Every line that can be read, in order; later mounts hide earlier ones.
pub fn mounts(mountinfo: &str) -> Vec<Mount> {
    mountinfo.lines().filter_map(mount).collect()
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
/// (proc_pid_mountinfo(5)).
fn mount(line: &str) -> Option<Mount> {
    let (of_mount, of_file_system) = line.split_once(" - ")?;
    let mut words = of_mount.split(' ');
    let id = words.next()?.parse().ok()?;
    let mut words = words.skip(1);
    let (device, _, point, options) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let mut rest = of_file_system.split(' ');
    let (file_system, source, more) = (rest.next()?, rest.next()?, rest.next().unwrap_or(""));
    let list = |text: &str| text.split(',').map(str::to_string).collect();
    Some(Mount {
        id,
        device: device.to_string(),
        point: unescaped(point),
        options: list(options),
        file_system: file_system.to_string(),
        source: unescaped(source),
        file_system_options: list(more),
    })
}

/// Spaces, tabs, line ends and backslashes stand as three octal digits.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let octal = tail.get(..3).filter(|_| *first == b'\\');
        let code = octal.and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
