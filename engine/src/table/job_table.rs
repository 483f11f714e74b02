//! Does jobs. Has a table with only the blocks of one job, on the files of a store that another instance has open.

use std::rc::Rc;

use super::blocks::Pointer;
use super::group::Group;
use super::job::{Answer, Job, JobBytes, malformed};
use super::merge::OldBlock;
use super::{DecodedBlock, Level, PlacedBlock, Table, TableDisks};
use crate::disk::Disk;
use crate::failure::Failure;
use crate::index::{Identity, MemoryTree, Tree};

/// Blocks that are merged at a time.
const BLOCKS_A_STEP: usize = 32;
/// A group has about one part in this many of a job's size. The owner of the store applies some groups in one step.
const GROUPS_A_JOB: usize = 8;
/// The upper blocks of one group have about one part in this many of a job's size.
const DESCENTS_A_JOB: usize = 24;

/// Does jobs of one store, one after another.
pub struct JobTable<D: Disk>(Table<D>);

impl<D: Disk> JobTable<D> {
    /// Opens the table for the store of this job.
    pub fn open(disks: TableDisks<D>, job: &Job<'_>) -> Result<Self, Failure> {
        let tree = MemoryTree::default();
        Identity::given(job.identity, &tree)?;
        Ok(Self(Table::open(Rc::new(tree), disks, job.target.block_size, 0)?))
    }

    /// Does a job. The blocks that it wrote are durable then. After a failure, the table must not be used again.
    pub fn run(&mut self, job: &Job<'_>) -> Result<Answer, Failure> {
        let table = &mut self.0;
        table.block_size = job.target.block_size;
        let blocks = &mut table.part_mut(job.level).blocks;
        if blocks.compression() != job.target.compression {
            blocks.set_compression(job.target.compression);
        }
        table.part_mut(job.level).blocks.take_lent(&job.target.segments);
        let mut answer = Answer::begin();
        let mut rest = JobBytes(job.runs.0);
        if !job.upper.is_empty() {
            table.show_blocks(&rest.blocks(job.level)?)?;
            table.descend_run(job, &mut answer)?;
        }
        if job.relocates {
            table.show_blocks(&rest.blocks(job.level)?)?;
            table.relocate_run(job, &mut rest, &mut answer)?;
        }
        while !rest.0.is_empty() {
            let in_gap = rest.number()? != 0;
            table.show_blocks(&rest.blocks(job.level)?)?;
            table.merge_run(job, (in_gap, rest.bytes()?), &mut answer)?;
        }
        for level in Level::ALL {
            let blocks = &mut table.part_mut(level).blocks;
            blocks.sync()?;
            // Removed files take space while they are open, and the others may have grown.
            blocks.forget_read();
        }
        answer.end = table.part(job.level).blocks.written_end();
        Ok(answer)
    }
}

impl<D: Disk> Table<D> {
    /// Makes these blocks the only ones of a level.
    fn show_blocks(&mut self, blocks: &[PlacedBlock]) -> Result<(), Failure> {
        let tree = MemoryTree::default();
        for PlacedBlock { place, pointer } in blocks {
            tree.insert(place, &pointer.map_or_else(Vec::new, Pointer::encode))?;
        }
        self.tree = Rc::new(tree);
        Ok(())
    }

    fn merge_run(&mut self, job: &Job<'_>, (in_gap, bytes): (bool, &[u8]), answer: &mut Answer) -> Result<(), Failure> {
        let mut decoded = DecodedBlock::default();
        decoded.decode(bytes).map_err(|_| malformed())?;
        let mut entries = (0..decoded.len()).filter_map(|i| decoded.entry(bytes, i)).peekable();
        let mut group = Group::default();
        if in_gap {
            group.leave_gap();
        }
        while entries.peek().is_some() {
            self.merge_into(job.level, &mut entries, &job.retention, BLOCKS_A_STEP, &mut group)?;
            if group.is_full() || group.written().bytes >= job.size / GROUPS_A_JOB || entries.peek().is_none() {
                answer.add(&group);
                self.tree.apply(std::mem::take(&mut group).into_batch())?;
            }
        }
        Ok(())
    }

    fn descend_run(&mut self, job: &Job<'_>, answer: &mut Answer) -> Result<(), Failure> {
        let mut moved: Vec<OldBlock> = Vec::new();
        let mut bytes = 0;
        for (i, placed) in job.upper.iter().enumerate() {
            let block = self.old_block(Level::Upper, placed.clone())?;
            bytes += block.size();
            moved.push(block);
            if bytes >= job.size / DESCENTS_A_JOB || i + 1 == job.upper.len() {
                let group = self.descend_blocks(&moved, &job.retention)?;
                answer.add(&group);
                self.tree.apply(group.into_batch())?;
                moved.clear();
                bytes = 0;
            }
        }
        Ok(())
    }

    fn relocate_run(&mut self, job: &Job<'_>, rest: &mut JobBytes<'_>, answer: &mut Answer) -> Result<(), Failure> {
        let mut relocations = Vec::new();
        while !rest.0.is_empty() {
            relocations.push(rest.relocation()?);
        }
        let mut group = Group::default();
        self.relocate_in(job.level, &relocations, &mut group)?;
        if !group.is_empty() {
            answer.add(&group);
        }
        Ok(())
    }
}
