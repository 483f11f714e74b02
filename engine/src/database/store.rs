//! What an open database has, and how it is opened.

use super::clock::Clock;
use super::compact::Compaction;
use super::gaps::Gaps;
use super::hidden::Hidden;
use super::metrics::Counters;
use super::replay::Replay;
use super::value_log::{Settings, ValueLog};
use super::{Disks, Options};
use crate::cache::EntryCache;
use crate::disk::Disk;
use crate::failure::Failure;
use crate::index::{Checkpoint, Index, Notes};
use crate::log::{check_owners, recover};
use crate::memtable::{Memtable, Place};
use crate::table::{Descent, Group, HistoryLeft, Level, SparseSegment, Table, TableDisks};

/// A memtable on its way into the table.
pub(super) struct Sealed {
    pub memtable: Memtable,
    /// Where it goes.
    pub level: Level,
    /// Where the next step goes on; `None` when all is in the table.
    pub place: Option<Place>,
    /// How many entries are in the table.
    pub merged: usize,
    pub hidden: Hidden,
    /// What was merged and is not in the table yet.
    pub group: Group,
    /// What can be recorded once all is in the table, and durable there.
    pub checkpoint: Checkpoint,
}

impl Sealed {
    pub fn new<D: Disk>(
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

/// What an open database has.
pub(super) struct Store<D: Disk> {
    pub notes: Notes,
    pub table: Table<D>,
    pub values: ValueLog<D>,
    pub active: Memtable,
    /// What the active memtable hides.
    pub hidden: Hidden,
    /// About how many bytes of values in the log the bottom level leads to that the upper one hides.
    pub hidden_in_bottom: u64,
    /// How much of that is there no more once the round is done in which the whole upper level descends.
    pub sinking: Option<u64>,
    /// How many bytes of records the log had when the active memtable was begun; those that were recovered are in front of all.
    pub unsealed_from: u64,
    pub recovered_bytes: u64,
    pub sealed: Option<Sealed>,
    /// The memory of the memtable before, for the next one.
    pub spare: Memtable,
    pub cache: EntryCache,
    pub gaps: Gaps,
    pub clock: Clock,
    pub descent: Descent,
    pub compaction: Option<Compaction>,
    pub emptying: Option<SparseSegment>,
    pub options: Options,
    /// The memtables have every version above this one.
    pub tabled: u64,
    pub checkpoint: Checkpoint,
    pub counters: Counters,
}

impl<D: Disk> Store<D> {
    /// Opens the store, and recovers what a crash left in the log.
    pub fn open(index: &Index, disks: Disks<D>, options: Options) -> Result<Self, Failure> {
        let cache_size = usize::try_from(options.cache_size).unwrap_or(usize::MAX);
        let Disks { log: disk, upper, bottom } = disks;
        let disks = TableDisks { upper, bottom };
        let mut table = Table::open(index.blocks(), disks, options.block_size, cache_size / 8 * 5)?;
        let notes = index.notes();
        let checkpoint = notes.checkpoint()?;
        let owner = table.identity().owner_of("log");
        check_owners(&disk, checkpoint.first_segment, owner)?;
        let mut replay = Replay::new(&mut table, &options, &checkpoint);
        let recovered = recover(&disk, checkpoint.first_segment, |position, record| replay.apply(position, &record))?;
        let (active, reserved, tabled) = (replay.active, replay.reserved, replay.tabled);
        let whole_from = replay.whole_from;
        let (sealed, recovered_bytes) = (replay.sealed, replay.log_bytes);
        let last_version = recovered.last_version.max(checkpoint.version);
        let values = ValueLog::open(disk, &recovered, notes.clone(), &Settings { owner, last_version, options })?;
        table.end_history_before(whole_from)?;
        let sealed = sealed
            .map(|(memtable, checkpoint)| Sealed::new(memtable, Hidden::default(), checkpoint, &table))
            .transpose()?;
        let hidden_in_bottom = notes.hidden()?;
        Ok(Self {
            notes,
            table,
            values,
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
            clock: Clock::after(last_version.max(reserved)),
            descent: Descent::default(),
            compaction: None,
            emptying: None,
            options,
            tabled,
            checkpoint,
            counters: Counters::default(),
        })
    }

    /// Whether nothing may be written.
    pub fn is_read_only(&self) -> bool {
        self.options.read_only
    }

    /// Forgets the record that was begun in the log.
    pub fn abort_record(&mut self) {
        self.values.abort();
    }

    /// What is left of the history once all shows that is prepared: that was decided without the snapshots to come.
    pub fn history(&self) -> HistoryLeft {
        let prepared = self.sealed.as_ref().map(|sealed| sealed.group.history());
        self.table.history().max(prepared.unwrap_or_default())
    }

    /// Does a small part of what closing takes; says whether there is more.
    pub fn close_step(&mut self, now_ms: u64) -> Result<bool, Failure> {
        self.clock.stop();
        if self.sealed.is_some() {
            self.checkpoint_step(now_ms)?;
        } else if !self.active.is_empty() || self.checkpoint.reserved != self.clock.reserved() {
            self.seal()?;
        } else {
            return self.table.remove_dead();
        }
        Ok(true)
    }

    /// The disks as they are.
    pub fn into_disks(self) -> Disks<D> {
        let TableDisks { upper, bottom } = self.table.into_disks();
        Disks { log: self.values.into_disk(), upper, bottom }
    }
}
