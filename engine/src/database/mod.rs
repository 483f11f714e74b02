//! The database: log, memtables and table as one ordered store of versions.
//!
//! A commit goes to the log and to the *active* memtable, and nowhere else. A full memtable is *sealed*; a checkpoint moves
//! it into the table in small steps while a new one takes the commits. Then the checkpoint is recorded and the segments of
//! the log that only it needed are dropped. A crash in the middle is repaired by reading the log again: every step of a
//! checkpoint may be done twice.

mod apply;
mod background;
mod chain;
mod checkpointer;
mod clock;
mod compact;
mod finds;
mod fold;
mod gaps;
mod hidden;
mod job_steps;
mod jobs;
mod look;
mod memtables;
mod merging;
mod metrics;
mod mode;
mod options;
pub mod payload;
mod read;
mod reclaim;
mod replay;
mod restore;
mod sealed;
mod size;
mod snapshots;
mod store;
#[cfg(test)]
mod testing;
mod times;
mod value_log;
mod verify;
mod walk;
mod write;

use std::path::Path;

pub use merging::Merging;
pub use mode::Database;
pub use options::Options;
pub use read::{Budget, GoOn, Newest, Read, Visited};
pub use restore::RestoredEntry;
pub use times::WriteTime;
pub use value_log::ValueStream;
pub use verify::Verification;
pub use walk::Walked;

use self::store::Store;
use crate::disk::Disk;
use crate::failure::Failure;
use crate::index::Index;
use crate::version::Version;

/// Where a database keeps its files, but for the index.
#[derive(Debug)]
pub struct Disks<D> {
    /// The segments of the log.
    pub log: D,
    /// The blocks of the table's upper level.
    pub upper: D,
    /// The blocks of its bottom level.
    pub bottom: D,
}

impl<D: Disk> Database<D> {
    /// Opens the database with its index in `directory` and all else on `disks`, and recovers what a crash left in the log.
    pub fn open(directory: &Path, disks: Disks<D>, options: Options) -> Result<Self, Failure> {
        Self::with_index(&Index::open(directory, options.cache_size / 16)?, disks, options)
    }

    /// As [`Database::open`], with an index that is open already.
    pub fn with_index(index: &Index, disks: Disks<D>, options: Options) -> Result<Self, Failure> {
        Ok(Self::over(Store::open(index, disks, options)?))
    }

    /// The version of the newest commit.
    pub fn version(&self) -> Version {
        self.looking().clock.newest()
    }

    /// When a version was written; `None` if nobody knows. By the clock of the caller that committed it.
    pub fn write_time(&self, version: Version) -> Option<WriteTime> {
        self.looking().checkpointer.times().find(version)
    }

    /// Hands all commits to the operating system: they survive the end of the process. Returns `false` if some wait for a sync that
    /// goes on: then the caller must call again once that is done.
    pub fn write_out(&mut self) -> Result<bool, Failure> {
        self.working().values.write_out()
    }

    /// As [`Database::write_out`], but nothing waits.
    pub fn write_out_now(&mut self) -> Result<(), Failure> {
        self.working().values.write_out_now()
    }

    /// Begins to make all commits durable. They are when [`Database::synced`] was told so. Returns `false` if some
    /// wait for an earlier sync: then the caller must call again once that is done.
    pub fn begin_sync(&mut self) -> Result<bool, Failure> {
        self.working().values.begin_sync()
    }

    /// The disk of the log, for tests that complete its syncs.
    pub fn log_disk(&self) -> &D {
        self.looking().values.disk()
    }

    /// How many syncs of the log were begun. It wraps.
    pub fn begun_syncs(&self) -> u32 {
        self.looking().values.begun_count()
    }

    /// Notes that the first `count` of all syncs of the log that were begun are done.
    pub fn synced(&mut self, count: u32) -> Result<(), Failure> {
        self.reading().values.synced(count)
    }

    /// Makes all commits durable.
    pub fn sync(&mut self) -> Result<(), Failure> {
        self.working().values.sync()
    }

    /// Makes everything durable, and ends all segments except that of the log. With `is_copied` it ends that one, too: then no existing
    /// file of log and blocks changes any more. A copy of the files opens at the newest version, and no version above it counts as
    /// used. The next commit then reserves versions again, as the first one after an open does.
    pub fn end_segments(&mut self, is_copied: bool) -> Result<(), Failure> {
        self.writing().map_or(Ok(()), |store| {
            store.table.end_segments()?;
            if !is_copied {
                return store.values.sync();
            }
            // A worker may still write blocks of such a job. Nothing refers to them.
            store.take_jobs_back();
            store.table.end_lending();
            if let Some(ending) = store.clock.ending() {
                store.values.append(ending.version, &payload::encode_reservation(ending.last))?;
                store.clock.reserve(ending, store.values.end());
            }
            store.values.end_segment()
        })
    }

    /// From which version on reads find what they always found.
    pub fn whole_from(&self) -> Version {
        self.looking().history().whole_from
    }

    /// From which version on no change is missing.
    pub fn changes_from(&self) -> Version {
        let store = self.looking();
        store.history().changes_from.min(store.memtables.tabled())
    }

    /// From which version on an increment misses no key that changed. The memtables may have more for a moment, but an increment takes
    /// many calls: what is merged without a deletion is gone as soon as its checkpoint is recorded.
    pub fn newest_from(&self) -> Version {
        self.looking().history().newest_from
    }

    /// Keeps what says that keys are gone since `version`, until [`Database::release_gone`].
    pub fn hold_gone(&mut self, version: Version) {
        self.reading().clock.hold_gone(version);
    }

    /// Lets go of one hold; says whether there was one.
    pub fn release_gone(&mut self, version: Version) -> bool {
        self.reading().clock.release_gone(version)
    }

    /// Keeps what `version` sees (at most the newest one) until [`Database::close_snapshot`]; returns that version, or `None` when
    /// some of it is gone already.
    pub fn open_snapshot(&mut self, version: Version, now_ms: u64) -> Option<Version> {
        let store = self.reading();
        let whole_from = store.history().whole_from;
        store.clock.open_snapshot(version, whole_from, now_ms)
    }

    /// Lets go of one snapshot at `version`; says whether there was one.
    pub fn close_snapshot(&mut self, version: Version) -> bool {
        self.reading().clock.close_snapshot(version)
    }

    /// Does a small part of what [`Database::close`] has to do; says whether there is more. There must be no more commits.
    pub fn close_step(&mut self, now_ms: u64) -> Result<bool, Failure> {
        self.writing().map_or(Ok(false), |store| store.close_step(now_ms))
    }

    /// Moves everything into the table, makes all durable and gives the disks back.
    pub fn close(mut self, now_ms: u64) -> Result<Disks<D>, Failure> {
        self.run_jobs(false);
        while self.close_step(now_ms)? {}
        self.writing().map_or(Ok(()), |store| store.values.sync())?;
        Ok(self.crash())
    }

    /// The disks as they are: what was not written out is gone, as by a crash.
    pub fn crash(self) -> Disks<D> {
        self.into_store().into_disks()
    }
}
