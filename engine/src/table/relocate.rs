//! Changes entries whose values were moved in the log, so that they refer to the new positions.

use super::group::Group;
use super::{Level, PlacedBlock, Table};
use crate::disk::Disk;
use crate::entry::{Entry, LoggedLength, Value};
use crate::failure::Failure;
use crate::log::PackedPosition;
use crate::version::Version;

/// A value that was copied to another place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relocation {
    /// The key of the entry.
    pub key: Vec<u8>,
    /// The version of the entry.
    pub version: Version,
    /// The old position of the value.
    pub from: PackedPosition,
    /// The new position.
    pub to: PackedPosition,
    /// The new length: a value may be compressed when it is copied.
    pub length: LoggedLength,
}

impl<D: Disk> Table<D> {
    /// Whether the table has this version of this key, with its value at this position of the log.
    pub fn leads_to(&self, key: &[u8], version: Version, position: PackedPosition) -> Result<bool, Failure> {
        for level in Level::ALL {
            let leads = self.get_in(level, key, version, |found| {
                let leads = matches!(found.value, Value::Logged { position: stored, .. } if stored == position);
                leads && found.version == version
            })?;
            if leads == Some(true) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Prepares to change the entries in one atomic write: see [`Table::prepare`]. Entries that were deleted meanwhile stay deleted.
    /// The relocations must be in the order of their keys.
    pub fn relocate(&mut self, relocations: &[Relocation]) -> Result<(), Failure> {
        self.show()?;
        let mut group = Group::default();
        for level in Level::ALL {
            self.relocate_in(level, relocations, &mut group)?;
        }
        self.prepare(group)?;
        Ok(())
    }

    /// Changes the entries of a level.
    pub(super) fn relocate_in(
        &mut self,
        level: Level,
        mut relocations: &[Relocation],
        group: &mut Group,
    ) -> Result<(), Failure> {
        while let Some((placed, here)) = self.next_to_relocate(level, &mut relocations)? {
            self.relocate_block(level, placed, here, group)?;
        }
        Ok(())
    }

    /// Takes the relocations of one block off `rest`. Returns the block, too.
    pub(super) fn next_to_relocate<'r>(
        &self,
        level: Level,
        rest: &mut &'r [Relocation],
    ) -> Result<Option<(PlacedBlock, &'r [Relocation])>, Failure> {
        let Some(first) = rest.first() else { return Ok(None) };
        let placed = self.block_of(level, &first.key)?;
        let after = self.block_after(level, &placed)?;
        let end = after.as_ref().map(PlacedBlock::separator);
        let inside = rest.partition_point(|each| end.is_none_or(|end| each.key.as_slice() < end));
        let (here, behind) = rest.split_at(inside);
        *rest = behind;
        Ok(Some((placed, here)))
    }

    fn relocate_block(
        &mut self,
        level: Level,
        placed: PlacedBlock,
        relocations: &[Relocation],
        group: &mut Group,
    ) -> Result<(), Failure> {
        let block = self.old_block(level, placed)?;
        let old: Vec<Entry<'_>> = block.entries().collect();
        let new: Vec<Entry<'_>> = old.iter().map(|entry| relocated(*entry, relocations)).collect();
        if old == new {
            return Ok(());
        }
        self.replace(level, block.placed().separator(), std::slice::from_ref(&block), (&old, &new), group)
    }
}

fn relocated<'a>(entry: Entry<'a>, relocations: &[Relocation]) -> Entry<'a> {
    let Value::Logged { position, .. } = entry.value else { return entry };
    let found =
        relocations.iter().find(|each| each.key == entry.key && each.version == entry.version && each.from == position);
    let Some(found) = found else { return entry };
    Entry { value: Value::Logged { position: found.to, length: found.length }, ..entry }
}
