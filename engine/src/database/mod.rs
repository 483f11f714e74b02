//! The database: log, memtables and table as one ordered store of versions.
//!
//! A commit goes to the log and to the *active* memtable, and nowhere else. A full memtable is *sealed*; a checkpoint moves
//! it into the table in small steps while a new one takes the commits. Then the checkpoint is recorded and the segments of
//! the log that only it needed are dropped. A crash in the middle is repaired by reading the log again: every step of a
//! checkpoint may be done twice.

mod background;
pub mod checkpoint;
mod compact;
mod gaps;
mod hidden;
mod metrics;
mod newest_segment;
mod options;
pub mod payload;
mod read;
mod reclaim;
mod replay;
mod restore;
mod snapshots;
mod values;
mod verify;
mod walk;
mod write;

use std::collections::BTreeMap;
use std::path::Path;

pub use options::Options;
pub use read::{Budget, GoOn, Newest, Read};
pub use restore::RestoredEntry;
pub use values::ValueStream;
pub use verify::Verification;
pub use walk::Walked;

use self::checkpoint::Checkpoint;
use self::compact::Compaction;
use self::gaps::Gaps;
use self::hidden::Hidden;
use self::metrics::Counters;
use self::reclaim::Moving;
use self::replay::Replay;
use self::snapshots::Snapshots;
use self::values::ValueFiles;
use self::write::LargePut;
use crate::cache::EntryCache;
use crate::disk::Disk;
use crate::failure::Failure;
use crate::log::{LogWriter, SegmentSizes, check_owners, make_durable, recover};
use crate::memtable::{Memtable, Place};
use crate::recovery::open_index;
use crate::table::{Descent, Group, HistoryLeft, Level, SparseSegment, Table, TableDisks};

/// A memtable on its way into the table.
struct Sealed {
    memtable: Memtable,
    /// Where it goes.
    level: Level,
    /// Where the next step goes on; `None` when all is in the table.
    place: Option<Place>,
    /// How many entries are in the table.
    merged: usize,
    hidden: Hidden,
    /// What was merged and is not in the table yet.
    group: Group,
    /// What can be recorded once all is in the table, and durable there.
    checkpoint: Checkpoint,
}

impl Sealed {
    fn new<D: Disk>(
        memtable: Memtable,
        hidden: Hidden,
        checkpoint: Checkpoint,
        table: &Table<D>,
    ) -> Result<Self, Failure> {
        let place = memtable.first();
        let first = place.and_then(|place| memtable.at(place));
        let level = first.map_or(Ok(Level::Upper), |first| table.level_from(first.key))?;
        Ok(Self { memtable, level, place, merged: 0, hidden, group: Group::default(), checkpoint })
    }
}

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

/// An open database. After an error of the disk it must not be used again, but opened anew.
pub struct Database<D: Disk> {
    db: sled::Db,
    table: Table<D>,
    log: LogWriter<D>,
    files: ValueFiles<D::File>,
    active: Memtable,
    /// What the active memtable hides.
    hidden: Hidden,
    /// About how many bytes of values in the log the bottom level leads to that the upper one hides.
    hidden_in_bottom: u64,
    /// How much of that is there no more once the round is done in which the whole upper level descends.
    sinking: Option<u64>,
    /// How many bytes of records the log had when the active memtable was begun; those that were recovered are in front of all.
    unsealed_from: u64,
    recovered_bytes: u64,
    sealed: Option<Sealed>,
    /// The memory of the memtable before, for the next one.
    spare: Memtable,
    cache: EntryCache,
    gaps: Gaps,
    large_put: Option<LargePut>,
    /// The version that is being restored.
    restoring: Option<u64>,
    /// Since which versions what is gone is kept, and how often.
    held: BTreeMap<u64, usize>,
    descent: Descent,
    moving: Option<Moving>,
    compaction: Option<Compaction>,
    emptying: Option<SparseSegment>,
    /// The segments of the log that recovery does not need.
    old_segments: SegmentSizes,
    /// Whether these may have changed.
    reclaimable: bool,
    /// How many bytes of records the log had at the last commit.
    paced_bytes: u64,
    snapshots: Snapshots,
    options: Options,
    /// The memtables have every version above this one.
    tabled: u64,
    checkpoint: Checkpoint,
    /// The newest segment of the log that the index knows of.
    noted_segment: u64,
    version: u64,
    reserved: u64,
    counters: Counters,
}

impl<D: Disk> Database<D> {
    /// Opens the database with its index in `directory` and all else on `disks`, and recovers what a crash left in the log.
    pub fn open(directory: &Path, disks: Disks<D>, options: Options) -> Result<Self, Failure> {
        Self::with_index(open_index(directory, options.cache_size / 8)?, disks, options)
    }

    /// As [`Database::open`], with an index that is open already.
    pub fn with_index(db: sled::Db, disks: Disks<D>, options: Options) -> Result<Self, Failure> {
        let cache_size = usize::try_from(options.cache_size).unwrap_or(usize::MAX);
        let Disks { log: disk, upper, bottom } = disks;
        let disks = TableDisks { upper, bottom };
        let mut table = Table::open(db.open_tree("blocks")?, disks, options.block_size, cache_size / 8 * 5)?;
        let checkpoint = Checkpoint::read(&db)?;
        let owner = table.identity().owner_of("log");
        check_owners(&disk, checkpoint.first_segment, owner)?;
        let mut replay = Replay::new(&mut table, &options, &checkpoint);
        let recovered = recover(&disk, checkpoint.first_segment, |position, record| replay.apply(position, &record))?;
        let noted_segment = newest_segment::require(&db, recovered.end.segment)?;
        let (active, reserved, tabled) = (replay.active, replay.reserved, replay.tabled);
        let whole_from = replay.whole_from;
        let (sealed, recovered_bytes) = (replay.sealed, replay.log_bytes);
        if !options.read_only {
            make_durable(&disk, &recovered)?;
        }
        let last_version = recovered.last_version.max(checkpoint.version);
        let version = last_version.max(reserved);
        table.end_history_before(whole_from)?;
        let sealed = sealed
            .map(|(memtable, checkpoint)| Sealed::new(memtable, Hidden::default(), checkpoint, &table))
            .transpose()?;
        let hidden_in_bottom = Checkpoint::hidden(&db)?;
        Ok(Self {
            db,
            table,
            log: LogWriter::start(disk, recovered.end, last_version, options.segment_size).owned_by(owner),
            files: ValueFiles::owned_by(owner),
            active,
            hidden: Hidden::default(),
            hidden_in_bottom,
            sinking: None,
            unsealed_from: 0,
            recovered_bytes,
            sealed,
            spare: Memtable::default(),
            cache: EntryCache::new(cache_size / 4),
            gaps: Gaps::default(),
            large_put: None,
            restoring: None,
            held: BTreeMap::new(),
            descent: Descent::default(),
            moving: None,
            compaction: None,
            emptying: None,
            old_segments: SegmentSizes::default(),
            reclaimable: true,
            paced_bytes: 0,
            snapshots: Snapshots::default(),
            options,
            tabled,
            checkpoint,
            noted_segment,
            version,
            reserved: version,
            counters: Counters::default(),
        })
    }

    /// The version of the newest commit.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Hands all commits to the operating system: they survive the end of the process.
    pub fn write_out(&mut self) -> Result<(), Failure> {
        self.abort_put();
        self.log.write_out()
    }

    /// Makes all commits durable.
    pub fn sync(&mut self) -> Result<(), Failure> {
        self.abort_put();
        self.log.sync()
    }

    /// What is left of the history once all shows that is prepared: that was decided without the snapshots to come.
    fn history(&self) -> HistoryLeft {
        let prepared = self.sealed.as_ref().map(|sealed| sealed.group.history());
        self.table.history().max(prepared.unwrap_or_default())
    }

    /// From which version on reads find what they always found.
    pub fn whole_from(&self) -> u64 {
        self.history().whole_from
    }

    /// From which version on no change is missing.
    pub fn changes_from(&self) -> u64 {
        self.history().changes_from.min(self.tabled)
    }

    /// From which version on an increment misses no key that changed: at most [`Database::changes_from`], since the older ones of
    /// several changes of a key do not count.
    pub fn newest_from(&self) -> u64 {
        self.history().newest_from.min(self.tabled)
    }

    /// Keeps what says that keys are gone since `version`, until [`Database::release_gone`].
    pub fn hold_gone(&mut self, version: u64) {
        *self.held.entry(version).or_default() += 1;
    }

    /// Lets go of one hold; says whether there was one.
    pub fn release_gone(&mut self, version: u64) -> bool {
        let Some(count) = self.held.get_mut(&version) else { return false };
        *count -= 1;
        if *count == 0 {
            self.held.remove(&version);
        }
        true
    }

    /// Keeps what `version` sees (at most the newest one) until [`Database::close_snapshot`]; returns that version, or `None` when
    /// some of it is gone already.
    pub fn open_snapshot(&mut self, version: u64, now_ms: u64) -> Option<u64> {
        let version = version.min(self.version);
        if version < self.whole_from() && !self.snapshots.contains(version) {
            return None;
        }
        self.snapshots.open(version, now_ms);
        Some(version)
    }

    /// Lets go of one snapshot at `version`; says whether there was one.
    pub fn close_snapshot(&mut self, version: u64) -> bool {
        self.snapshots.close(version)
    }

    /// Does a small part of what [`Database::close`] has to do; says whether there is more. There must be no more commits.
    pub fn close_step(&mut self, now_ms: u64) -> Result<bool, Failure> {
        self.abort_put();
        if self.options.read_only {
            return Ok(false);
        }
        // What was reserved and not used can be used by the next life.
        self.reserved = self.reserved.min(self.version);
        if self.sealed.is_some() {
            self.checkpoint_step(now_ms)?;
        } else if !self.active.is_empty() || self.checkpoint.reserved != self.reserved {
            self.seal()?;
        } else {
            return self.table.remove_dead();
        }
        Ok(true)
    }

    /// Moves everything into the table, makes all durable and gives the disks back.
    pub fn close(mut self, now_ms: u64) -> Result<Disks<D>, Failure> {
        while self.close_step(now_ms)? {}
        if !self.options.read_only {
            self.log.sync()?;
        }
        Ok(self.crash())
    }

    /// The disks as they are: what was not written out is gone, as by a crash.
    pub fn crash(self) -> Disks<D> {
        let TableDisks { upper, bottom } = self.table.into_disks();
        Disks { log: self.log.into_disk(), upper, bottom }
    }
}
