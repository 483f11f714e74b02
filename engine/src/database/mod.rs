//! The database: log, memtables and table as one ordered store of versions.
//!
//! A commit goes to the log and to the *active* memtable, and nowhere else. A full memtable is *sealed*; a checkpoint moves
//! it into the table in small steps while a new one takes the commits. Then the checkpoint is recorded and the segments of
//! the log that only it needed are dropped. A crash in the middle is repaired by reading the log again: every step of a
//! checkpoint may be done twice.

pub mod checkpoint;
pub mod commit;
mod scan;

use std::path::Path;

pub use scan::Scan;

use self::checkpoint::Checkpoint;
use self::commit::{Operation, Payload};
use crate::disk::Disk;
use crate::entry::{Entry, Value};
use crate::failure::Failure;
use crate::log::{LogWriter, recover};
use crate::memtable::{Memtable, Place};
use crate::recovery;
use crate::status::Status;
use crate::table::{Retention, Table};

/// Versions are reserved ahead in the log by this many, so that none is used twice, also after a crash that lost commits.
const RESERVED_VERSIONS: u64 = 1 << 20;
/// Blocks that one step of a checkpoint merges.
const BLOCKS_A_STEP: usize = 64;

/// How a database is opened.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The bound of sled's cache in bytes.
    pub cache_size: u64,
    /// A memtable above this many bytes is sealed.
    pub write_buffer_size: usize,
    /// The size of the log's segments in bytes.
    pub segment_size: u64,
    /// About how many bytes a block of the table has.
    pub block_size: usize,
    /// How many of the newest versions of a key stay.
    pub versions_to_keep: usize,
}

/// A memtable on its way into the table.
#[derive(Debug)]
struct Sealed {
    memtable: Memtable,
    /// Where the next step goes on; `None` when all is in the table.
    place: Option<Place>,
    /// What can be recorded once all is in the table, and durable there.
    checkpoint: Checkpoint,
}

/// An open database. After an error of the disk it must not be used again, but opened anew.
pub struct Database<D: Disk> {
    db: sled::Db,
    table: Table,
    log: LogWriter<D>,
    active: Memtable,
    sealed: Option<Sealed>,
    options: Options,
    version: u64,
    reserved: u64,
    /// Versions that open snapshots read at, in rising order.
    snapshots: Vec<u64>,
    payload: Vec<u8>,
}

/// A version of a key that a read found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The version of the commit.
    pub version: u64,
    /// When the value expires, in milliseconds since 1970; 0 for never.
    pub expires_ms: u64,
    /// The value.
    pub value: Vec<u8>,
}

impl<D: Disk> Database<D> {
    /// Opens the database with its table in `directory` and its log on `disk`, and recovers what a crash left in the log.
    pub fn open(directory: &Path, disk: D, options: Options) -> Result<Self, Failure> {
        recovery::prepare(directory)?;
        let db = sled::Config::default()
            .path(directory)
            .cache_capacity(options.cache_size)
            .mode(sled::Mode::HighThroughput)
            .flush_every_ms(None)
            .open()?;
        let table = Table::new(db.open_tree("blocks")?, options.block_size);
        let checkpoint = Checkpoint::read(&db)?;
        let mut replay =
            Replay { active: Memtable::default(), reserved: checkpoint.reserved, skip: checkpoint.version };
        let recovered = recover(&disk, checkpoint.first_segment, |_, record| {
            if replay.active.size_bytes() > options.write_buffer_size {
                // Not recorded: the log is read from the old checkpoint again if this open does not end well.
                merge_whole(&table, &replay.active, options.versions_to_keep)?;
                replay.active.clear();
            }
            replay.apply(record.version, record.payload)
        })?;
        let last_version = recovered.last_version.max(checkpoint.version);
        let log = LogWriter::start(disk, recovered.end, last_version, options.segment_size)?;
        let version = last_version.max(replay.reserved);
        let (active, sealed, snapshots, payload) = (replay.active, None, Vec::new(), Vec::new());
        Ok(Self { db, table, log, active, sealed, options, version, reserved: version, snapshots, payload })
    }

    /// The version of the newest commit.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Commits operations, all or none of them; returns their version. Where a key comes twice, the last one counts.
    /// Visible at once; durable after the next [`Database::sync`].
    pub fn commit(&mut self, operations: &[Operation<'_>]) -> Result<u64, Failure> {
        self.make_room()?;
        let version = self.next_version()?;
        let operations = last_of_each_key(operations);
        self.payload.clear();
        commit::encode_operations(&mut self.payload, &operations);
        self.log.append(version, &self.payload)?;
        for operation in &operations {
            self.active.insert(&entry_of(operation, version))?;
        }
        self.version = version;
        Ok(version)
    }

    /// Hands all commits to the operating system: they survive the end of the process.
    pub fn write_out(&mut self) -> Result<(), Failure> {
        self.log.write_out()
    }

    /// Makes all commits durable.
    pub fn sync(&mut self) -> Result<(), Failure> {
        self.log.sync()
    }

    /// The value of `key` as of `version`, at the time `now_ms`.
    pub fn get(&self, key: &[u8], version: u64, now_ms: u64) -> Result<Option<Read>, Failure> {
        let sealed = self.sealed.as_ref().map(|sealed| &sealed.memtable);
        for memtable in [Some(&self.active), sealed].into_iter().flatten() {
            if let Some(entry) = memtable.get(key, version) {
                return Ok(read(entry.version, entry.expires_ms, entry.value, now_ms));
            }
        }
        let found = self.table.get(key, version)?;
        Ok(found.and_then(|found| read(found.version, found.expires_ms, found.value(), now_ms)))
    }

    /// The entries from `start` on, in the order of their keys, as of `version` and at the time `now_ms`.
    pub fn scan(&self, start: &[u8], version: u64, now_ms: u64) -> Result<Scan<'_>, Failure> {
        let sealed = self.sealed.as_ref().map(|sealed| &sealed.memtable);
        Scan::start([Some(&self.active), sealed], &self.table, start, version, now_ms)
    }

    /// Keeps what the newest version sees until [`Database::release`]; returns that version.
    pub fn snapshot(&mut self) -> u64 {
        self.snapshots.push(self.version);
        self.version
    }

    /// Lets go of one snapshot at `version`; says whether there was one.
    pub fn release(&mut self, version: u64) -> bool {
        let place = self.snapshots.binary_search(&version);
        if let Ok(place) = place {
            self.snapshots.remove(place);
        }
        place.is_ok()
    }

    /// Does a small part of what moves memtables into the table: seals a full one, merges some blocks, or records what is
    /// done. Says whether there is more to do.
    pub fn checkpoint_step(&mut self, now_ms: u64) -> Result<bool, Failure> {
        let Some(sealed) = &mut self.sealed else {
            if self.active.size_bytes() <= self.options.write_buffer_size {
                return Ok(false);
            }
            self.seal()?;
            return Ok(true);
        };
        if let Some(place) = sealed.place {
            let retention = retention(&self.snapshots, self.options.versions_to_keep, now_ms);
            let mut entries = Walk { memtable: &sealed.memtable, place: Some(place) }.peekable();
            self.table.merge_step(&mut entries, &retention, BLOCKS_A_STEP)?;
            sealed.place = entries.peek().and_then(|entry| sealed.memtable.seek(entry.key, entry.version));
            return Ok(true);
        }
        self.db.flush()?;
        sealed.checkpoint.write(&self.db)?;
        self.log.drop_before(sealed.checkpoint.first_segment)?;
        self.sealed = None;
        Ok(self.active.size_bytes() > self.options.write_buffer_size)
    }

    /// Moves everything into the table, makes all durable and gives the log's disk back.
    pub fn close(mut self, now_ms: u64) -> Result<D, Failure> {
        self.log.sync()?;
        while self.sealed.is_some() {
            self.checkpoint_step(now_ms)?;
        }
        if !self.active.is_empty() || self.reserved > self.version {
            // No more commits: what was reserved and not used can be used by the next life.
            self.reserved = self.version;
            self.seal()?;
            while self.checkpoint_step(now_ms)? {}
        }
        Ok(self.log.into_disk())
    }

    /// The log's disk as it is: what was not written out is gone, as by a crash.
    pub fn crash(self) -> D {
        self.log.into_disk()
    }

    /// At the hard limit, with two full memtables, the commit itself has to wait for the checkpoint.
    fn make_room(&mut self) -> Result<(), Failure> {
        while self.active.size_bytes() > self.options.write_buffer_size {
            // Nothing is known of the time here: what has expired goes with a later checkpoint.
            self.checkpoint_step(0)?;
        }
        Ok(())
    }

    /// The checkpoint covers the log up to here: the segment that is written to now is needed on.
    fn seal(&mut self) -> Result<(), Failure> {
        // What the table will hold must not be ahead of the log: a version would come back that others may never have.
        self.log.sync()?;
        let checkpoint =
            Checkpoint { first_segment: self.log.end().segment, version: self.version, reserved: self.reserved };
        let memtable = std::mem::take(&mut self.active);
        self.sealed = Some(Sealed { place: memtable.first(), memtable, checkpoint });
        Ok(())
    }

    fn next_version(&mut self) -> Result<u64, Failure> {
        if self.version >= self.reserved {
            self.version += 1;
            self.reserved = self.version + RESERVED_VERSIONS;
            self.payload.clear();
            commit::encode_reservation(&mut self.payload, self.reserved);
            self.log.append(self.version, &self.payload)?;
            self.log.sync()?;
        }
        Ok(self.version + 1)
    }
}

fn retention(snapshots: &[u64], versions_to_keep: usize, now_ms: u64) -> Retention {
    Retention { versions_to_keep, snapshots: snapshots.to_vec(), now_ms }
}

fn merge_whole(table: &Table, memtable: &Memtable, versions_to_keep: usize) -> Result<(), Failure> {
    let mut entries = Walk { memtable, place: memtable.first() }.peekable();
    while entries.peek().is_some() {
        table.merge_step(&mut entries, &retention(&[], versions_to_keep, 0), BLOCKS_A_STEP)?;
    }
    Ok(())
}

fn entry_of<'a>(operation: &Operation<'a>, version: u64) -> Entry<'a> {
    Entry { key: operation.key, version, expires_ms: operation.expires_ms, value: operation.entry_value() }
}

fn last_of_each_key<'a>(operations: &[Operation<'a>]) -> Vec<Operation<'a>> {
    let mut sorted = operations.to_vec();
    sorted.reverse();
    sorted.sort_by_key(|operation| operation.key);
    sorted.dedup_by_key(|operation| operation.key);
    sorted
}

fn read(version: u64, expires_ms: u64, value: Value<'_>, now_ms: u64) -> Option<Read> {
    let Value::Inline(bytes) = value else { return None };
    let expired = expires_ms > 0 && expires_ms <= now_ms;
    (!expired).then(|| Read { version, expires_ms, value: bytes.to_vec() })
}

/// Brings the records of the log back into a memtable.
struct Replay {
    active: Memtable,
    reserved: u64,
    /// The table has the versions up to this one.
    skip: u64,
}

impl Replay {
    fn apply(&mut self, version: u64, payload: &[u8]) -> Result<(), Failure> {
        let damaged = || Failure::new(Status::Corrupt, format!("the log's record of version {version} is malformed"));
        match commit::decode(payload).ok_or_else(damaged)? {
            // The checkpoint says what was reserved before it.
            Payload::Reservation(reserved) if version > self.skip => self.reserved = self.reserved.max(reserved),
            Payload::Reservation(_) => {}
            Payload::Operations(operations) => {
                for operation in operations {
                    let operation = operation.map_err(|commit::Malformed| damaged())?;
                    if version > self.skip {
                        self.active.insert(&entry_of(&operation, version))?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The entries of a memtable from a place on.
struct Walk<'a> {
    memtable: &'a Memtable,
    place: Option<Place>,
}

impl<'a> Iterator for Walk<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        let place = self.place?;
        self.place = self.memtable.next(place);
        self.memtable.at(place)
    }
}
