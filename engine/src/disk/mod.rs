//! The contract between the engine and a disk. Nothing else in the engine knows files.

mod memory;
mod standard;

use std::io;

pub use memory::{MemoryDisk, MemoryFile};
pub use standard::{StandardDisk, StandardFile};

/// One directory of files. Names have no separators.
pub trait Disk {
    /// An open file of this disk.
    type File: DiskFile;

    /// The names of all files, in no particular order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Opens a file for reading and writing. `NotFound` if it is missing.
    fn open(&self, name: &str) -> io::Result<Self::File>;
    /// Creates an empty file, for reading and writing. `AlreadyExists` if the name is taken.
    fn create(&self, name: &str) -> io::Result<Self::File>;
    /// Renames a file to a name that is not taken.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes the names in the directory durable before it returns.
    fn sync_directory(&self) -> io::Result<()>;
    /// Completes what [`DiskFile::begin_sync`] has begun for its files, before it returns. The names are durable then, too.
    fn finish_syncs(&self) -> io::Result<()>;
}

/// An open file.
pub trait DiskFile {
    /// Reads up to `buffer.len()` bytes at `position`. Reads fewer only at the end of the file.
    fn read_at(&mut self, buffer: &mut [u8], position: u64) -> io::Result<usize>;
    /// Writes all of `bytes` at `position`. Extends the file as needed.
    fn write_at(&mut self, bytes: &[u8], position: u64) -> io::Result<()>;
    /// The size in bytes.
    fn size(&self) -> io::Result<u64>;
    /// Cuts the file, or extends it with zeros.
    fn set_size(&mut self, size: u64) -> io::Result<()>;
    /// Makes bytes and size durable before it returns, or before anything that relies on them reaches the disk.
    fn sync(&mut self) -> io::Result<()>;
    /// Begins to make bytes and size durable. Returns whether they are. Otherwise the caller is told later, or calls
    /// [`Disk::finish_syncs`].
    fn begin_sync(&mut self) -> io::Result<bool>;
}
