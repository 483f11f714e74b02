//! Folds the operands of a sealed memtable, before it is merged into the table. So the table has no operands.
//!
//! A key may have many operands. Those that the merge keeps become values, and the oldest one of a run, so that a watch
//! can still read the others: they need nothing of the table any more. The others are left out of the merge.

use super::chain::{Chain, Folded};
use super::sealed::Sealed;
use super::store::Store;
use crate::disk::Disk;
use crate::entry::{Entry, Value};
use crate::expiry::Expiry;
use crate::failure::Failure;
use crate::memtable::Place;
use crate::table::HistoryLeft;
use crate::version::Version;

/// A step looks at this many entries.
const ENTRIES_A_STEP: usize = 512;
/// A step ends once it has folded values of this many bytes.
const BYTES_A_STEP: usize = 512 * 1024;

/// A version of a key in the memtable.
struct Slot {
    place: Place,
    version: Version,
    is_operand: bool,
}

impl<D: Disk> Store<D> {
    /// Folds some operands of the sealed memtable. Returns whether there was something to do.
    pub(super) fn fold_step(&mut self, now_ms: u64) -> Result<bool, Failure> {
        let Some(mut place) = self.memtables.sealed().and_then(Sealed::folding) else { return Ok(false) };
        let retention = self.retention(now_ms, false);
        let appended = self.values.appended_bytes();
        let (mut looked, mut bytes) = (0, 0);
        let mut lost = HistoryLeft::default();
        let next = loop {
            let (key, slots, next) = self.versions_in_sealed(place);
            looked += slots.len();
            if slots.iter().any(|slot| slot.is_operand) {
                let versions: Vec<Version> = slots.iter().map(|slot| slot.version).collect();
                let stays = retention.keeps(&versions);
                for (index, slot) in slots.iter().enumerate().filter(|(_, slot)| slot.is_operand).rev() {
                    let is_oldest = slots.get(index + 1).is_none_or(|older| !older.is_operand);
                    let stays = stays.get(index) == Some(&true);
                    if stays || is_oldest {
                        bytes += self.fold_one(&key, slot)?;
                        if stays {
                            self.look_at_folded(&key, slot.version)?;
                        }
                    } else {
                        let newer = index.checked_sub(1).and_then(|index| versions.get(index));
                        lost.whole_from = lost.whole_from.max(newer.copied().unwrap_or(slot.version));
                        lost.changes_from = lost.changes_from.max(slot.version);
                    }
                }
            }
            match next {
                Some(next) if looked < ENTRIES_A_STEP && bytes < BYTES_A_STEP => place = next,
                next => break next,
            }
        };
        self.memtables.folded(self.values.appended_bytes() - appended);
        // From here on no snapshot begins that would see what is left out.
        self.table.lose_history(lost)?;
        let logged = self.values.end();
        let Some(sealed) = self.memtables.sealed_mut() else { return Ok(true) };
        if sealed.fold_on(next, logged) {
            // The table must not refer to values that are not durable.
            self.values.begin_sync()?;
        }
        Ok(true)
    }

    /// The versions of the key at a place of the sealed memtable, newest first, and the place of the next key.
    fn versions_in_sealed(&self, place: Place) -> (Vec<u8>, Vec<Slot>, Option<Place>) {
        let (mut key, mut slots) = (Vec::new(), Vec::new());
        let Some(memtable) = self.memtables.sealed().map(Sealed::memtable) else {
            return (key, slots, None);
        };
        let mut next = Some(place);
        while let Some((place, entry)) = next.and_then(|place| Some((place, memtable.at(place)?))) {
            if slots.is_empty() {
                key.extend_from_slice(entry.key);
            } else if entry.key != key.as_slice() {
                return (key, slots, Some(place));
            }
            let is_operand = matches!(entry.value, Value::Operand(_));
            slots.push(Slot { place, version: entry.version, is_operand });
            next = memtable.next(place);
        }
        (key, slots, None)
    }

    /// Makes a value of an operand of the sealed memtable. Returns the bytes of that value.
    fn fold_one(&mut self, key: &[u8], slot: &Slot) -> Result<usize, Failure> {
        let Some(chain) = Chain::at(&self.memtables, &self.table, key, slot.version)? else { return Ok(0) };
        let (expires, is_gone) = (chain.expires(), chain.is_deleted());
        let folded = chain.fold();
        self.put_folded(key, slot, (expires, is_gone, folded))
    }

    fn put_folded(
        &mut self,
        key: &[u8],
        slot: &Slot,
        (expires, is_gone, folded): (Option<Expiry>, bool, Folded),
    ) -> Result<usize, Failure> {
        let bytes = if is_gone { Vec::new() } else { folded.read(&mut self.values)? };
        let value = if is_gone {
            Value::Deleted
        } else if self.values.keeps(bytes.len()) {
            let newest = self.clock.newest();
            let (position, length) = self.values.append_value((key, slot.version), &bytes, newest)?;
            Value::Logged { position, length }
        } else {
            Value::Inline(&bytes)
        };
        let entry = Entry { key, version: slot.version, expires, value };
        if let Some(sealed) = self.memtables.sealed_mut() {
            sealed.replace(slot.place, &entry)?;
        }
        Ok(bytes.len())
    }
}
