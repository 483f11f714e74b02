//! What reads have found, so that the next ones are fast: values, and ranges without live keys. Every write must report what it
//! changes.

use super::gaps::{Gap, Gaps};
use crate::cache::{Cached, EntryCache};
use crate::version::Version;

/// The results of reads.
pub(super) struct Finds {
    entries: EntryCache,
    gaps: Gaps,
}

impl Finds {
    /// Empty. Its values take at most about `capacity` bytes.
    pub fn new(capacity: usize) -> Self {
        Self { entries: EntryCache::new(capacity), gaps: Gaps::default() }
    }

    /// The version of a key that a read as of `version` finds, if that is known.
    pub fn entry(&mut self, key: &[u8], version: Version) -> Option<Cached<'_>> {
        self.entries.get(key, version)
    }

    /// Notes the newest version of a key.
    pub fn found(&mut self, key: &[u8], entry: &Cached<'_>) {
        self.entries.insert(key, entry);
    }

    /// The ranges without live keys.
    pub fn gaps(&self) -> &Gaps {
        &self.gaps
    }

    /// Notes a gap as of the newest version.
    pub fn found_gap(&mut self, gap: Gap) {
        self.gaps.add(gap);
    }

    /// A key gets a new version: one with a value, or one that deletes it.
    pub fn written(&mut self, key: &[u8], has_value: bool) {
        self.entries.remove(key);
        // A deletion ends no gap.
        if has_value {
            self.gaps.part(key);
        }
    }

    /// Forgets all gaps: they do not hold any more.
    pub fn forget_gaps(&mut self) {
        self.gaps.clear();
    }

    /// Hits and misses of values, and their size in bytes.
    pub fn figures(&self) -> (u64, u64, usize) {
        (self.entries.hits, self.entries.misses, self.entries.size_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::{Cached, Finds, Gap};
    use crate::version::Version;

    #[test]
    fn a_write_ends_what_was_found_of_its_key() {
        let mut finds = Finds::new(1 << 16);
        let cached = Cached { version: Version::of(3), expires: None, value: b"value" };
        let gap = Gap { lower: b"a".to_vec(), upper: None, version: Version::of(3), now_ms: 0, weight: 1000 };
        finds.found(b"key", &cached);
        finds.found_gap(gap);
        assert!(
            finds.entry(b"key", Version::of(3)).is_some()
                && finds.gaps().around(Some(b"key"), Version::of(3), 0).is_some()
        );
        finds.written(b"key", false);
        assert!(
            finds.entry(b"key", Version::of(3)).is_none()
                && finds.gaps().around(Some(b"key"), Version::of(3), 0).is_some()
        );
        finds.written(b"key", true);
        // The gap before the key ends at it, and the gap after it begins there.
        assert_eq!(
            finds.gaps().around(Some(b"k"), Version::of(3), 0).and_then(|gap| gap.upper.clone()),
            Some(b"key".to_vec())
        );
        finds.forget_gaps();
        assert!(finds.gaps().around(Some(b"k"), Version::of(3), 0).is_none());
        assert_eq!(finds.figures().0, 1);
    }
}
