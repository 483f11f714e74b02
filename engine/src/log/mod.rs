//! The log: every commit is written here first, and recovered from here.
//!
//! A log is a sequence of numbered segment files. Each starts with a [`segment`] header and contains [`record`]s, one
//! for each commit. All segments except the last are completely durable: the writer begins a segment only after it
//! synced the one before. Each header says where the log before it ends. Recovery never reads bytes after that point in
//! earlier segments.
//!
//! After a crash the last segment may end in one torn record or several, because a disk may keep unsynced writes in any
//! order. Records after the first torn one were not acknowledged. The exception: a later record says that the log was durable
//! beyond the torn one. Then the torn record is damage, and recovery reports it.

mod files;
pub mod record;
mod recovery;
pub mod segment;
mod sizes;
mod writer;

pub use crate::position::{PackedPosition, Position, SegmentNumber};
pub use files::{SegmentFiles, check_owners};
pub use recovery::{Recovered, make_durable, recover, verify_segment};
pub use sizes::SegmentSizes;
pub use writer::LogWriter;
