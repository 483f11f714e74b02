//! Values of the log that entries of a memtable replace or delete: space that comes back only once that memtable is merged, and
//! where the bottom level leads to them, once they meet there.
//!
//! Whoever deletes large values writes little: nothing else would say that it is time.

/// What the entries of a memtable hide, as far as they were looked at in the order of their commits.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    /// How many were looked at.
    seen: usize,
    /// Bytes of values in the log that the table leads to.
    bytes: u64,
    /// Those among them that the bottom level leads to.
    in_bottom: u64,
}

impl Hidden {
    /// How many entries were looked at.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// Bytes of values in the log that the table leads to.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Those among them that the bottom level leads to.
    pub fn in_bottom(&self) -> u64 {
        self.in_bottom
    }

    /// Takes note that so many entries were looked at, and of what the last ones of them hide.
    pub fn add(&mut self, seen: usize, bytes: u64, in_bottom: u64) {
        self.seen = seen;
        self.bytes += bytes;
        self.in_bottom += in_bottom;
    }
}

/// A memtable, with what it hides.
#[derive(Clone, Copy)]
pub(super) enum Hiding {
    Active,
    Sealed,
}
