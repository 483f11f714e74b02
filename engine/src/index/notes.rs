//! The notes of the index about the store, in a tree of their own:
//!
//! ```text
//! "checkpoint"   which part of the log the table contains, see `Checkpoint`
//! "hidden"       about how many bytes of values in the log belong to entries of the bottom level that newer entries
//!                hide: u64, little endian
//! "times"        when versions were written, see `database/times.rs`; may be missing
//! "log"          the number of the newest segment of the log, u64, little endian: shows that this file is missing
//! ```

use std::rc::Rc;

use super::{Bytes, Checkpoint, Tree};
use crate::failure::{Failure, FailureKind};
use crate::log::{Position, SegmentNumber};

const CHECKPOINT_KEY: &[u8] = b"checkpoint";
const HIDDEN_KEY: &[u8] = b"hidden";
const SEGMENT_KEY: &[u8] = b"log";
const TIMES_KEY: &[u8] = b"times";

/// The notes. A clone has the same ones.
#[derive(Clone)]
pub struct Notes {
    tree: Rc<dyn Tree>,
}

impl Notes {
    /// The notes in this tree.
    pub(super) fn of(tree: Rc<dyn Tree>) -> Self {
        Self { tree }
    }

    /// The newest checkpoint; the default before the first one.
    pub fn checkpoint(&self) -> Result<Checkpoint, Failure> {
        let found = self.tree.get(CHECKPOINT_KEY)?;
        found.map_or_else(|| Ok(Checkpoint::default()), |bytes| Checkpoint::decode(&bytes))
    }

    /// Writes the checkpoint durably. The commits that it covers must already be durable in the table.
    pub fn write_checkpoint(&self, checkpoint: Checkpoint) -> Result<(), Failure> {
        self.tree.insert(CHECKPOINT_KEY, &checkpoint.encode())?;
        self.tree.sync()
    }

    /// The last number of [`Notes::write_hidden`]; 0 if there is none.
    pub fn hidden(&self) -> Result<u64, Failure> {
        let bytes = self.tree.get(HIDDEN_KEY)?;
        Ok(bytes.and_then(|bytes| Some(u64::from_le_bytes(bytes[..].try_into().ok()?))).unwrap_or(0))
    }

    /// Notes how many bytes of values are hidden. Durable with the next checkpoint.
    pub fn write_hidden(&self, bytes: u64) -> Result<(), Failure> {
        self.tree.insert(HIDDEN_KEY, &bytes.to_le_bytes())
    }

    /// The bytes of [`Notes::write_times`].
    pub fn times(&self) -> Result<Option<Bytes>, Failure> {
        self.tree.get(TIMES_KEY)
    }

    /// Notes when versions were written. Durable with the next checkpoint.
    pub fn write_times(&self, bytes: &[u8]) -> Result<(), Failure> {
        self.tree.insert(TIMES_KEY, bytes)
    }

    /// The newest segment in the notes. Fails if the log ends in an earlier one.
    pub fn newest_segment(&self, last_segment: SegmentNumber) -> Result<SegmentNumber, Failure> {
        let Some(bytes) = self.tree.get(SEGMENT_KEY)? else { return Ok(SegmentNumber::NONE) };
        let damaged =
            |_| Failure::new(FailureKind::Corrupt, "the number of the log's newest segment in the index is damaged");
        let noted = bytes[..].try_into().map(u64::from_le_bytes).map(SegmentNumber::of).map_err(damaged)?;
        if noted > last_segment {
            let at = Position { segment: noted, offset: 0 };
            return Err(Failure::new(
                FailureKind::Corrupt,
                format!("the log is damaged in {at}: the segment is missing"),
            ));
        }
        Ok(noted)
    }

    /// Notes the newest segment durably. The segment must be durable before: after a crash a noted segment is never
    /// missing.
    pub fn write_newest_segment(&self, number: SegmentNumber) -> Result<(), Failure> {
        self.tree.insert(SEGMENT_KEY, &number.get().to_le_bytes())?;
        self.tree.sync()
    }

    /// The size of the files of the index, in bytes.
    pub fn size_on_disk(&self) -> Result<u64, Failure> {
        self.tree.size_on_disk()
    }
}

#[cfg(test)]
mod tests {
    use super::{CHECKPOINT_KEY, Checkpoint, HIDDEN_KEY, SEGMENT_KEY};
    use crate::index::Index;
    use crate::log::SegmentNumber;
    use crate::version::Version;

    #[test]
    fn notes_read_back_and_nonsense_is_refused() {
        let notes = Index::in_memory().notes();
        assert_eq!(notes.checkpoint().unwrap(), Checkpoint::default());
        assert_eq!(
            (notes.hidden().unwrap(), notes.newest_segment(SegmentNumber::NONE).unwrap()),
            (0, SegmentNumber::NONE)
        );
        let checkpoint =
            Checkpoint { first_segment: SegmentNumber::FIRST, version: Version::of(2), reserved: Version::of(3) };
        notes.write_checkpoint(checkpoint).unwrap();
        notes.write_hidden(4).unwrap();
        notes.write_newest_segment(SegmentNumber::of(5)).unwrap();
        assert_eq!(notes.checkpoint().unwrap(), checkpoint);
        assert_eq!(
            (notes.hidden().unwrap(), notes.newest_segment(SegmentNumber::of(5)).unwrap()),
            (4, SegmentNumber::of(5))
        );
        let missed = notes.newest_segment(SegmentNumber::of(4)).unwrap_err();
        assert!(missed.message().contains("0000000005.luge at byte 0: the segment is missing"), "{}", missed.message());
        for key in [CHECKPOINT_KEY, HIDDEN_KEY, SEGMENT_KEY] {
            notes.tree.insert(key, b"no").unwrap();
        }
        assert!(notes.checkpoint().is_err() && notes.newest_segment(SegmentNumber::of(5)).is_err());
        // An estimate: losing it does no harm.
        assert_eq!(notes.hidden().unwrap(), 0);
    }
}
