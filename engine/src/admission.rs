//! Which keys a full cache takes: those that it has refused before, not long ago. So keys that are read once, as in a scan, replace
//! none that are read often.

/// Keys that are remembered in one group. The next one replaces the oldest.
const WAYS: usize = 4;

/// The keys that a cache refused last, as a part of their hashes. They are in groups, so that few keys replace each other.
#[derive(Debug, Default)]
pub(crate) struct Admission(Vec<[u16; WAYS]>);

impl Admission {
    /// Remembers about as many keys as this, and forgets all that it knew. Returns whether there is memory for it.
    pub fn resize(&mut self, keys: usize) -> bool {
        let groups = keys.div_ceil(WAYS).max(1);
        self.0 = Vec::new();
        if self.0.try_reserve_exact(groups).is_err() {
            return false;
        }
        self.0.resize(groups, [0; WAYS]);
        true
    }

    /// Whether a full cache takes a key with this hash: if it refused the key before. Remembers it as refused otherwise.
    pub fn admits(&mut self, hash: u64) -> bool {
        let tag = u16::try_from(hash & 0xffff).unwrap_or_default().max(1);
        let group = crate::number::usize_of(((hash >> 32) * self.0.len() as u64) >> 32);
        let Some(refused) = self.0.get_mut(group) else { return true };
        if refused.contains(&tag) {
            return true;
        }
        refused.rotate_right(1);
        refused.iter_mut().take(1).for_each(|newest| *newest = tag);
        false
    }

    /// Bytes of memory in use.
    pub fn size_bytes(&self) -> usize {
        self.0.len() * size_of::<[u16; WAYS]>()
    }
}

#[cfg(test)]
mod tests {
    use super::Admission;

    fn hash(key: u64) -> u64 {
        xxhash_rust::xxh64::xxh64(&key.to_le_bytes(), 0)
    }

    #[test]
    fn keys_that_come_again_and_again_are_admitted_although_they_share_groups() {
        let mut admission = Admission::default();
        assert!(admission.resize(4096));
        // A quarter of the keys that it remembers, in turns, as a loop over hot keys asks for them.
        let admitted = |admission: &mut Admission| (0..1000).filter(|key| admission.admits(hash(*key))).count();
        assert!(admitted(&mut admission) < 10);
        assert!(admitted(&mut admission) > 950);
    }

    #[test]
    fn keys_that_come_once_are_refused() {
        let mut admission = Admission::default();
        assert!(admission.resize(4096));
        let admitted = (0..100_000).filter(|key| admission.admits(hash(*key))).count();
        assert!(admitted < 100, "{admitted} were admitted");
    }
}
