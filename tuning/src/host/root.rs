//! The real host, or a folder that holds files as a host would: every path is taken below it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Host, ask};

/// Files below a folder; `/` for the host itself.
#[derive(Debug, Clone)]
pub struct Root {
    prefix: PathBuf,
}

impl Root {
    /// This host.
    pub fn real() -> Root {
        Root::below("/")
    }

    /// Another root; questions that only a kernel answers are still put to this host's.
    pub fn below(prefix: impl Into<PathBuf>) -> Root {
        Root { prefix: prefix.into() }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.prefix.join(path.trim_start_matches('/'))
    }
}

impl Host for Root {
    fn read(&self, path: &str) -> io::Result<String> {
        // Names of devices and of mounts may hold any bytes.
        Ok(String::from_utf8_lossy(&fs::read(self.path(path))?).into_owned())
    }

    fn write(&self, path: &str, value: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).truncate(true).open(self.path(path))?;
        let text = format!("{value}\n");
        let written = file.write(text.as_bytes())?;
        if written == text.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.path(folder))? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn resolve(&self, path: &str) -> io::Result<String> {
        let real = fs::canonicalize(self.path(path))?;
        let inside =
            real.strip_prefix(fs::canonicalize(&self.prefix)?).map_err(io::Error::other)?;
        Ok(Path::new("/").join(inside).to_string_lossy().into_owned())
    }

    fn set_atime(&self, mount_point: &str, mode: &str) -> io::Result<()> {
        ask::set_atime(self, mount_point, mode)
    }

    fn try_ring(&self) -> io::Result<()> {
        io_uring::IoUring::new(8).map(drop)
    }

    fn clock_synced(&self) -> Option<bool> {
        ask::clock_synced(self)
    }

    fn free_bytes(&self, path: &str) -> io::Result<u64> {
        let found = nix::sys::statvfs::statvfs(&self.path(path))?;
        Ok(found.blocks_available().saturating_mul(found.fragment_size()))
    }
}
