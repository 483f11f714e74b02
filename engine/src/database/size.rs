//! How many bytes the entries of a range take: what the memtables and the index say. No block is read.

use super::Database;
use super::sealed::Sealed;
use crate::cursor::{Range, start_in};
use crate::disk::Disk;
use crate::entry::{Boundary, Value};
use crate::failure::Failure;
use crate::table::Level;
use crate::version::Version;

/// The first byte of a place: 0 and 1 are the memtables, the active one first, then come the levels.
const UPPER: u8 = 2;
const BOTTOM: u8 = 3;

/// A sum of some sizes.
struct Sum<'a> {
    size: u64,
    /// How many more blocks or entries count.
    visits: u32,
    /// Where the sum continues: a byte for the part, a version and a key.
    next: &'a mut Vec<u8>,
}

impl Sum<'_> {
    /// Counts what begins at an entry. Returns whether it did. If not, the sum continues there.
    #[inline(never)]
    fn add(&mut self, key: &[u8], version: Version, size: usize) -> bool {
        let is_counted = self.visits > 0;
        if is_counted {
            self.visits -= 1;
            self.size += size as u64;
        } else {
            self.next.extend_from_slice(&version.to_le_bytes());
            self.next.extend_from_slice(key);
        }
        is_counted
    }
}

impl<D: Disk> Database<D> {
    /// Sums the sizes of all blocks that may have entries of a range, and of the keys and values of the memtables.
    /// Visits `visits` blocks or entries of one of these parts, from a place on that the call before wrote to `next`;
    /// an empty one is the start, and the end.
    ///
    /// Data moves from part to part in their order. So what moves between two calls may count twice, and never misses.
    pub fn size_of(&self, range: Range<'_>, from: &[u8], visits: u32, next: &mut Vec<u8>) -> Result<u64, Failure> {
        let store = self.looking();
        let mut range = Range { reverse: false, ..range };
        let (part, place) = from.split_first().map_or((0, from), |(part, place)| (*part, place));
        if let Some((version, key)) = place.split_first_chunk() {
            range.lower = Boundary::At(key, Version::from_le_bytes(*version));
        }
        next.clear();
        next.push(part);
        let mut sum = Sum { size: 0, visits, next };
        if part < UPPER {
            let memtables = &store.memtables;
            let sealed = memtables.sealed().map(Sealed::memtable);
            if let Some(memtable) = if part == 0 { Some(memtables.active()) } else { sealed } {
                for entry in memtable.iter_from(start_in(memtable, &range)) {
                    // A value in the log does not count in the table either: the index does not know it.
                    let value =
                        if let Value::Inline(bytes) | Value::Operand(bytes) = entry.value { bytes.len() } else { 0 };
                    if !range.contains(entry.key) || !sum.add(entry.key, entry.version, entry.key.len() + value) {
                        break;
                    }
                }
            }
        } else {
            let level = if part == UPPER { Level::Upper } else { Level::Bottom };
            let first = range.lower.key().unwrap_or_default();
            // The first block may begin before the range does. It has the key that the range begins at or behind.
            range.lower = Boundary::Before(first);
            store.table.visit_blocks(level, first, &mut |separator, size| {
                range.contains(separator.max(first)) && sum.add(separator, Version::NEWEST, size as usize)
            })?;
        }
        let size = sum.size;
        if let [part] = next.as_mut_slice() {
            *part += 1;
            if *part > BOTTOM {
                next.clear();
            }
        }
        Ok(size)
    }
}
