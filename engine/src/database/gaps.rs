//! Ranges without live keys. Walks find them, so that the next walk does not pass the same tombstones again.
//!
//! Example: a queue puts at its tail and takes from its head, so its tombstones are before the head. The first walk passes
//! them. The next ones start after them.
//!
//! A gap is a range of keys in which no read finds anything, as of the gap's version or a newer one, and at the gap's time
//! or later. Only a put can end that. Deletions and merges cannot.

use crate::version::Version;

/// The most gaps that are kept. Above it, those of the smallest weight are dropped.
const MOST_GAPS: usize = 64;
/// A gap of less weight is not worth a lookup: passing its tombstones is as fast.
const LEAST_WEIGHT: u32 = 16;
/// Gaps with longer keys are not kept.
const MOST_KEY_BYTES: usize = 4096;

/// A range of keys, from `lower` on and before `upper`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub lower: Vec<u8>,
    /// `None` for no end.
    pub upper: Option<Vec<u8>>,
    /// Holds for reads as of this version or a newer one.
    pub version: Version,
    /// Holds for reads at this time or later: there may be expired values in it.
    pub now_ms: u64,
    /// About how many tombstones are in it.
    pub weight: u32,
}

impl Gap {
    fn reaches(&self, key: &[u8]) -> bool {
        self.upper.as_deref().is_none_or(|upper| key <= upper)
    }
}

/// Gaps in the order of their keys. They neither overlap nor touch.
#[derive(Debug, Default)]
pub(super) struct Gaps(Vec<Gap>);

impl Gaps {
    /// The gap that contains a place or ends there, for a read as of a version, at a time. A place is before a key, or after all
    /// keys.
    pub fn around(&self, place: Option<&[u8]>, version: Version, now_ms: u64) -> Option<&Gap> {
        let gap = self.0.get(self.count_to(place).checked_sub(1)?)?;
        let reaches = place.map_or(gap.upper.is_none(), |key| gap.reaches(key));
        Some(gap).filter(|gap| reaches && gap.version <= version && gap.now_ms <= now_ms)
    }

    /// How many gaps begin at a place or before it.
    #[inline(never)]
    fn count_to(&self, place: Option<&[u8]>) -> usize {
        self.0.partition_point(|gap| place.is_none_or(|key| gap.lower.as_slice() <= key))
    }

    /// Notes a gap as of the newest version. Gaps that it touches become a part of it.
    #[cold]
    pub fn add(&mut self, mut added: Gap) {
        let is_long = |key: &[u8]| key.len() > MOST_KEY_BYTES;
        let is_nothing = added.upper.as_ref().is_some_and(|upper| *upper <= added.lower);
        if is_nothing || is_long(&added.lower) || added.upper.as_deref().is_some_and(is_long) {
            return;
        }
        let mut at = self.count_to(added.upper.as_deref());
        while at > 0 && self.0.get(at - 1).is_some_and(|gap| gap.reaches(&added.lower)) {
            at -= 1;
            let gap = self.0.remove(at);
            added.now_ms = added.now_ms.max(gap.now_ms);
            // The weight of a walk includes the gaps that it skipped.
            added.weight = added.weight.max(gap.weight);
            added.lower = added.lower.min(gap.lower);
            added.upper = added.upper.zip(gap.upper).map(|(own, other)| own.max(other));
        }
        if added.weight < LEAST_WEIGHT {
            return;
        }
        self.0.insert(at, added);
        if self.0.len() > MOST_GAPS {
            let lightest = self.0.iter().map(|gap| gap.weight).min();
            if let Some(at) = self.0.iter().position(|gap| Some(gap.weight) == lightest) {
                self.0.remove(at);
            }
        }
    }

    /// Notes a put: it splits its gap in two. Parts of too little weight are dropped.
    pub fn part(&mut self, key: &[u8]) {
        if !self.0.is_empty() {
            self.part_at(key);
        }
    }

    #[cold]
    fn part_at(&mut self, key: &[u8]) {
        let at = self.count_to(Some(key));
        let Some(gap) = at.checked_sub(1).and_then(|at| self.0.get_mut(at)) else { return };
        if gap.upper.as_deref().is_some_and(|upper| key >= upper) {
            return;
        }
        gap.weight /= 2;
        let behind = Gap { lower: [key, &[0]].concat(), ..gap.clone() };
        gap.upper = Some(key.to_vec());
        if gap.weight < LEAST_WEIGHT || gap.lower == key {
            self.0.remove(at - 1);
        }
        self.add(behind);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
