//! Directories of the simulated disk that are made and become durable together; the same promises
//! as the ring's. Any task of the world.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::runtime::OpenMode;

use super::directory::Directory;
use super::fault::OpKind;
use super::operation::operate;
use super::segment_file::SegmentFile;

/// New directories below one parent.
#[derive(Debug)]
pub struct NewDirectories {
    parent: Directory,
    made: RefCell<Vec<(Directory, Vec<Arc<SegmentFile>>)>>,
}

impl NewDirectories {
    /// None yet, below a directory that is there.
    pub async fn below(parent: &Path) -> io::Result<NewDirectories> {
        let parent = Directory::open(parent).await?;
        Ok(NewDirectories { parent, made: RefCell::default() })
    }

    /// Where they are made.
    pub fn parent(&self) -> &Path {
        self.parent.path()
    }

    /// Makes the directory `name` with these files in it, which are answered open, in the same
    /// order; `None`: there is one already. Nothing of it is durable before `sync`.
    pub async fn make(
        &self,
        name: &str,
        files: Vec<(String, Vec<u8>)>,
    ) -> io::Result<Option<(Directory, Vec<Arc<SegmentFile>>)>> {
        let path: PathBuf = self.parent().join(name);
        let inner = path.clone();
        match operate(OpKind::CreateDirectory, &path, move |disk| disk.create_directory(&inner))
            .await
        {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
            result => result?,
        };
        let mut open = Vec::new();
        for (name, content) in files {
            let file = SegmentFile::open(&path.join(name), OpenMode::CreateNew).await?;
            file.write_at(vec![content.into()], 0).await?;
            open.push(file);
        }
        let made = (Directory::at(path), open);
        self.made.borrow_mut().push(made.clone());
        Ok(Some(made))
    }

    /// This directory was found; the next sync is for the names in it, too, and for its own.
    pub fn found(&self, path: &Path) {
        self.made.borrow_mut().push((Directory::at(path.to_path_buf()), Vec::new()));
    }

    /// Makes durable what was made before the call, names and contents. After an error nothing is
    /// known of any of them.
    pub async fn sync(&self) -> io::Result<()> {
        let made = self.made.take();
        if made.is_empty() {
            return Ok(());
        }
        for (directory, files) in made {
            for file in files {
                file.sync_data().await?;
            }
            directory.sync().await?;
        }
        self.parent.sync().await
    }
}
