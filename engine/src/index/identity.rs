//! The identity of a store, which tells its files from those of another store.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use xxhash_rust::xxh64::xxh64;

use super::Tree;
use crate::failure::{Failure, FailureKind};
use crate::number::low_half;

/// The key of the identity in the tree of the blocks.
const KEY: &[u8] = &[6];

/// A random number that a store gets when luge creates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity(u64);

impl Identity {
    /// The identity in the tree. A new store gets one, durably, before it writes a segment with an owner.
    pub fn of(tree: &dyn Tree, is_new: bool) -> Result<Self, Failure> {
        if let Some(bytes) = tree.get(KEY)? {
            let identity = bytes[..].try_into().map(u64::from_le_bytes);
            let damaged = |_| Failure::new(FailureKind::Corrupt, "the identity of the store in the index is damaged");
            return identity.map(Self).map_err(damaged);
        }
        if !is_new {
            return Err(Failure::new(FailureKind::Corrupt, "the identity of the store in the index is missing"));
        }
        let identity = RandomState::new().build_hasher().finish().max(1);
        tree.insert(KEY, &identity.to_le_bytes())?;
        tree.sync()?;
        Ok(Self(identity))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }

    /// An identity with this number. `tree` keeps it.
    pub fn given(number: u64, tree: &dyn Tree) -> Result<Self, Failure> {
        tree.insert(KEY, &number.to_le_bytes())?;
        Ok(Self(number))
    }

    /// The owner in the headers of the segments in a directory of the store.
    #[must_use]
    pub fn owner_of(self, directory: &str) -> u32 {
        low_half(xxh64(directory.as_bytes(), self.0)).max(1)
    }
}
