//! Makes jobs for a worker, and applies the answers.

use super::job::{Answer, Blocks, Job, JobBytes, Target, write_bytes, write_relocations};
use super::merge::{Entries, take_below};
use super::{Level, PlacedBlock, Relocation, Retention, Table, block};
use crate::disk::Disk;
use crate::entry::Entry;
use crate::failure::{Failure, FailureKind};
use crate::varint;

/// One part in this many of a job may go to one block beyond the size of the job. Rising keys all go to the last block.
const SLACK_SHARE: usize = 12;
/// A byte of entries counts as this many bytes of blocks. This thread encodes the entries, and only names the blocks.
const ENTRY_WEIGHT: usize = 2;
/// The most blocks in a row without new entries. A run ends before more of them.
const MOST_UNTOUCHED: usize = 4;
/// The worker may write to one segment for each job that is out, and to this many more. One is being filled.
const SPARE_SEGMENTS: usize = 1;

/// Where a job ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// After a block. The next job may run at the same time.
    Block,
    /// After all entries of a block, but before the next block begins. The next job may run at the same time.
    Gap,
    /// Within a block. The next job must wait for this one.
    Within,
}

/// The limits of a job.
#[derive(Clone, Copy, Debug)]
pub struct JobLimits {
    /// The approximate size of the blocks and entries that it merges.
    pub bytes: usize,
    /// How many other jobs are out.
    pub out: usize,
}

/// A job that was made.
pub struct HandedOut {
    /// The job, encoded.
    pub job: Vec<u8>,
    /// How many new entries it has.
    pub entries: usize,
    /// Where it ends.
    pub end: JobEnd,
}

impl<D: Disk> Table<D> {
    /// Makes a job that merges the next entries into a level. Takes them from `entries`. `in_gap` says that the job before
    /// ended with [`JobEnd::Gap`].
    pub fn hand_out(
        &mut self,
        level: Level,
        entries: &mut dyn Entries<'_>,
        retention: &Retention,
        in_gap: bool,
        limits: JobLimits,
    ) -> Result<HandedOut, Failure> {
        let mut in_gap = in_gap;
        let mut job = self.begin_job((level, false), retention, limits, &Blocks::default())?;
        let (mut taken, mut size, mut end) = (0, 0, JobEnd::Block);
        while size < limits.bytes && end == JobEnd::Block {
            let Some(next) = entries.peek() else { break };
            let first = if in_gap { PlacedBlock::absent(level, next.key) } else { self.block_of(level, next.key)? };
            let mut blocks = Blocks::default();
            let mut new = Vec::new();
            (size, end) = self.take_run(level, first, entries, (&mut blocks, &mut new), (size, limits.bytes))?;
            taken += new.len();
            varint::write(&mut job, u64::from(in_gap));
            blocks.write(&mut job);
            write_bytes(&mut job, &block::encode(new.iter().copied()));
            in_gap = false;
        }
        Ok(HandedOut { job, entries: taken, end })
    }

    /// Takes the entries of a run of neighbouring blocks. Returns the size of the job by then, and where it ends.
    fn take_run<'a>(
        &self,
        level: Level,
        first: PlacedBlock,
        entries: &mut dyn Entries<'a>,
        (blocks, new): (&mut Blocks, &mut Vec<Entry<'a>>),
        (before, most): (usize, usize),
    ) -> Result<(usize, JobEnd), Failure> {
        let mut last = first;
        let mut entry_bytes = 0;
        blocks.add(&last);
        loop {
            let mut after = self.block_after(level, &last)?;
            let known = new.len();
            // One block may be larger than a job. It takes some entries even then.
            let slack = (most / SLACK_SHARE).max(1);
            let left = most.saturating_sub(before + blocks.size + entry_bytes) / ENTRY_WEIGHT + slack;
            let took_all = take_below(entries, after.as_ref().map(PlacedBlock::separator), left, new);
            entry_bytes +=
                ENTRY_WEIGHT * new.get(known..).unwrap_or_default().iter().map(block::size_bound).sum::<usize>();
            let size = before + entry_bytes + blocks.size;
            let Some(next) = entries.peek() else { return Ok((size, JobEnd::Block)) };
            if !took_all {
                let old = self.old_block(level, last)?;
                let is_after = old.entries().last().is_none_or(|old| old.key < next.key);
                return Ok((size, if is_after { JobEnd::Gap } else { JobEnd::Within }));
            }
            let touched = blocks.end();
            loop {
                // The next block exists, because the next entry is not below it.
                let size = before + entry_bytes + blocks.size;
                let is_short = size >= most || blocks.len() > touched.0 + MOST_UNTOUCHED;
                let Some(placed) = after.filter(|_| !is_short) else {
                    blocks.cut(touched);
                    return Ok((size, JobEnd::Block));
                };
                after = self.block_after(level, &placed)?;
                blocks.add(&placed);
                if after.as_ref().is_none_or(|after| next.key < after.separator()) {
                    last = placed;
                    break;
                }
            }
        }
    }

    /// Makes a job that moves blocks of the upper level down, from the key `next` on. Sets `next` to the start of the next
    /// such job.
    pub fn hand_down(
        &mut self,
        next: &mut Vec<u8>,
        retention: &Retention,
        limits: JobLimits,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let mut placed = Some(self.block_of(Level::Upper, next)?);
        if let Some(absent) = placed.take_if(|placed| placed.pointer.is_none()) {
            placed = self.block_after(Level::Upper, &absent)?;
        }
        let (mut upper, mut bottom) = (Blocks::default(), Blocks::default());
        let mut old = None;
        while let Some(descends) = placed.take_if(|_| upper.size + bottom.size < limits.bytes) {
            placed = self.block_after(Level::Upper, &descends)?;
            upper.add(&descends);
            if upper.len() == 1 {
                old = Some(self.block_of(Level::Bottom, descends.separator())?);
            }
            // All bottom blocks that may have keys below the next upper block.
            let end = placed.as_ref().map(PlacedBlock::separator);
            while let Some(meets) = old.take_if(|old| end.is_none_or(|end| old.separator() < end)) {
                old = self.block_after(Level::Bottom, &meets)?;
                bottom.add(&meets);
            }
        }
        *next = placed.map_or_else(Vec::new, |placed| placed.separator().to_vec());
        if upper.len() == 0 {
            return Ok(None);
        }
        let mut job = self.begin_job((Level::Bottom, false), retention, limits, &upper)?;
        bottom.write(&mut job);
        Ok(Some(job))
    }

    /// Makes a job that relocates entries of a level. They must be in the order of their keys.
    pub fn hand_relocations(
        &mut self,
        level: Level,
        relocations: &[Relocation],
        retention: &Retention,
        bytes: usize,
    ) -> Result<Vec<u8>, Failure> {
        let (mut blocks, mut rest) = (Blocks::default(), relocations);
        while let Some((placed, _)) = self.next_to_relocate(level, &mut rest)? {
            blocks.add(&placed);
        }
        let limits = JobLimits { bytes, out: 0 };
        let mut job = self.begin_job((level, true), retention, limits, &Blocks::default())?;
        blocks.write(&mut job);
        write_relocations(&mut job, relocations);
        Ok(job)
    }

    #[inline(never)]
    fn begin_job(
        &mut self,
        (level, relocates): (Level, bool),
        retention: &Retention,
        limits: JobLimits,
        upper: &Blocks,
    ) -> Result<Vec<u8>, Failure> {
        let segments = self.part_mut(level).blocks.lend(limits.out + 1 + SPARE_SEGMENTS)?;
        let (block_size, compression) = (self.block_size, self.part(level).blocks.compression());
        let target = Target { block_size, compression, segments };
        let (retention, identity) = (retention.clone(), self.identity.get());
        let (upper_blocks, runs, size) = (Vec::new(), JobBytes(&[]), limits.bytes);
        let job = Job { level, relocates, retention, identity, target, size, upper: upper_blocks, runs };
        Ok(job.encode(upper))
    }

    /// Notes where the worker has written. Then the groups of the answer may be committed.
    pub fn written_aside(&mut self, level: Level, answer: &Answer) -> Result<(), Failure> {
        if answer.bytes == 0 || self.part_mut(level).blocks.written_aside(answer.end, answer.bytes) {
            return Ok(());
        }
        Err(Failure::new(FailureKind::InvalidRequest, "a job wrote to a segment that was not lent to it"))
    }

    /// Whether a worker may write to any segment.
    pub fn is_lending(&self) -> bool {
        Level::ALL.into_iter().any(|level| self.part(level).blocks.is_lending())
    }

    /// Takes back the segments that a worker could write to.
    pub fn end_lending(&mut self) {
        self.upper.blocks.end_lending();
        self.bottom.blocks.end_lending();
    }
}
