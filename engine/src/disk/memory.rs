//! A disk in memory that simulates power cuts, for tests.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::rc::Rc;

use super::{Disk, DiskFile};

/// One change of a file that has not been synced yet.
#[derive(Clone, Debug)]
enum Pending {
    Write { position: usize, bytes: Vec<u8> },
    Size(usize),
}

#[derive(Debug, Default)]
struct Content {
    live: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Pending>,
    /// How many changes became durable before those.
    settled: usize,
}

impl Content {
    /// Makes all changes up to this one durable.
    fn settle(&mut self, end: usize) {
        let count = end.saturating_sub(self.settled).min(self.pending.len());
        for change in self.pending.drain(..count) {
            apply_part(&mut self.durable, &change, &mut |_| Some(usize::MAX));
        }
        self.settled += count;
    }
}

/// The syncs that were begun, each with the end of the changes that it covers.
type Begun = Rc<RefCell<VecDeque<(Shared, usize)>>>;
type Shared = Rc<RefCell<Content>>;
type Names = BTreeMap<String, Shared>;

/// A directory in memory. It stores live and durable bytes of each file separately, and live and durable names.
#[derive(Debug, Default)]
pub struct MemoryDisk {
    names: Rc<RefCell<Names>>,
    durable_names: Rc<RefCell<Names>>,
    /// `None` if all syncs are done at once.
    begun: Option<Begun>,
}

impl MemoryDisk {
    /// A second disk with the same files, for the worker in tests.
    #[must_use]
    pub fn shared(&self) -> Self {
        let (names, durable_names) = (Rc::clone(&self.names), Rc::clone(&self.durable_names));
        Self { names, durable_names, begun: self.begun.clone() }
    }

    /// The disk, whose begun syncs are done when [`MemoryDisk::complete_sync`] says so.
    #[must_use]
    pub fn syncing_later(self) -> Self {
        Self { begun: Some(Begun::default()), ..self }
    }

    /// Completes the oldest sync that was begun. Returns whether there was one.
    #[must_use]
    pub fn complete_sync(&self) -> bool {
        let oldest = self.begun.as_ref().and_then(|begun| begun.borrow_mut().pop_front());
        oldest.inspect(|(content, end)| content.borrow_mut().settle(*end)).is_some()
    }

    /// The disk after a power cut. It has the durable names. `keep` decides about each unsynced change of a file: it
    /// returns how many of its bytes arrived, or `None` if the change is lost. A change of the size is kept by any
    /// number.
    #[must_use]
    pub fn after_power_cut(&self, mut keep: impl FnMut(usize) -> Option<usize>) -> Self {
        let survivors = self.durable_names.borrow();
        let names: Names = survivors
            .iter()
            .map(|(name, content)| {
                let content = content.borrow();
                let mut bytes = content.durable.clone();
                for change in &content.pending {
                    apply_part(&mut bytes, change, &mut keep);
                }
                let content = Content { live: bytes.clone(), durable: bytes, ..Content::default() };
                (name.clone(), Rc::new(RefCell::new(content)))
            })
            .collect();
        let begun = self.begun.as_ref().map(|_| Begun::default());
        Self { names: Rc::new(RefCell::new(names.clone())), durable_names: Rc::new(RefCell::new(names)), begun }
    }

    /// The live bytes of a file, to inspect or to damage.
    pub fn edit(&self, name: &str, edit: impl FnOnce(&mut Vec<u8>)) {
        if let Some(content) = self.names.borrow().get(name) {
            let mut content = content.borrow_mut();
            edit(&mut content.live);
            let Content { live, durable, pending, settled } = &mut *content;
            durable.clone_from(live);
            *settled += pending.len();
            pending.clear();
        }
    }
}

fn apply_part(bytes: &mut Vec<u8>, change: &Pending, keep: &mut impl FnMut(usize) -> Option<usize>) {
    match change {
        Pending::Write { position, bytes: written } => {
            if let Some(kept) = keep(written.len()).and_then(|count| written.get(..count.min(written.len()))) {
                write(bytes, *position, kept);
            }
        }
        Pending::Size(size) => {
            if keep(0).is_some() {
                bytes.resize(*size, 0);
            }
        }
    }
}

fn write(bytes: &mut Vec<u8>, position: usize, written: &[u8]) {
    let end = position + written.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    if let Some(target) = bytes.get_mut(position..end) {
        target.copy_from_slice(written);
    }
}

fn missing(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, name.to_owned())
}

impl Disk for MemoryDisk {
    type File = MemoryFile;

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.names.borrow().keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<MemoryFile> {
        let content = self.names.borrow().get(name).cloned().ok_or_else(|| missing(name))?;
        Ok(MemoryFile { content, begun: self.begun.clone() })
    }

    fn create(&self, name: &str) -> io::Result<MemoryFile> {
        let mut names = self.names.borrow_mut();
        if names.contains_key(name) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, name.to_owned()));
        }
        let content = Shared::default();
        names.insert(name.to_owned(), Rc::clone(&content));
        Ok(MemoryFile { content, begun: self.begun.clone() })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut names = self.names.borrow_mut();
        let content = names.remove(from).ok_or_else(|| missing(from))?;
        names.insert(to.to_owned(), content);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.names.borrow_mut().remove(name).map(|_| ()).ok_or_else(|| missing(name))
    }

    fn sync_directory(&self) -> io::Result<()> {
        *self.durable_names.borrow_mut() = self.names.borrow().clone();
        Ok(())
    }

    fn finish_syncs(&self) -> io::Result<()> {
        while self.complete_sync() {}
        Ok(())
    }
}

/// An open file in memory.
#[derive(Debug)]
pub struct MemoryFile {
    content: Shared,
    begun: Option<Begun>,
}

fn offset(position: u64) -> io::Result<usize> {
    usize::try_from(position).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
}

impl DiskFile for MemoryFile {
    fn read_at(&mut self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let content = self.content.borrow();
        let available = content.live.get(offset(position)?..).unwrap_or_default();
        let count = available.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(available) {
            *to = *from;
        }
        Ok(count)
    }

    fn write_at(&mut self, bytes: &[u8], position: u64) -> io::Result<()> {
        let position = offset(position)?;
        let mut content = self.content.borrow_mut();
        write(&mut content.live, position, bytes);
        content.pending.push(Pending::Write { position, bytes: bytes.to_vec() });
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.content.borrow().live.len() as u64)
    }

    fn set_size(&mut self, size: u64) -> io::Result<()> {
        let size = offset(size)?;
        let mut content = self.content.borrow_mut();
        content.live.resize(size, 0);
        content.pending.push(Pending::Size(size));
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.content.borrow_mut().settle(usize::MAX);
        Ok(())
    }

    fn begin_sync(&mut self) -> io::Result<bool> {
        let Some(begun) = &self.begun else { return self.sync().map(|()| true) };
        let end = self.content.borrow();
        begun.borrow_mut().push_back((Rc::clone(&self.content), end.settled + end.pending.len()));
        Ok(false)
    }
}
