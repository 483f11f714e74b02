//! Makes jobs of what a level is to take, and takes what came of them.

use super::job::{Answer, Blocks, Job, JobBytes, write_bytes};
use super::merge::{Entries, take_below};
use super::{Level, PlacedBlock, Retention, Table, block};
use crate::disk::Disk;
use crate::entry::Entry;
use crate::failure::{Failure, FailureKind};
use crate::varint;

/// Of this many parts of a job one may come to one block beyond its size: rising keys all go to the last one.
const SLACK_SHARE: usize = 12;
/// Blocks in a row that nothing comes into: a job leaves more of them out.
const MOST_UNTOUCHED: usize = 4;
/// Segments that are lent beside one for each job that is out: one is being filled.
const SPARE_SEGMENTS: usize = 1;

/// Where a job ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// Behind a block: the next one may be handed out beside it.
    Block,
    /// Behind all that the block before has: so may that.
    Gap,
    /// Within a block: what comes next has to wait.
    Within,
}

/// How much a job may be.
#[derive(Clone, Copy, Debug)]
pub struct JobLimits {
    /// Bytes of entries and blocks that it brings together, more or less.
    pub bytes: usize,
    /// How many others are out.
    pub out: usize,
}

/// A job, and what it takes.
pub struct HandedOut {
    /// The job, as bytes.
    pub job: Vec<u8>,
    /// How many entries came in.
    pub entries: usize,
    /// Where it ends.
    pub end: JobEnd,
}

impl<D: Disk> Table<D> {
    /// Makes a job of the next entries, which it takes off `entries`, for a level. `in_gap` says that the job before ended so.
    pub fn hand_out(
        &mut self,
        level: Level,
        entries: &mut dyn Entries<'_>,
        retention: &Retention,
        in_gap: bool,
        limits: JobLimits,
    ) -> Result<HandedOut, Failure> {
        let mut in_gap = in_gap;
        let mut job = self.begin_job(level, retention, limits, &Blocks::default())?;
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

    /// Takes the entries of neighbouring blocks; returns how many bytes the job has then, and where it ends.
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
            // A block alone may be larger than a job: some comes into it in any case.
            let slack = (most / SLACK_SHARE).max(1);
            let left = most.saturating_sub(before + blocks.size + entry_bytes) + slack;
            let took_all = take_below(entries, after.as_ref().map(PlacedBlock::separator), left, new);
            entry_bytes += new.get(known..).unwrap_or_default().iter().map(block::size_bound).sum::<usize>();
            let size = before + entry_bytes + blocks.size;
            let Some(next) = entries.peek() else { return Ok((size, JobEnd::Block)) };
            if !took_all {
                let old = self.old_block(level, last)?;
                let is_behind = old.entries().last().is_none_or(|old| old.key < next.key);
                return Ok((size, if is_behind { JobEnd::Gap } else { JobEnd::Within }));
            }
            let touched = blocks.end();
            loop {
                // There is one: the next entry is not below it.
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

    /// Makes a job of blocks of the upper level, from `next` on, that descend; puts where the next one goes on into `next`.
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
            // All blocks of the bottom in which a key in front of the next block of the upper level may stand.
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
        let mut job = self.begin_job(Level::Bottom, retention, limits, &upper)?;
        bottom.write(&mut job);
        Ok(Some(job))
    }

    #[inline(never)]
    fn begin_job(
        &mut self,
        level: Level,
        retention: &Retention,
        limits: JobLimits,
        upper: &Blocks,
    ) -> Result<Vec<u8>, Failure> {
        let segments = self.part_mut(level).blocks.lend(limits.out + 1 + SPARE_SEGMENTS)?;
        let (retention, identity, block_size) = (retention.clone(), self.identity.get(), self.block_size);
        let (upper_blocks, runs, size) = (Vec::new(), JobBytes(&[]), limits.bytes);
        let job = Job { level, retention, identity, block_size, size, segments, upper: upper_blocks, runs };
        Ok(job.encode(upper))
    }

    /// Takes note of where somebody else has written. Its groups may be committed then.
    pub fn written_aside(&mut self, level: Level, answer: &Answer) -> Result<(), Failure> {
        if answer.bytes == 0 || self.part_mut(level).blocks.written_aside(answer.end, answer.bytes) {
            return Ok(());
        }
        Err(Failure::new(FailureKind::InvalidRequest, "a job wrote to a segment that was not lent to it"))
    }

    /// Whether segments are lent.
    pub fn is_lending(&self) -> bool {
        Level::ALL.into_iter().any(|level| self.part(level).blocks.is_lending())
    }

    /// Takes back the segments that are lent.
    pub fn end_lending(&mut self) {
        self.upper.blocks.end_lending();
        self.bottom.blocks.end_lending();
    }
}
