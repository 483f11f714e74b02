//! Gives the space of the log back: segments that nothing leads to are removed, and values are moved out of those that
//! are mostly dead.

use super::Database;
use super::payload::{self, Change, Logged, Payload, VALUE_CHECKSUM_SIZE};
use crate::disk::{Disk, DiskFile};
use crate::failure::Failure;
use crate::log::record::{self, HEADER_SIZE};
use crate::log::{Position, segment};
use crate::table::Relocation;

/// Bytes of values that one step moves, unless one value is larger.
const BYTES_A_STEP: usize = 512 * 1024;
/// Of a larger record only so many bytes are read to see whether it has a value that lives: more than a key has.
const LARGE_HEAD: usize = 72 * 1024;
/// A segment is emptied when less than this share of it is live, in percent.
const LIVE_PERCENT: u64 = 50;

/// A segment whose live values are being moved to the end of the log.
#[derive(Debug)]
pub(super) struct Moving {
    pub segment: u64,
    offset: u64,
}

impl Moving {
    pub fn start(segment: u64) -> Self {
        Self { segment, offset: segment::HEADER_SIZE as u64 }
    }
}

/// A live value on its way.
struct Live {
    key: Vec<u8>,
    version: u64,
    from: u64,
    length: u32,
}

impl<D: Disk> Database<D> {
    /// Whether files have so many dead bytes that the next commits wait until there are fewer.
    pub(super) fn has_much_dead(&self) -> bool {
        let live = self.table.log_live().total();
        self.old_segments.total() > 2 * live + 2 * self.options.segment_size || self.table.has_sparse(3)
    }

    /// Before a commit: gives back what is dead beyond that, as many bytes as the commit before wrote, if nobody else does.
    pub(super) fn keep_space(&mut self) -> Result<(), Failure> {
        let due = self.log.appended_bytes() - self.paced_bytes;
        let mut steps = if self.has_much_dead() { 1 + due / BYTES_A_STEP as u64 } else { 0 };
        while steps > 0 && self.has_much_dead() {
            self.reclaim_step()?;
            steps -= 1;
        }
        self.paced_bytes = self.log.appended_bytes();
        Ok(())
    }

    /// Moves some of what lives out of a file that is mostly dead, if there is one.
    pub(super) fn reclaim_step(&mut self) -> Result<(), Failure> {
        if self.moving.is_none() && self.emptying.is_none() {
            self.moving = self.mostly_dead_segment()?.map(Moving::start);
            if self.moving.is_none() {
                self.emptying = self.table.sparse_segment();
            }
        }
        if let Some(mut sparse) = self.emptying.take() {
            self.commit_group()?;
            if self.table.empty_step(&mut sparse)? {
                self.emptying = Some(sparse);
            }
            return Ok(());
        }
        self.move_step()
    }

    /// Removes the segments of the log that neither recovery nor the table needs.
    pub(super) fn drop_dead_segments(&mut self) -> Result<(), Failure> {
        let mut dead = Vec::new();
        for number in self.segments()?.into_iter().filter(|number| *number < self.checkpoint.first_segment) {
            if self.table.log_live().of(number) == 0 {
                dead.push(number);
                self.old_segments.remove(number);
            } else {
                self.old_segments.add(self.log.disk(), number)?;
            }
        }
        if !dead.is_empty() {
            // Nothing leads to them as of now; nothing durable may, either.
            self.table.sync()?;
        }
        for number in &dead {
            self.files.forget(*number);
            self.log.remove_segment(*number)?;
        }
        if !dead.is_empty() {
            self.log.disk().sync_directory()?;
        }
        if self.moving.as_ref().is_some_and(|moving| dead.contains(&moving.segment)) {
            self.moving = None;
        }
        Ok(())
    }

    /// The segments of the log, in order.
    pub(super) fn segments(&self) -> Result<Vec<u64>, Failure> {
        let mut numbers: Vec<u64> =
            self.log.disk().list()?.iter().filter_map(|name| segment::file_number(name)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// A segment of which less than half is live, if there is one and much is dead.
    fn mostly_dead_segment(&mut self) -> Result<Option<u64>, Failure> {
        if self.old_segments.total() == 0 {
            // Nothing was dropped since the database was opened.
            self.drop_dead_segments()?;
        }
        let live = self.table.log_live().total();
        let found = if self.old_segments.total() > live + live / 2 + self.options.segment_size {
            self.segment_below(LIVE_PERCENT)
        } else {
            None
        };
        self.reclaimable = found.is_some();
        Ok(found)
    }

    /// A segment that recovery does not need and of which less than `percent` percent is live; the emptiest.
    pub(super) fn segment_below(&self, percent: u64) -> Option<u64> {
        self.old_segments.emptiest(percent, |number| self.table.log_live().of(number))
    }

    /// Moves some values of the segment that is being emptied; at its end the segment is removed.
    pub(super) fn move_step(&mut self) -> Result<(), Failure> {
        let Some(moving) = self.moving.take() else { return Ok(()) };
        // What a checkpoint prepared may replace blocks that lead to what moves.
        self.commit_group()?;
        let (live, next) = self.collect_live(&moving)?;
        let relocations = self.copy_values(&live)?;
        self.log.sync()?;
        self.table.relocate(&relocations)?;
        self.counters.moved_bytes += live.iter().map(|live| u64::from(live.length)).sum::<u64>();
        match next {
            Some(offset) => self.moving = Some(Moving { offset, ..moving }),
            None => {
                self.table.sync()?;
                self.drop_dead_segments()?;
                if self.table.log_live().of(moving.segment) > 0 {
                    // A record that cannot be read hides what is left: verify reports it.
                    self.old_segments.leave_out(moving.segment);
                }
            }
        }
        Ok(())
    }

    /// Reads records until enough live values are found; returns where to go on, `None` at the end of the segment.
    fn collect_live(&mut self, moving: &Moving) -> Result<(Vec<Live>, Option<u64>), Failure> {
        let mut file = self.log.disk().open(&segment::file_name(moving.segment))?;
        let mut offset = moving.offset;
        let (mut live, mut read, mut found) = (Vec::new(), 0, 0);
        let mut bytes = Vec::new();
        while read < 4 * BYTES_A_STEP && found < BYTES_A_STEP {
            let position = Position { segment: moving.segment, offset };
            let Some(length) = read_record(&mut file, position, &mut bytes)? else { return Ok((live, None)) };
            read += bytes.len();
            offset += record::encoded_size(length) as u64;
            let payload = Position { offset: position.offset + HEADER_SIZE as u64, ..position };
            // What the table leads to is a value, and has a checksum of its own: of a large one, the head is enough.
            let only = payload::only_value(bytes.get(HEADER_SIZE..).unwrap_or_default(), length);
            if let (Some((key, version, at, length)), Some((own, _))) = (only, record::peek(&bytes)) {
                let (key, version) = (key.to_vec(), version.unwrap_or(own));
                self.find_live_value(
                    key,
                    version,
                    Position { offset: payload.offset + at as u64, ..payload },
                    length,
                    &mut live,
                )?;
                found = live.iter().map(|live: &Live| live.length as usize).sum();
                continue;
            }
            if bytes.len() < HEADER_SIZE + length {
                bytes.resize(HEADER_SIZE + length, 0);
                let count = file.read_at(&mut bytes, position.offset)?;
                bytes.truncate(count);
                read += count;
            }
            let Some(record) = record::decode(&bytes, position) else { return Ok((live, None)) };
            self.find_live(payload, record.version, record.payload, &mut live)?;
            found = live.iter().map(|live: &Live| live.length as usize).sum();
        }
        Ok((live, Some(offset)))
    }

    fn find_live(
        &mut self,
        start: Position,
        version: u64,
        payload: &[u8],
        live: &mut Vec<Live>,
    ) -> Result<(), Failure> {
        match payload::decode(payload) {
            Some(Payload::Operations(operations)) => {
                for operation in operations.flatten() {
                    self.find_live_operation(start, version, &operation, live)?;
                }
            }
            Some(Payload::Restored(entries)) => {
                for (version, operation) in entries.flatten() {
                    self.find_live_operation(start, version, &operation, live)?;
                }
            }
            Some(Payload::Moved(value)) => {
                let from = Position { offset: start.offset + value.offset as u64, ..start };
                self.find_live_value(value.key.to_vec(), value.version, from, value.length, live)?;
            }
            Some(Payload::Reservation(_)) | None => {}
        }
        Ok(())
    }

    fn find_live_operation(
        &self,
        start: Position,
        version: u64,
        operation: &Logged<'_>,
        live: &mut Vec<Live>,
    ) -> Result<(), Failure> {
        let Change::PutLogged { offset, length } = operation.change else { return Ok(()) };
        let from = Position { offset: start.offset + offset as u64, ..start };
        self.find_live_value(operation.key.to_vec(), version, from, length, live)
    }

    fn find_live_value(
        &self,
        key: Vec<u8>,
        version: u64,
        from: Position,
        length: usize,
        live: &mut Vec<Live>,
    ) -> Result<(), Failure> {
        let from = from.packed();
        if self.table.leads_to(&key, version, from)? {
            live.push(Live { key, version, from, length: length as u32 });
        }
        Ok(())
    }

    /// Appends the values to the log once more. No commit, and so no version of its own: a store that was restored stays at
    /// the version that the next increment continues.
    fn copy_values(&mut self, live: &[Live]) -> Result<Vec<Relocation>, Failure> {
        let mut relocations = Vec::with_capacity(live.len());
        let mut bytes = Vec::new();
        for each in live {
            self.files.read(&self.log, each.from, each.length, &mut bytes)?;
            let head = payload::moved_head(&each.key, each.version, bytes.len());
            let version = self.log.last_version().max(self.version);
            let size = head.len() + bytes.len() + VALUE_CHECKSUM_SIZE;
            let mut position = self.log.begin(version, size)?;
            self.log.extend(&head)?;
            self.log.extend(&bytes)?;
            self.log.extend(&payload::value_checksum(&bytes))?;
            self.log.finish()?;
            position.offset += head.len() as u64;
            let to = position.packed();
            relocations.push(Relocation { key: each.key.clone(), version: each.version, from: each.from, to });
        }
        Ok(relocations)
    }
}

/// Reads what may be a record at `position` into `bytes`, of a large one the head; the length of its payload, `None` where the
/// file ends.
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
