//! Reads and checks every block.

use super::blocks::Pointer;
use super::decoded::DecodedBlock;
use super::level::separator_of;
use super::{Level, Table, placed};
use crate::disk::Disk;
use crate::entry::Entry;
use crate::failure::{Failure, FailureKind};
use crate::log::{Position, segment};

/// A walk over all blocks of a level.
#[derive(Debug)]
pub struct BlockWalk {
    level: Level,
    /// The key in the tree that comes next; `None` at the end.
    next: Option<Vec<u8>>,
}

/// The damage of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockDamage {
    /// The file, below the store's directory; empty for the index.
    pub file: String,
    /// The offset in that file, in bytes.
    pub offset: u64,
    /// The first key that may not be readable.
    pub from: Vec<u8>,
    /// The key after the last one; `None` for the end.
    pub to: Option<Vec<u8>>,
    /// What is wrong.
    pub what: String,
}

impl BlockWalk {
    /// A walk from the first block of a level on.
    #[must_use]
    pub fn over(level: Level) -> Self {
        Self { level, next: Some(level.start().to_vec()) }
    }

    /// Whether all blocks were read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.next.is_none()
    }
}

impl<D: Disk> Table<D> {
    /// Reads the next `blocks` blocks, without the cache. Calls `entry` with the entries of sound blocks, and `damage` for each
    /// damaged one. Fails when nothing more can be read.
    pub fn verify_blocks(
        &self,
        walk: &mut BlockWalk,
        blocks: usize,
        mut entry: impl FnMut(&Entry<'_>) -> Result<(), Failure>,
        mut damage: impl FnMut(BlockDamage),
    ) -> Result<(), Failure> {
        let level = walk.level;
        let mut bytes = Vec::new();
        let mut decoded = DecodedBlock::default();
        for _ in 0..blocks {
            let Some(start) = walk.next.take() else { return Ok(()) };
            let mut range = self.tree.range(&start, level.end());
            let Some(found) = range.next() else { return Ok(()) };
            let found = placed(found?);
            let after = range.next().transpose()?.map(|(place, _)| place.to_vec());
            walk.next.clone_from(&after);
            let to = after.map(|place| separator_of(&place).to_vec());
            let placed = found?;
            let Some(pointer) = placed.pointer else { continue };
            let from = placed.separator().to_vec();
            if let Err(what) = self.check_block(level, pointer, (&from, to.as_deref()), &mut bytes, &mut decoded)? {
                let position = Position::unpacked(pointer.position);
                let file = format!("{}/{}", level.directory(), segment::file_name(position.segment));
                damage(BlockDamage { file, offset: position.offset, from, to, what });
                continue;
            }
            for i in 0..decoded.len() {
                if let Some(each) = decoded.entry(&bytes, i) {
                    entry(&each)?;
                }
            }
        }
        Ok(())
    }

    /// Reads one block from the disk; returns what is wrong with it.
    fn check_block(
        &self,
        level: Level,
        pointer: Pointer,
        (from, to): (&[u8], Option<&[u8]>),
        bytes: &mut Vec<u8>,
        decoded: &mut DecodedBlock,
    ) -> Result<Result<(), String>, Failure> {
        match self.part(level).blocks.read_from_disk(pointer, bytes) {
            Ok(()) => {}
            Err(failure) if failure.kind() == FailureKind::Corrupt => return Ok(Err(failure.into_message())),
            Err(failure) => return Err(failure),
        }
        if decoded.decode(bytes).is_err() {
            return Ok(Err("the block is malformed".to_owned()));
        }
        let first = decoded.entry(bytes, 0).is_none_or(|entry| entry.key >= from);
        let last = decoded.len().checked_sub(1).and_then(|last| decoded.entry(bytes, last));
        let in_range = first && last.is_none_or(|entry| to.is_none_or(|to| entry.key < to));
        Ok(if decoded.is_ordered() && in_range {
            Ok(())
        } else {
            Err("the block's entries are out of order".to_owned())
        })
    }
}
