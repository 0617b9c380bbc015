//! Directories that are made together with their first files, and become durable together: a topic
//! of thousands of partitions would cost thousands of flushes otherwise. Core-local.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::sys::statfs::{BTRFS_SUPER_MAGIC, EXT4_SUPER_MAGIC, FsType, XFS_SUPER_MAGIC, fstatfs};

use super::directory::{Directory, sync_path};
use super::segment_file::SegmentFile;
use super::worker::{begin_on_worker, on_worker};

/// From so many directories on, one sync of the file system costs less than theirs. Below, it would
/// only make them wait for what others have written.
const TOGETHER_MIN: usize = 64;
/// Workers that sync them else: syncs side by side share what the file system writes for them.
const WORKERS_MAX: usize = 4;
/// File systems that are known to flush the device at the end of `syncfs`; since Linux 5.8 it
/// reports what could not be written, whoever wrote it.
const FLUSHED_WHOLE: [FsType; 3] = [EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC];

/// New directories below one parent.
#[derive(Debug)]
pub struct NewDirectories {
    parent: PathBuf,
    /// The parent, open since before the first of them was made: errors since then show in a sync.
    witness: Arc<File>,
    made: RefCell<Vec<Made>>,
}

#[derive(Clone, Debug)]
struct Made {
    path: PathBuf,
    /// Files with something in them.
    filled: Vec<Arc<SegmentFile>>,
}

impl NewDirectories {
    /// None yet, below a directory that is there.
    pub async fn below(parent: &Path) -> io::Result<NewDirectories> {
        let path = parent.to_path_buf();
        let (parent, witness) = on_worker(move || {
            let witness = File::open(&path)?;
            Ok::<_, io::Error>((path, Arc::new(witness)))
        })
        .await?;
        Ok(NewDirectories { parent, witness, made: RefCell::default() })
    }

    /// Where they are made.
    pub fn parent(&self) -> &Path {
        &self.parent
    }

    /// Makes the directory `name` with these files in it, which are answered open, in the same
    /// order; `None`: there is one already. Nothing of it is durable before `sync`.
    pub async fn make(
        &self,
        name: &str,
        files: Vec<(String, Vec<u8>)>,
    ) -> io::Result<Option<(Directory, Vec<Arc<SegmentFile>>)>> {
        let path = self.parent.join(name);
        let made = on_worker(move || make(path, files)).await?;
        Ok(made.map(|(made, files)| {
            let directory = Directory::at(made.path.clone());
            self.made.borrow_mut().push(made);
            (directory, files)
        }))
    }

    /// This directory was found; the next sync is for the names in it, too, and for its own.
    pub fn found(&self, path: &Path) {
        self.made.borrow_mut().push(Made { path: path.to_path_buf(), filled: Vec::new() });
    }

    /// Makes durable what was made before the call, names and contents. After an error nothing is
    /// known of any of them.
    pub async fn sync(&self) -> io::Result<()> {
        let made = self.made.take();
        if made.is_empty() {
            return Ok(());
        }
        let (witness, many) = (self.witness.clone(), made.len() >= TOGETHER_MIN);
        let together = move || match many && is_flushed_whole(&witness) {
            true => nix::unistd::syncfs(&*witness).map(|()| true),
            false => Ok(false),
        };
        if on_worker(together).await? {
            return Ok(());
        }
        let share = made.len().div_ceil(WORKERS_MAX);
        let parts = made.chunks(share).map(<[Made]>::to_vec);
        let jobs: Vec<_> = parts
            .map(|part| begin_on_worker(move || part.iter().try_for_each(Made::sync)))
            .collect();
        for job in jobs {
            job.await?;
        }
        // Last: a name that is there after a crash names something whole.
        let witness = self.witness.clone();
        on_worker(move || witness.sync_all()).await
    }
}

impl Made {
    fn sync(&self) -> io::Result<()> {
        self.filled.iter().try_for_each(|file| file.descriptor().file().sync_all())?;
        sync_path(&self.path)
    }
}

/// A file system that does not say what it is counts as unknown.
fn is_flushed_whole(witness: &File) -> bool {
    fstatfs(witness).is_ok_and(|found| FLUSHED_WHOLE.contains(&found.filesystem_type()))
}

type WithFiles = (Made, Vec<Arc<SegmentFile>>);

fn make(path: PathBuf, contents: Vec<(String, Vec<u8>)>) -> io::Result<Option<WithFiles>> {
    match fs::create_dir(&path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
        result => result?,
    }
    let (mut files, mut filled) = (Vec::with_capacity(contents.len()), Vec::new());
    for (name, content) in contents {
        let place = path.join(name);
        let mut file = OpenOptions::new().read(true).write(true).create_new(true).open(&place)?;
        file.write_all(&content)?;
        let file = SegmentFile::of(file, place);
        if !content.is_empty() {
            filled.push(file.clone());
        }
        files.push(file);
    }
    Ok(Some((Made { path, filled }, files)))
}
