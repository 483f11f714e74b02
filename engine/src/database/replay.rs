//! Replays the records of the log into memtables.

use super::checkpointer::Checkpointer;
use super::options::Options;
use super::payload::{self, Change, Logged, Payload};
use super::times::Times;
use crate::disk::Disk;
use crate::entry::{Entry, Value};
use crate::failure::{Failure, FailureKind};
use crate::index::Checkpoint;
use crate::log::record::{self, Record};
use crate::log::{Position, make_durable};
use crate::memtable::Memtable;
use crate::table::{Level, Retention, Table};
use crate::version::Version;

/// Blocks that are merged at once.
const BLOCKS_A_STEP: usize = 64;

/// The target of a replay.
pub(super) struct Replay<'a, D: Disk> {
    pub active: Memtable,
    /// A full memtable, and the checkpoint to record once the table has its entries.
    pub sealed: Option<(Memtable, Checkpoint)>,
    pub reserved: Version,
    /// The memtables have all versions above this one.
    pub tabled: Version,
    /// Bytes of records after those of the sealed memtable.
    pub log_bytes: u64,
    log: &'a D,
    table: &'a mut Table<D>,
    options: &'a Options,
    /// The table has the versions up to this one.
    skip: Version,
    /// The newest complete version.
    version: Version,
    /// The version from which the history is complete, as far as a restore ended the earlier history.
    pub whole_from: Version,
    /// The version of the last commit or reservation.
    before: Version,
    /// When versions were written.
    times: &'a mut Times,
}

impl<'a, D: Disk> Replay<'a, D> {
    pub fn new(log: &'a D, table: &'a mut Table<D>, options: &'a Options, checkpointer: &'a mut Checkpointer) -> Self {
        let active = Memtable::default();
        let Checkpoint { reserved, version: skip, .. } = checkpointer.checkpoint();
        let (tabled, version) = (skip, skip);
        let log_bytes = 0;
        Self {
            active,
            sealed: None,
            reserved,
            tabled,
            log_bytes,
            log,
            table,
            options,
            skip,
            version,
            whole_from: Version::NONE,
            before: Version::NONE,
            times: checkpointer.times_mut(),
        }
    }

    /// Applies a record whose payload is at `position`.
    pub fn apply(&mut self, position: Position, record: &Record<'_>) -> Result<(), Failure> {
        let has_much = self.log_bytes > self.options.log_limit() && self.sealed.is_none();
        if self.active.size_bytes() > self.options.write_buffer_size || has_much {
            self.make_room(position)?;
        }
        self.log_bytes += record::encoded_size(record.payload.len()) as u64;
        let damaged = || {
            let message =
                format!("the log is damaged in {position}: the record of version {} is malformed", record.version);
            Failure::new(FailureKind::Corrupt, message)
        };
        let payload = payload::decode(record.payload).ok_or_else(damaged)?;
        self.check_version(&payload, record.version)?;
        match payload {
            // The checkpoint has the reservations before it.
            Payload::Reservation(reserved) => {
                if record.version > self.skip {
                    let ends = reserved == record.version;
                    self.reserved = if ends { reserved } else { self.reserved.max(reserved) };
                }
            }
            Payload::Operations(operations) => {
                for operation in operations {
                    let operation = operation.map_err(|payload::Malformed| damaged())?;
                    if record.version > self.skip {
                        self.active.insert(&entry_of(&operation, position, record.version))?;
                    }
                }
            }
            Payload::Restored(entries) if record.version > self.skip => {
                self.reserved = record.version;
                self.whole_from = self.whole_from.max(record.version);
                self.tabled = self.tabled.max(record.version);
                for entry in entries {
                    let (version, operation) = entry.map_err(|payload::Malformed| damaged())?;
                    self.times.forget(version);
                    self.active.insert(&entry_of(&operation, position, version))?;
                }
            }
            // It is of the commits after its version.
            Payload::Time(ms) if record.version >= self.skip => self.times.begin(record.version.next(), ms),
            Payload::Restored(_) | Payload::Moved(_) | Payload::Time(_) => {}
        }
        Ok(())
    }

    /// Commits have rising versions. The version of a restore is complete only with its last record. A checkpoint must
    /// not have it earlier.
    fn check_version(&mut self, payload: &Payload<'_>, version: Version) -> Result<(), Failure> {
        match payload {
            Payload::Operations(_) | Payload::Reservation(_) if version <= self.before => {
                let message = format!("the log is damaged: version {version} comes behind version {}", self.before);
                return Err(Failure::new(FailureKind::Corrupt, message));
            }
            Payload::Restored(entries) if !entries.is_last => return Ok(()),
            // They are no commits. A moved value may be in the middle of a restore.
            Payload::Moved(_) | Payload::Time(_) => return Ok(()),
            _ => self.before = version,
        }
        self.version = self.version.max(version);
        Ok(())
    }

    /// Seals the memtable, as a commit would do. Merging takes longer than the rest of opening, so it is merged now
    /// only if another memtable is sealed already.
    fn make_room(&mut self, next: Position) -> Result<(), Failure> {
        if self.sealed.is_some() {
            // A fold of operands may need the log, which is being read. They are folded once the store is open.
            if !self.options.read_only && !self.has_operands() {
                // The table must never be ahead of the log: after a power cut, later commits would be there without earlier ones.
                make_durable(self.log, next.segment)?;
                self.merge_whole()?;
            }
            return Ok(());
        }
        let checkpoint = Checkpoint { first_segment: next.segment, version: self.version, reserved: self.reserved };
        self.sealed = Some((std::mem::take(&mut self.active), checkpoint));
        self.log_bytes = 0;
        Ok(())
    }

    fn has_operands(&self) -> bool {
        let sealed = self.sealed.as_ref().map_or(0, |(sealed, _)| sealed.operands());
        sealed + self.active.operands() > 0
    }

    /// Merges both memtables. Records no checkpoint: if this open fails, the next one reads the log from the old
    /// checkpoint.
    fn merge_whole(&mut self) -> Result<(), Failure> {
        // The older one first. Then the result is the same as without the seal.
        if let Some((sealed, _)) = self.sealed.take() {
            self.merge(&sealed)?;
        }
        let active = std::mem::take(&mut self.active);
        self.tabled = self.version;
        self.merge(&active)
    }

    fn merge(&mut self, memtable: &Memtable) -> Result<(), Failure> {
        let retention = Retention {
            versions_to_keep: self.options.versions_to_keep,
            snapshots: Vec::new(),
            held: None,
            now_ms: 0,
            is_bottom: self.table.live_bytes(Level::Bottom) == 0,
        };
        let mut entries = memtable.iter_from(memtable.first()).peekable();
        while entries.peek().is_some() {
            self.table.merge(Level::Upper, &mut entries, &retention, BLOCKS_A_STEP)?;
        }
        Ok(())
    }
}

/// The entry of an operation in the log.
pub(super) fn entry_of<'a>(operation: &Logged<'a>, position: Position, version: Version) -> Entry<'a> {
    let value = match operation.change {
        Change::Delete => Value::Deleted,
        Change::Put(value) => Value::Inline(value),
        Change::Merge(operand) => Value::Operand(operand),
        Change::PutLogged { offset, length } => Value::Logged {
            position: Position { offset: position.offset + offset as u64, ..position }.packed(),
            length,
        },
    };
    Entry { key: operation.key, version, expires: operation.expires, value }
}
