//! The table: sorted blocks in a sled tree.
//!
//! The tree's values are [`block`]s; a block's key in the tree is its *separator*: the block holds the entries from there up
//! to the next separator. The first separator is empty, so that every key has a block. All versions of a key stand in one
//! block.

pub mod block;
mod found;
mod merge;
mod retention;
mod walk;

use sled::IVec;

pub use found::Found;
pub use merge::{Dropped, MergeStep};
pub use retention::Retention;
pub use walk::TableWalk;

use self::block::Malformed;
use crate::failure::Failure;
use crate::status::Status;

/// Blocks in a sled tree.
#[derive(Debug)]
pub struct Table {
    tree: sled::Tree,
    /// Blocks have about this many bytes: two thirds of it to one and a half when they are written, and at least a quarter.
    block_size: usize,
}

/// A block and its place.
#[derive(Clone, Debug)]
pub struct PlacedBlock {
    /// No key in the block is below this.
    pub separator: IVec,
    /// The encoded entries.
    pub bytes: IVec,
}

impl Table {
    /// The table in this tree, with blocks of about `block_size` bytes.
    pub fn new(tree: sled::Tree, block_size: usize) -> Self {
        Self { tree, block_size }
    }

    /// The newest version of `key` that is not above `version`.
    pub fn get(&self, key: &[u8], version: u64) -> Result<Option<Found>, Failure> {
        let Some(placed) = self.block_of(key)? else { return Ok(None) };
        let found = block::find(&placed.bytes, key, version).map_err(|Malformed| malformed(&placed.separator))?;
        Ok(found.map(|version| Found::new(&placed.bytes, &version)))
    }

    /// The block that holds `key`, if it is there; `None` only in an empty table.
    pub fn block_of(&self, key: &[u8]) -> Result<Option<PlacedBlock>, Failure> {
        placed(self.tree.range::<&[u8], _>(..=key).next_back())
    }

    /// The block behind the one with this separator.
    pub fn block_after(&self, separator: &[u8]) -> Result<Option<PlacedBlock>, Failure> {
        placed(self.tree.get_gt(separator)?.map(Ok))
    }

    /// The block before the one with this separator.
    pub fn block_before(&self, separator: &[u8]) -> Result<Option<PlacedBlock>, Failure> {
        placed(self.tree.get_lt(separator)?.map(Ok))
    }
}

fn placed(found: Option<sled::Result<(IVec, IVec)>>) -> Result<Option<PlacedBlock>, Failure> {
    let Some(found) = found else { return Ok(None) };
    let (separator, bytes) = found?;
    Ok(Some(PlacedBlock { separator, bytes }))
}

/// The failure for a block that cannot be read.
pub(crate) fn malformed(separator: &[u8]) -> Failure {
    let shown = String::from_utf8_lossy(separator.get(..40).unwrap_or(separator));
    Failure::new(Status::Corrupt, format!("the block of the table from key '{}' on is damaged", shown.escape_debug()))
}
