//! Segments that are open for reading.

use std::collections::VecDeque;
use std::io::ErrorKind;

use super::segment;
use crate::disk::Disk;
use crate::failure::Failure;
use crate::status::Status;

/// Segments that are kept open; the one that was not used for longest is closed first.
const OPEN_FILES: usize = 32;

/// Open segments, the newest used one first.
#[derive(Debug)]
pub struct SegmentFiles<F>(VecDeque<(u64, F)>);

impl<F> Default for SegmentFiles<F> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<F> SegmentFiles<F> {
    /// The file of a segment; one that is missing is damage, since something leads to it.
    pub fn get<D: Disk<File = F>>(&mut self, disk: &D, number: u64) -> Result<&mut F, Failure> {
        let found = self.0.iter().position(|(open, _)| *open == number);
        let entry = match found.and_then(|place| self.0.remove(place)) {
            Some(entry) => entry,
            None => (number, open(disk, number)?),
        };
        self.0.push_front(entry);
        self.0.truncate(OPEN_FILES);
        let front = self.0.front_mut().map(|(_, file)| file);
        front.ok_or_else(|| Failure::new(Status::Io, "no open file"))
    }

    /// Lets go of a segment that is removed.
    pub fn forget(&mut self, number: u64) {
        self.0.retain(|(open, _)| *open != number);
    }
}

fn open<D: Disk>(disk: &D, number: u64) -> Result<D::File, Failure> {
    let name = segment::file_name(number);
    disk.open(&name).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            Failure::new(Status::Corrupt, format!("the file {name} is missing: something leads to it"))
        }
        _ => error.into(),
    })
}
