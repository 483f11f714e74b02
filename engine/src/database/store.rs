//! The state of an open database, and how it is opened.

use super::checkpointer::Checkpointer;
use super::clock::Clock;
use super::finds::Finds;
use super::hidden::Hidden;
use super::jobs::Planned;
use super::memtables::Memtables;
use super::metrics::Counters;
use super::replay::Replay;
use super::sealed::Sealed;
use super::value_log::{Settings, ValueLog};
use super::{Disks, Options};
use crate::disk::Disk;
use crate::failure::Failure;
use crate::index::{Checkpoint, Index};
use crate::log::{Position, check_owners, recover};
use crate::table::{HistoryLeft, Table, TableDisks};

/// The state of an open database. Each part keeps its own data private.
pub(super) struct Store<D: Disk> {
    pub table: Table<D>,
    pub values: ValueLog<D>,
    pub memtables: Memtables,
    pub checkpointer: Checkpointer,
    pub clock: Clock,
    pub finds: Finds,
    pub options: Options,
    pub counters: Counters,
}

impl<D: Disk> Store<D> {
    /// Opens the store. Recovers the entries that a crash left in the log.
    pub fn open(index: &Index, disks: Disks<D>, options: Options) -> Result<Self, Failure> {
        let cache_size = usize::try_from(options.cache_size).unwrap_or(usize::MAX);
        let Disks { log: disk, upper, bottom } = disks;
        let disks = TableDisks { upper, bottom };
        let mut table = Table::open(index.blocks(), disks, options.block_size, cache_size / 16 * 11)?;
        table.set_compression(options.compression);
        let mut checkpointer = Checkpointer::open(index.notes())?;
        let checkpoint = checkpointer.checkpoint();
        let owner = table.identity().owner_of("log");
        check_owners(&disk, checkpoint.first_segment, owner)?;
        let mut replay = Replay::new(&disk, &mut table, &options, &mut checkpointer);
        let recovered = recover(&disk, checkpoint.first_segment, |position, record| replay.apply(position, &record))?;
        let Replay { active, sealed, reserved, tabled, log_bytes, whole_from, .. } = replay;
        let last_version = recovered.last_version.max(checkpoint.version);
        let values = ValueLog::open(disk, &recovered, index.notes(), &Settings { owner, last_version, options })?;
        table.end_history_before(whole_from)?;
        let mut memtables_from = tabled;
        let has_operands = active.operands() + sealed.as_ref().map_or(0, |(sealed, _)| sealed.operands()) > 0;
        if has_operands {
            // The table may be ahead: older operands may have lost the value below them.
            memtables_from = memtables_from.max(table.history().whole_from);
        }
        let sealed = sealed
            .map(|(memtable, checkpoint)| {
                Sealed::new(memtable, Hidden::default(), (checkpoint, Position::default()), &table)
            })
            .transpose()?;
        Ok(Self {
            table,
            values,
            memtables: Memtables::recovered(active, sealed, memtables_from, log_bytes),
            checkpointer,
            clock: Clock::after(last_version.max(reserved)),
            finds: Finds::new(cache_size / 4),
            options,
            counters: Counters::default(),
        })
    }

    /// Whether writes are forbidden.
    pub fn is_read_only(&self) -> bool {
        self.options.read_only
    }

    /// Discards the unfinished record in the log.
    pub fn abort_record(&mut self) {
        self.values.abort();
    }

    /// The remaining history once all prepared changes are visible. Later snapshots cannot change those.
    pub fn history(&self) -> HistoryLeft {
        let prepared = self.memtables.sealed().map(Sealed::history);
        self.table.history().max(prepared.unwrap_or_default()).max(self.checkpointer.jobs().history())
    }

    /// Does a small part of closing. Returns whether more is left.
    pub fn close_step(&mut self, now_ms: u64) -> Result<bool, Failure> {
        self.settle()?;
        self.clock.stop();
        self.end_jobs_soon();
        let Checkpoint { reserved, .. } = self.checkpointer.checkpoint();
        if self.checkpointer.jobs().are_out() {
            self.step_beside_jobs()?;
        } else if self.memtables.sealed().is_some() {
            if self.planned() != Some(Planned::Merge) {
                self.checkpoint_step(now_ms)?;
            }
        } else if !self.memtables.active().is_empty() || reserved != self.clock.reserved() {
            self.seal()?;
        } else {
            return Ok(self.end_lending()? || self.remove_dead()?);
        }
        Ok(true)
    }

    /// The disks in their present state.
    pub fn into_disks(self) -> Disks<D> {
        let TableDisks { upper, bottom } = self.table.into_disks();
        Disks { log: self.values.into_disk(), upper, bottom }
    }
}
