//! Values in the log that entries of a memtable replace or delete. Their space becomes free once that memtable is merged. If the
//! bottom level refers to them, it becomes free once the entries have descended to the bottom.
//!
//! Example: a program deletes large values. It writes little, so the size of the memtable would not start a merge. This count does.

/// The values that the entries of a memtable hide. Entries are examined in the order of their commits.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    /// How many entries were examined.
    seen: usize,
    /// Bytes of hidden values in the log that the table refers to.
    bytes: u64,
    /// Those among them that the bottom level refers to.
    in_bottom: u64,
}

impl Hidden {
    /// How many entries were examined.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// Bytes of hidden values in the log that the table refers to.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Those among them that the bottom level refers to.
    pub fn in_bottom(&self) -> u64 {
        self.in_bottom
    }

    /// Notes that `seen` entries were examined by now, and how many more bytes these hide.
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
