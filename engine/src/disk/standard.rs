//! The operating system's files, through the functions that `std` has on every target.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use super::{Disk, DiskFile};

/// A directory of the operating system.
#[derive(Debug)]
pub struct StandardDisk {
    directory: PathBuf,
    /// The directory, opened by the first call that needs it.
    opened: RefCell<Option<File>>,
}

impl StandardDisk {
    /// The directory at this path. Creates it if it is missing; its parent must exist.
    pub fn new(directory: impl Into<PathBuf>) -> io::Result<Self> {
        let directory = directory.into();
        match fs::create_dir(&directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(Self { directory, opened: RefCell::default() }),
        }
    }
}

impl Disk for StandardDisk {
    type File = StandardFile;

    fn list(&self) -> io::Result<Vec<String>> {
        fs::read_dir(&self.directory)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn open(&self, name: &str) -> io::Result<StandardFile> {
        let file = OpenOptions::new().read(true).write(true).open(self.directory.join(name))?;
        Ok(StandardFile { file, position: 0 })
    }

    fn create(&self, name: &str) -> io::Result<StandardFile> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(self.directory.join(name))?;
        Ok(StandardFile { file, position: 0 })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.directory.join(from), self.directory.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.directory.join(name))
    }

    /// Does nothing on WASI: the host syncs the directory after every change of a name, and offers no call for it.
    fn sync_directory(&self) -> io::Result<()> {
        if HOST_SYNCS_LATER { Ok(()) } else { File::open(&self.directory)?.sync_all() }
    }

    /// The host takes the sync of a directory for this.
    fn finish_syncs(&self) -> io::Result<()> {
        if !HOST_SYNCS_LATER {
            return Ok(());
        }
        let mut opened = self.opened.borrow_mut();
        match &mut *opened {
            Some(directory) => directory.sync_all(),
            none => none.insert(File::open(&self.directory)?).sync_all(),
        }
    }
}

/// Whether the host syncs later: see [`DiskFile::begin_sync`].
const HOST_SYNCS_LATER: bool = cfg!(target_os = "wasi");

/// A file of the operating system. Remembers its cursor, so that sequential reads and writes need no seek.
#[derive(Debug)]
pub struct StandardFile {
    file: File,
    position: u64,
}

impl StandardFile {
    fn seek(&mut self, position: u64) -> io::Result<()> {
        if self.position != position {
            self.position = self.file.seek(SeekFrom::Start(position))?;
        }
        Ok(())
    }
}

impl DiskFile for StandardFile {
    fn read_at(&mut self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        self.seek(position)?;
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.file.read(rest) {
                Ok(0) => break,
                Ok(count) => {
                    done += count;
                    self.position += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write_at(&mut self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.seek(position)?;
        // After a failed write the cursor may be anywhere.
        self.position = u64::MAX;
        self.file.write_all(bytes)?;
        self.position = position + bytes.len() as u64;
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn set_size(&mut self, size: u64) -> io::Result<()> {
        self.file.set_len(size)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn begin_sync(&mut self) -> io::Result<bool> {
        self.sync()?;
        Ok(!HOST_SYNCS_LATER)
    }
}
