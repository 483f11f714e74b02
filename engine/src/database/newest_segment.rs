//! The newest segment of the log, noted in the index: without it nobody would miss that file.
//!
//! Stands in sled's default tree under the key `log`: the number of the segment, u64, little endian.

use super::Database;
use crate::disk::Disk;
use crate::failure::Failure;
use crate::log::Position;
use crate::status::Status;

const KEY: &[u8] = b"log";

/// The newest segment that the index knows of; 0 for none. Fails when the log ends in an earlier one.
pub(super) fn require(db: &sled::Db, last_segment: u64) -> Result<u64, Failure> {
    let Some(bytes) = db.get(KEY)? else { return Ok(0) };
    let damaged = |_| Failure::new(Status::Corrupt, "the number of the log's newest segment in the index is damaged");
    let noted = bytes.as_ref().try_into().map(u64::from_le_bytes).map_err(damaged)?;
    if noted > last_segment {
        let at = Position { segment: noted, offset: 0 };
        return Err(Failure::new(Status::Corrupt, format!("the log is damaged in {at}: the segment is missing")));
    }
    Ok(noted)
}

impl<D: Disk> Database<D> {
    /// Whether the index does not know of the newest segment yet.
    pub(super) fn has_unnoted_segment(&self) -> bool {
        self.log.newest_segment() > self.noted_segment
    }

    /// Lets the index know of the newest segment, durably. The segment is durable already: what is noted is never missing
    /// after a crash.
    pub(super) fn note_newest_segment(&mut self) -> Result<(), Failure> {
        let newest = self.log.newest_segment();
        self.db.insert(KEY, &newest.to_le_bytes())?;
        self.db.flush()?;
        self.noted_segment = newest;
        Ok(())
    }
}
