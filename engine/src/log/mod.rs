//! The log: what is committed stands here first, and is recovered from here.
//!
//! A log is a row of numbered segment files. Each starts with a [`segment`] header and holds [`record`]s, one a commit. All
//! segments but the last are durable as a whole: a segment is begun only after the one before was synced. Each header says
//! where the log before it ends, so that what a crash tore off behind that point is never read again.
//!
//! After a crash the last segment may end in a torn record, or in several: a disk keeps unsynced writes in any order. What
//! follows the first bad record was not acknowledged, unless a record behind it says that the log was known to be durable
//! beyond it: then the bad one is damage, and reported.

mod file_name;
pub mod files;
pub mod position;
pub mod record;
pub mod recovery;
pub mod segment;
pub mod sizes;
pub mod writer;

pub use files::{SegmentFiles, check_owners};
pub use position::Position;
pub use recovery::{Recovered, make_durable, recover, verify_segment};
pub use sizes::SegmentSizes;
pub use writer::LogWriter;
