//! Moves the live values of a segment that is mostly dead to the end of the log. Then the segment is removed.

use super::super::payload::{self, Change, Logged, Payload};
use super::ValueLog;
use crate::disk::{Disk, DiskFile};
use crate::entry::LoggedLength;
use crate::failure::Failure;
use crate::log::record::{self, HEADER_SIZE};
use crate::log::{PackedPosition, Position, SegmentNumber, segment};
use crate::table::{Level, LiveBytes, Relocation};
use crate::version::Version;

/// Bytes of values that one step moves, unless one value is larger.
pub(in crate::database) const BYTES_A_STEP: usize = 512 * 1024;
/// Of a larger record only this many bytes are read to see whether its value is live. That is more than a key has.
const LARGE_HEAD: usize = 72 * 1024;
/// A segment is emptied when less than this share of it is live, in percent.
const LIVE_PERCENT: u64 = 50;

/// A segment whose live values are being moved to the end of the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moving {
    segment: SegmentNumber,
    offset: u64,
}

/// The segment that is being emptied, and what was copied out of it.
#[derive(Default)]
pub(super) struct Moves {
    segment: Option<Moving>,
    /// Values that were copied. The table does not refer to the copies yet.
    moved: Option<Moved>,
}

/// A live value that is being moved.
struct Live {
    key: Vec<u8>,
    version: Version,
    from: PackedPosition,
    length: LoggedLength,
}

/// Values that were moved. The entries that refer to them must be changed.
pub(in crate::database) struct Moved {
    /// Their old and new positions, in the order of the keys. They are at the new ones, durable once the log is up to
    /// `end`.
    pub relocations: Vec<Relocation>,
    /// Their bytes.
    pub bytes: u64,
    /// The end of the copies in the log.
    pub end: Position,
    /// The segment, if it has no more values.
    pub emptied: Option<SegmentNumber>,
    /// The next level whose entries must be changed. Those of the level before are.
    pub level: Level,
}

/// Returns whether the table refers to a value, given its key, version and position.
type LeadsTo<'a> = dyn Fn(&[u8], Version, PackedPosition) -> Result<bool, Failure> + 'a;

impl<D: Disk> ValueLog<D> {
    /// Whether segments have so many dead bytes that commits wait until there are fewer.
    pub fn has_much_dead(&self, live: &LiveBytes) -> bool {
        self.space.has_much_dead(live)
    }

    /// Whether there may be a segment to empty, or one is being emptied.
    pub fn has_work(&self) -> bool {
        self.moves.segment.is_some() || self.space.may_be_sparse()
    }

    /// Notes that the set of live values has changed.
    pub fn live_changed(&mut self) {
        self.space.changed();
    }

    /// How many bytes were appended since the last call.
    pub fn pace(&mut self) -> u64 {
        self.space.pace(self.log.appended_bytes())
    }

    /// Whether no old segment is known: [`ValueLog::find_dead`] was not called since the log was opened, or found none.
    pub fn knows_no_segment(&self) -> bool {
        self.space.is_empty()
    }

    /// Finds the segments before `first` without live values, to remove them. Notes the others. Returns whether there are
    /// any.
    pub fn find_dead(&mut self, first: SegmentNumber, live: &LiveBytes) -> Result<bool, Failure> {
        let mut dead = Vec::new();
        for number in self.segments()?.into_iter().filter(|number| *number < first) {
            if live.of(number) == 0 {
                dead.push(number);
            } else {
                self.space.add(self.log.disk(), number)?;
            }
        }
        self.moves.segment.take_if(|moving| dead.contains(&moving.segment));
        self.space.condemn(dead);
        Ok(self.has_dead())
    }

    /// Whether there are segments to remove.
    pub fn has_dead(&self) -> bool {
        !self.space.dead().is_empty()
    }

    /// Removes one segment that nothing refers to. This takes the file system some milliseconds. Returns whether there
    /// was one.
    pub fn remove_dead(&mut self) -> Result<bool, Failure> {
        let Some(number) = self.space.take_dead() else { return Ok(false) };
        self.files.forget(number);
        self.log.remove_segment(number)?;
        self.log.disk().sync_directory()?;
        Ok(true)
    }

    /// Whether a segment is being emptied.
    pub fn is_moving(&self) -> bool {
        self.moves.segment.is_some()
    }

    /// Whether values were copied that the table does not refer to yet.
    pub fn has_moved(&self) -> bool {
        self.moves.moved.is_some()
    }

    /// The values that were copied, if the table does not refer to them yet.
    pub fn moved(&self) -> Option<&Moved> {
        self.moves.moved.as_ref()
    }

    /// Whether values were copied that are not durable yet.
    pub fn moved_waits(&self) -> bool {
        self.moves.moved.as_ref().is_some_and(|moved| !self.is_durable(moved.end))
    }

    /// Takes the values that were copied. They are durable.
    pub fn take_moved(&mut self) -> Result<Option<Moved>, Failure> {
        let Some(moved) = self.moves.moved.take() else { return Ok(None) };
        self.ensure_durable(moved.end)?;
        Ok(Some(moved))
    }

    /// Undoes [`ValueLog::take_moved`].
    pub fn return_moved(&mut self, moved: Moved) {
        self.moves.moved = Some(moved);
    }

    /// Begins to empty a segment, if there is one that is mostly dead.
    pub fn begin_moving(&mut self, live: &LiveBytes) {
        self.moves.segment = self.space.mostly_dead(LIVE_PERCENT, live).map(Moving::start);
    }

    /// Begins to empty the emptiest segment below `percent` percent.
    pub fn begin_moving_below(&mut self, percent: u64, live: &LiveBytes) {
        self.moves.segment = self.space.emptiest(percent, live).map(Moving::start);
    }

    /// Copies some live values of the segment that is being emptied, and begins to make them durable. Then
    /// [`ValueLog::take_moved`] has them. `newest` is the version of the newest commit.
    pub fn move_some(&mut self, newest: Version, leads_to: &LeadsTo<'_>) -> Result<(), Failure> {
        let Some(moving) = self.moves.segment.take() else { return Ok(()) };
        let (live, next) = self.collect_live(moving, leads_to)?;
        let relocations = self.copy(&live, newest)?;
        let end = self.log.end();
        self.log.begin_sync()?;
        let bytes = live.iter().map(|live| u64::from(live.length.stored())).sum();
        self.moves.segment = next.map(|offset| Moving { offset, ..moving });
        let emptied = if next.is_none() { Some(moving.segment) } else { None };
        self.moves.moved = Some(Moved { relocations, bytes, end, emptied, level: Level::Upper });
        Ok(())
    }

    /// Gives a segment up that has an unreadable record: nobody knows which of its values are live. It stays. `verify`
    /// reports it.
    pub fn leave_out(&mut self, segment: SegmentNumber) {
        self.space.leave_out(segment);
    }

    /// Reads records until enough live values are found. Returns where to continue, `None` at the end of the segment.
    fn collect_live(&self, moving: Moving, leads_to: &LeadsTo<'_>) -> Result<(Vec<Live>, Option<u64>), Failure> {
        let mut file = self.log.disk().open(&segment::file_name(moving.segment))?;
        let mut offset = moving.offset;
        let (mut live, mut read) = (Found { live: Vec::new(), bytes: 0, leads_to }, 0);
        let mut bytes = Vec::new();
        while read < 4 * BYTES_A_STEP && live.bytes < BYTES_A_STEP {
            let position = Position { segment: moving.segment, offset };
            let Some(length) = read_record(&mut file, position, &mut bytes)? else { return Ok((live.live, None)) };
            read += bytes.len();
            offset += record::encoded_size(length) as u64;
            let payload = Position { offset: position.offset + HEADER_SIZE as u64, ..position };
            // A value that the table refers to has a checksum of its own. So the head of a large record is enough.
            let only = payload::only_value(bytes.get(HEADER_SIZE..).unwrap_or_default(), length);
            if let (Some((key, version, at, length)), Some((own, _))) = (only, record::peek(&bytes)) {
                live.look_at(key, version.unwrap_or(own), payload, (at, length))?;
                continue;
            }
            if bytes.len() < HEADER_SIZE + length {
                bytes.resize(HEADER_SIZE + length, 0);
                let count = file.read_at(&mut bytes, position.offset)?;
                bytes.truncate(count);
                read += count;
            }
            let Some(record) = record::decode(&bytes, position) else { return Ok((live.live, None)) };
            live.look_into(payload, record.version, record.payload)?;
        }
        Ok((live.live, Some(offset)))
    }

    /// Appends the values to the log again. That is no commit and takes no version: a restored store stays at the version that the
    /// next increment continues.
    fn copy(&mut self, live: &[Live], newest: Version) -> Result<Vec<Relocation>, Failure> {
        let mut relocations = Vec::with_capacity(live.len());
        let mut bytes = Vec::new();
        for each in live {
            self.read(each.from, each.length, &mut bytes)?;
            let (to, length) = self.append_value((&each.key, each.version), &bytes, newest)?;
            let key = each.key.clone();
            relocations.push(Relocation { key, version: each.version, from: each.from, to, length });
        }
        relocations.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(relocations)
    }
}

impl Moving {
    fn start(segment: SegmentNumber) -> Self {
        Self { segment, offset: segment::HEADER_SIZE as u64 }
    }
}

/// The live values that were found so far.
struct Found<'a> {
    live: Vec<Live>,
    /// Their bytes.
    bytes: usize,
    leads_to: &'a LeadsTo<'a>,
}

impl Found<'_> {
    /// Examines all values of a payload at `start`.
    fn look_into(&mut self, start: Position, version: Version, payload: &[u8]) -> Result<(), Failure> {
        match payload::decode(payload) {
            Some(Payload::Operations(operations)) => {
                for operation in operations.flatten() {
                    self.look_at_operation(start, version, &operation)?;
                }
            }
            Some(Payload::Restored(entries)) => {
                for (version, operation) in entries.flatten() {
                    self.look_at_operation(start, version, &operation)?;
                }
            }
            Some(Payload::Moved(value)) => {
                self.look_at(value.key, value.version, start, (value.offset, value.length))?;
            }
            Some(Payload::Reservation(_) | Payload::Time(_)) | None => {}
        }
        Ok(())
    }

    fn look_at_operation(&mut self, start: Position, version: Version, operation: &Logged<'_>) -> Result<(), Failure> {
        let Change::PutLogged { offset, length } = operation.change else { return Ok(()) };
        self.look_at(operation.key, version, start, (offset, length))
    }

    /// Adds a value, given its offset in a payload and its length, if it is live.
    fn look_at(
        &mut self,
        key: &[u8],
        version: Version,
        start: Position,
        (offset, length): (usize, LoggedLength),
    ) -> Result<(), Failure> {
        let from = Position { offset: start.offset + offset as u64, ..start }.packed();
        if (self.leads_to)(key, version, from)? {
            self.live.push(Live { key: key.to_vec(), version, from, length });
            self.bytes += length.stored() as usize;
        }
        Ok(())
    }
}

/// Reads what may be a record at `position` into `bytes`; of a large one the head. Returns the length of its payload, `None` at
/// the end of the file.
fn read_record(file: &mut impl DiskFile, position: Position, bytes: &mut Vec<u8>) -> Result<Option<usize>, Failure> {
    bytes.clear();
    bytes.resize(HEADER_SIZE, 0);
    if file.read_at(bytes, position.offset)? < HEADER_SIZE {
        return Ok(None);
    }
    let Some(length) = record::payload_length(bytes) else { return Ok(None) };
    let left = file.size()?.saturating_sub(position.offset + HEADER_SIZE as u64);
    if length as u64 > left {
        return Ok(None);
    }
    bytes.resize(HEADER_SIZE + length.min(LARGE_HEAD), 0);
    let count = file.read_at(bytes, position.offset)?;
    bytes.truncate(count);
    Ok(Some(length))
}
