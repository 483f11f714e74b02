//! Segments that are open for reading.

use std::collections::VecDeque;
use std::io::ErrorKind;

use super::segment::{self, HEADER_SIZE, HeaderState};
use crate::disk::{Disk, DiskFile};
use crate::failure::{Failure, FailureKind};
use crate::position::SegmentNumber;

/// How many segments stay open. The least recently used one is closed first.
const OPEN_FILES: usize = 64;

/// Open segments, the most recently used one first.
#[derive(Debug)]
pub struct SegmentFiles<F> {
    owner: u32,
    open: VecDeque<(SegmentNumber, F)>,
}

impl<F: DiskFile> SegmentFiles<F> {
    /// Files of this owner, as their headers say.
    #[must_use]
    pub fn owned_by(owner: u32) -> Self {
        Self { owner, open: VecDeque::new() }
    }

    /// The file of a segment. A missing one is damage, because the table points into it.
    pub fn get<D: Disk<File = F>>(&mut self, disk: &D, number: SegmentNumber) -> Result<&mut F, Failure> {
        let found = self.open.iter().position(|(open, _)| *open == number);
        let entry = match found.and_then(|place| self.open.remove(place)) {
            Some(entry) => entry,
            None => (number, open(disk, number, self.owner)?),
        };
        self.open.push_front(entry);
        self.open.truncate(OPEN_FILES);
        let front = self.open.front_mut().map(|(_, file)| file);
        front.ok_or_else(|| Failure::new(FailureKind::Io, "no open file"))
    }

    /// Closes all segments.
    pub fn forget_all(&mut self) {
        self.open.clear();
    }

    /// Closes a segment that is being removed.
    pub fn forget(&mut self, number: SegmentNumber) {
        self.open.retain(|(open, _)| *open != number);
    }
}

fn open<D: Disk>(disk: &D, number: SegmentNumber, owner: u32) -> Result<D::File, Failure> {
    let name = segment::file_name(number);
    let mut file = disk.open(&name).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            let message = format!("the file {name} is missing, and the store still needs it");
            Failure::new(FailureKind::Corrupt, message).caused_by(error)
        }
        _ => error.into(),
    })?;
    check_owner(&mut file, &name, owner)?;
    Ok(file)
}

/// Refuses a segment of another owner: its records have the same positions and correct checksums. A damaged header says
/// nothing about the owner. The records after it have their own checksums.
fn check_owner(file: &mut impl DiskFile, name: &str, owner: u32) -> Result<(), Failure> {
    let mut bytes = [0; HEADER_SIZE];
    let count = file.read_at(&mut bytes, 0)?;
    match segment::decode(bytes.get(..count).unwrap_or_default()) {
        HeaderState::Valid(header) if header.owner != owner => Err(Failure::new(
            FailureKind::Corrupt,
            format!("the file {name} belongs to another store, or to another directory"),
        )),
        _ => Ok(()),
    }
}

/// Refuses segments of another owner, from `first` on.
pub fn check_owners<D: Disk>(disk: &D, first: SegmentNumber, owner: u32) -> Result<(), Failure> {
    for name in disk.list()? {
        if segment::file_number(&name).is_some_and(|number| number >= first) {
            check_owner(&mut disk.open(&name)?, &name, owner)?;
        }
    }
    Ok(())
}
