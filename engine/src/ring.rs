//! A ring of bytes in which the oldest are overwritten.
//!
//! A position counts up for ever: what was overwritten is known by its position alone, and nothing has to be removed.

use crate::number::usize_of;

/// Pieces of bytes, one after the other. No piece wraps around the end.
#[derive(Debug)]
pub struct Ring {
    bytes: Vec<u8>,
    capacity: usize,
    /// Where the next piece starts, counted from the first byte ever written.
    head: u64,
}

impl Ring {
    /// A ring of this many bytes; memory is taken as it fills.
    pub fn new(capacity: usize) -> Self {
        Self { bytes: Vec::new(), capacity, head: 0 }
    }

    /// The size of the ring in bytes.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Makes sure of the memory for the whole ring; says whether there is enough.
    pub fn reserve(&mut self) -> bool {
        self.bytes.try_reserve_exact(self.capacity - self.bytes.len()).is_ok()
    }

    /// Appends a piece that consists of these parts, which must fit the ring; returns its position.
    pub fn append(&mut self, parts: &[&[u8]]) -> u64 {
        let size = parts.iter().map(|part| part.len()).sum::<usize>();
        let mut at = usize_of(self.head % self.capacity as u64);
        if at + size > self.capacity {
            self.head += (self.capacity - at) as u64;
            at = 0;
        }
        if self.bytes.len() < at + size {
            self.bytes.resize(at + size, 0);
        }
        let position = self.head;
        for part in parts {
            if let Some(target) = self.bytes.get_mut(at..at + part.len()) {
                target.copy_from_slice(part);
            }
            at += part.len();
        }
        self.head += size as u64;
        position
    }

    /// The bytes from a position on, unless something was written over them.
    pub fn get(&self, position: u64) -> Option<&[u8]> {
        if position + (self.capacity as u64) < self.head {
            return None;
        }
        self.bytes.get(usize_of(position % self.capacity as u64)..)
    }

    /// Whether what is appended is written over something.
    pub fn is_full(&self) -> bool {
        self.head >= self.capacity as u64
    }

    /// Whether a position is in the older half.
    pub fn is_old(&self, position: u64) -> bool {
        position + self.capacity as u64 / 2 < self.head
    }

    /// Bytes of memory in use.
    pub fn size_bytes(&self) -> usize {
        self.bytes.len()
    }
}
