//! Folds operands. Reads of a key fold its newest operands, down to the first value, deletion, or nothing. See [`Operand`].
//!
//! Only memtables have operands. The value below them is in a memtable or in the table. Recovery may find operands in the log
//! whose fold the table has already: a table that is ahead of the memtable has it under the version of an operand, and then
//! only newer operands count. So a step may run twice, as everywhere.

use super::memtables::Memtables;
use super::value_log::{ValueLog, ValueStream};
use crate::disk::Disk;
use crate::entry::{Entry, LoggedLength, Value};
use crate::expiry::Expiry;
use crate::failure::{Failure, FailureKind};
use crate::operand::Operand;
use crate::position::PackedPosition;
use crate::table::{Found, Table};
use crate::version::Version;

/// The value below the operands.
enum Base<'a> {
    None,
    InMemory(Entry<'a>),
    InTable(Found),
}

/// The newest operands of a key at a version, and the value below them.
pub(super) struct Chain<'a> {
    /// The version of the newest operand.
    pub version: Version,
    base: Base<'a>,
    /// The operands, each with the expiry of its entry. The newest one comes first.
    operands: Vec<(Operand<'a>, Option<Expiry>)>,
}

/// What a fold makes.
pub(super) enum Folded {
    /// A value.
    Bytes(Vec<u8>),
    /// A value that is in the log, and bytes at its end.
    Logged { position: PackedPosition, length: LoggedLength, end: Vec<u8> },
}

impl<'a> Chain<'a> {
    /// The chain whose newest operand is the newest entry of `key` that is not above `version`. `None` if that is no operand.
    #[inline(never)]
    pub fn at<D: Disk>(
        memtables: &'a Memtables,
        table: &Table<D>,
        key: &[u8],
        version: Version,
    ) -> Result<Option<Self>, Failure> {
        let mut operands: Vec<(Operand<'a>, Option<Expiry>, Version)> = Vec::new();
        let mut below = None;
        for memtable in memtables.newest_first() {
            // All versions of a key are beside each other.
            let mut place = memtable.seek(key, version);
            while let Some((at, entry)) = place.and_then(|at| Some((at, memtable.at(at)?))) {
                if entry.key != key {
                    break;
                }
                let Value::Operand(bytes) = entry.value else {
                    below = Some(entry);
                    break;
                };
                operands.push((Operand::decode(bytes).ok_or_else(malformed)?, entry.expires, entry.version));
                place = memtable.next(at);
            }
            if below.is_some() {
                break;
            }
        }
        let Some(newest) = operands.first().map(|(_, _, version)| *version) else { return Ok(None) };
        let base = match below {
            Some(entry) => Base::InMemory(entry),
            None => table.get(key, newest, Found::new)?.map_or(Base::None, Base::InTable),
        };
        let from = base.entry().map_or(Version::NONE, |entry| entry.version);
        operands.retain(|(_, _, version)| *version > from);
        let operands = operands.into_iter().map(|(operand, expires, _)| (operand, expires)).collect();
        Ok(Some(Self { version: newest, base, operands }))
    }

    /// When the value expires. There is one, unless the base alone is left and is deleted: see [`Chain::is_gone`].
    #[inline(never)]
    pub fn expires(&self) -> Option<Expiry> {
        let base = self.base.entry().filter(|entry| entry.value != Value::Deleted || self.operands.is_empty());
        let mut present = base.map(|entry| entry.expires);
        for (operand, own) in self.operands.iter().rev() {
            present = Some(operand.expiry(*own, alive_at(operand, present)));
        }
        present.flatten()
    }

    /// Whether there is no value: the table is ahead, and has a deletion.
    pub fn is_deleted(&self) -> bool {
        self.operands.is_empty() && self.base.entry().is_none_or(|entry| entry.value == Value::Deleted)
    }

    /// Whether a reader at `now_ms` finds no value.
    pub fn is_gone(&self, now_ms: u64) -> bool {
        self.is_deleted() || self.expires().is_some_and(|at| at.has_come(now_ms))
    }

    /// Folds the operands. Reads nothing from the log.
    #[inline(never)]
    pub fn fold(&self) -> Folded {
        let base = self.base.entry().filter(|entry| entry.value != Value::Deleted);
        let mut present = base.map(|entry| entry.expires);
        let mut bytes = None;
        let mut logged = None;
        match base.map(|entry| entry.value) {
            Some(Value::Inline(inline)) => bytes = Some(inline.to_vec()),
            Some(Value::Logged { position, length }) => {
                // The steps change the end alone: a value in the log is no number.
                logged = Some((position, length));
                bytes = Some(Vec::new());
            }
            _ => {}
        }
        for (operand, own) in self.operands.iter().rev() {
            let alive = alive_at(operand, present);
            if alive.is_none() {
                (bytes, logged) = (None, None);
            }
            for step in operand.steps().filter(|_| logged.is_none() || operand.appends) {
                step.apply(&mut bytes);
            }
            present = Some(operand.expiry(*own, alive));
        }
        let bytes = bytes.unwrap_or_default();
        match logged {
            Some((position, length)) => Folded::Logged { position, length, end: bytes },
            None => Folded::Bytes(bytes),
        }
    }

    /// The entry of the whole value, without its key and its bytes: for readers that need none.
    pub fn bare(&self, now_ms: u64) -> Entry<'static> {
        let value = if self.is_gone(now_ms) { Value::Deleted } else { Value::Inline(&[]) };
        Entry { key: &[], version: self.version, expires: self.expires(), value }
    }
}

/// What is known of a value when an operand was committed: it counts as none if it had expired by then.
fn alive_at(operand: &Operand<'_>, present: Option<Option<Expiry>>) -> Option<Option<Expiry>> {
    present.filter(|expires| !expires.is_some_and(|at| at.has_come(operand.at_ms)))
}

impl Base<'_> {
    fn entry(&self) -> Option<Entry<'_>> {
        match self {
            Self::None => None,
            Self::InMemory(entry) => Some(*entry),
            Self::InTable(found) => Some(found.entry()),
        }
    }
}

impl Folded {
    /// The length of the value.
    #[inline(never)]
    pub fn length<D: Disk>(&self, values: &mut ValueLog<D>) -> Result<usize, Failure> {
        Ok(match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Logged { position, length, end } => values.length_of(*position, *length)? + end.len(),
        })
    }

    /// Reads the value into `bytes`. A large one becomes a stream.
    pub fn read_or_stream<D: Disk>(
        self,
        values: &mut ValueLog<D>,
        bytes: &mut Vec<u8>,
    ) -> Result<Option<ValueStream>, Failure> {
        match self {
            Self::Bytes(own) => *bytes = own,
            Self::Logged { position, length, end } => {
                let whole = values.length_of(position, length)? + end.len();
                if whole <= MOST_AT_ONCE {
                    reserve(bytes, whole)?;
                }
                if let Some(stream) = values.read_or_stream(position, length, bytes)? {
                    return Ok(Some(stream.with_end(end)));
                }
                bytes.extend_from_slice(&end);
            }
        }
        Ok(None)
    }

    /// Reads the whole value.
    #[inline(never)]
    pub fn read<D: Disk>(self, values: &mut ValueLog<D>) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Logged { position, length, end } => {
                let mut bytes = Vec::new();
                reserve(&mut bytes, values.length_of(position, length)? + end.len())?;
                values.read(position, length, &mut bytes)?;
                bytes.extend_from_slice(&end);
                Ok(bytes)
            }
        }
    }
}

/// A value that is not read in pieces has fewer bytes, with what operands add.
const MOST_AT_ONCE: usize = 2 << 20;
/// How much more than its bytes the read of a value needs: those of the checksum.
const CHECKSUM_SIZE: usize = 8;

/// Makes room for a value at once: it would move as it grows.
fn reserve(bytes: &mut Vec<u8>, size: usize) -> Result<(), Failure> {
    bytes.clear();
    bytes.try_reserve(size + CHECKSUM_SIZE).map_err(|_| no_memory(size))
}

fn no_memory(size: usize) -> Failure {
    Failure::out_of_memory("to read a value", size)
}

/// Recovery checks each operand, so this is a fault of the engine.
#[cold]
fn malformed() -> Failure {
    Failure::new(FailureKind::Corrupt, "an operand in memory is malformed")
}
