//! The table: sorted blocks in a sled tree.

pub mod block;
