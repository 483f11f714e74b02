//! Keys as integers, which compare fast. The integer has the eight bytes after the prefix that all keys of a set share.

/// The prefix that all keys of a set share; empty keys do not count.
#[derive(Debug, Default)]
pub struct Common {
    /// `None` while the set has no key except the empty one.
    bytes: Option<Vec<u8>>,
}

impl Common {
    /// Adds a key to the set. Returns whether that changed the integers of the keys in the set. This happens at most as
    /// often as the first key has bytes.
    pub fn admit(&mut self, key: &[u8]) -> bool {
        if key.is_empty() {
            return false;
        }
        let Some(bytes) = &mut self.bytes else {
            self.bytes = Some(key.to_vec());
            return false;
        };
        let length = shared_length(bytes, key);
        let is_shorter = length < bytes.len();
        bytes.truncate(length);
        is_shorter
    }

    /// The integer of any key, whether or not it is in the set. A lower integer means a lower key. Equal integers mean
    /// nothing.
    pub fn abbreviate(&self, key: &[u8]) -> u64 {
        let common = self.bytes.as_deref().unwrap_or_default();
        let (start, rest) = key.split_at(key.len().min(common.len()));
        match start.cmp(common) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => first_eight(rest),
            std::cmp::Ordering::Greater => u64::MAX,
        }
    }
}

/// How many bytes two keys share at their start.
pub fn shared_length(a: &[u8], b: &[u8]) -> usize {
    let chunks = a.chunks_exact(8).zip(b.chunks_exact(8)).take_while(|(a, b)| a == b).count();
    let start = chunks * 8;
    let (a, b) = (a.get(start..).unwrap_or_default(), b.get(start..).unwrap_or_default());
    start + a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// The first eight bytes. Missing bytes count as zero.
pub fn first_eight(key: &[u8]) -> u64 {
    if let Some(bytes) = key.first_chunk::<8>() {
        return u64::from_be_bytes(*bytes);
    }
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::Common;

    fn key() -> impl Strategy<Value = Vec<u8>> {
        let tail = || vec(prop_oneof![Just(0_u8), Just(1), Just(255), any::<u8>()], 0..12);
        prop_oneof![tail(), tail().prop_map(|tail| [b"shared:".as_slice(), &tail].concat())]
    }

    proptest! {
        /// The order of the integers never contradicts the order of the keys. Integers change only when `admit` says
        /// so.
        #[test]
        fn integers_are_in_the_order_of_the_keys(keys in vec(key(), 0..20), others in vec(key(), 2..20)) {
            let mut common = Common::default();
            let mut known: Vec<(&[u8], u64)> = Vec::new();
            for key in &keys {
                if common.admit(key) {
                    known = known.into_iter().map(|(key, _)| (key, common.abbreviate(key))).collect();
                }
                known.push((key, common.abbreviate(key)));
                for (key, integer) in &known {
                    prop_assert_eq!(common.abbreviate(key), *integer);
                }
            }
            known.extend(others.iter().map(|key| (key.as_slice(), common.abbreviate(key))));
            known.sort_unstable();
            prop_assert!(known.is_sorted_by_key(|(_, integer)| *integer), "{known:?}");
        }
    }
}
