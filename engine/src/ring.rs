//! A ring buffer, in which new bytes overwrite the oldest ones.
//!
//! Positions only grow. So a position alone tells whether its bytes have been overwritten, and nothing has to be
//! removed.

use crate::number::usize_of;

/// Pieces of bytes, one after the other. No piece wraps around the end.
#[derive(Debug)]
pub struct Ring {
    bytes: Vec<u8>,
    capacity: usize,
    /// The position of the next piece, counted from the first byte ever written.
    head: u64,
}

impl Ring {
    /// A ring of this many bytes. It allocates memory as it fills.
    pub fn new(capacity: usize) -> Self {
        Self { bytes: Vec::new(), capacity, head: 0 }
    }

    /// The size of the ring in bytes.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Allocates the memory for the whole ring. Returns whether there is enough.
    pub fn reserve(&mut self) -> bool {
        self.bytes.try_reserve_exact(self.capacity - self.bytes.len()).is_ok()
    }

    /// Appends one piece that consists of these parts, which must fit the ring. Returns its position.
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

    /// The bytes from a position on, unless they have been overwritten.
    pub fn get(&self, position: u64) -> Option<&[u8]> {
        if position + (self.capacity as u64) < self.head {
            return None;
        }
        self.bytes.get(usize_of(position % self.capacity as u64)..)
    }

    /// Whether a position is in the older half of the ring.
    pub fn is_old(&self, position: u64) -> bool {
        position + self.capacity as u64 / 2 < self.head
    }

    /// Bytes of memory in use.
    pub fn size_bytes(&self) -> usize {
        self.bytes.len()
    }
}
