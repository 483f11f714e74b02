//! Verification reads everything and checks it. It changes nothing.

use std::collections::BTreeMap;

use super::Database;
use super::store::Store;
use crate::disk::Disk;
use crate::entry::Value;
use crate::failure::{Failure, FailureKind};
use crate::log::{Position, SegmentNumber, segment};
use crate::table::{BlockDamage, BlockWalk, Level};

/// How many blocks one step reads.
const BLOCKS_A_STEP: usize = 64;

/// How far a verification has come, and what it found.
#[derive(Default)]
pub struct Verification {
    phase: Phase,
    /// Bytes of the log that entries refer to, by segment.
    counted: BTreeMap<SegmentNumber, u64>,
    /// How often the table had changed at the start. If it changes during the verification, its counts are not compared.
    changes: u64,
    /// The damage that was found since the last step.
    pub damages: Vec<BlockDamage>,
    /// Entries that were read.
    pub entries: u64,
    /// Blocks and records that were read.
    pub parts: u64,
}

#[derive(Default)]
enum Phase {
    #[default]
    Start,
    Log(Vec<SegmentNumber>),
    Blocks(BlockWalk, Level),
    Counts,
    Done,
}

impl<D: Disk> Database<D> {
    /// Reads and checks the next part; returns whether there is more. Other calls may come between two steps.
    pub fn verify_step(&mut self, verification: &mut Verification) -> Result<bool, Failure> {
        self.working().verify_step(verification)
    }
}

impl<D: Disk> Store<D> {
    fn verify_step(&mut self, verification: &mut Verification) -> Result<bool, Failure> {
        verification.damages.clear();
        verification.phase = match std::mem::take(&mut verification.phase) {
            Phase::Start => {
                self.values.write_out()?;
                verification.changes = self.table.changes();
                let mut segments = self.values.segments_from(self.checkpointer.checkpoint().first_segment)?;
                segments.reverse();
                Phase::Log(segments)
            }
            Phase::Log(mut segments) => match segments.pop() {
                Some(number) => {
                    self.verify_segment(number, verification)?;
                    Phase::Log(segments)
                }
                None => Phase::Blocks(BlockWalk::over(Level::Upper), Level::Upper),
            },
            Phase::Blocks(mut walk, level) => {
                self.verify_blocks(&mut walk, verification)?;
                match level {
                    _ if !walk.is_done() => Phase::Blocks(walk, level),
                    Level::Upper => Phase::Blocks(BlockWalk::over(Level::Bottom), Level::Bottom),
                    Level::Bottom => Phase::Counts,
                }
            }
            Phase::Counts => {
                self.verify_counts(verification);
                Phase::Done
            }
            Phase::Done => Phase::Done,
        };
        Ok(!matches!(verification.phase, Phase::Done))
    }

    /// Records that recovery would read.
    fn verify_segment(&mut self, number: SegmentNumber, verification: &mut Verification) -> Result<(), Failure> {
        // A checkpoint may have removed it meanwhile.
        if number < self.checkpointer.checkpoint().first_segment {
            return Ok(());
        }
        match self.values.verify_segment(number)? {
            Ok(records) => verification.parts += records,
            Err(what) => verification.damages.push(BlockDamage {
                file: format!("log/{}", segment::file_name(number)),
                offset: 0,
                from: Vec::new(),
                to: None,
                what,
            }),
        }
        Ok(())
    }

    fn verify_blocks(&mut self, walk: &mut BlockWalk, verification: &mut Verification) -> Result<(), Failure> {
        let log = &mut self.values;
        let Verification { counted, damages, entries, parts, .. } = verification;
        let mut value = Vec::new();
        let mut values = Vec::new();
        self.table.verify_blocks(
            walk,
            BLOCKS_A_STEP,
            |entry| {
                *entries += 1;
                let Value::Logged { position, length } = entry.value else { return Ok(()) };
                let at = Position::unpacked(position);
                *counted.entry(at.segment).or_default() += u64::from(length.stored());
                *parts += 1;
                match log.read(position, length, &mut value) {
                    Ok(()) => Ok(()),
                    Err(failure) if failure.kind() == FailureKind::Corrupt => {
                        let file = format!("log/{}", segment::file_name(at.segment));
                        let (from, to) = (entry.key.to_vec(), Some([entry.key, &[0]].concat()));
                        values.push(BlockDamage { file, offset: at.offset, from, to, what: failure.into_message() });
                        Ok(())
                    }
                    Err(failure) => Err(failure),
                }
            },
            |damage| damages.push(damage),
        )?;
        *parts += BLOCKS_A_STEP as u64;
        damages.append(&mut values);
        Ok(())
    }

    /// Compares the counts of live bytes, which decide what is removed. If the table changed meanwhile, or a block
    /// could not be read, there is nothing to compare.
    fn verify_counts(&self, verification: &mut Verification) {
        if verification.changes != self.table.changes() {
            return;
        }
        let mut counted = verification.counted.clone();
        for (segment, live) in self.table.log_live().iter() {
            let found = counted.remove(&segment).unwrap_or(0);
            if found > live {
                verification.damages.push(miscounted(segment, live, found));
            }
        }
        for (segment, found) in counted {
            verification.damages.push(miscounted(segment, 0, found));
        }
    }
}

fn miscounted(number: SegmentNumber, live: u64, found: u64) -> BlockDamage {
    BlockDamage {
        file: "index/db".to_owned(),
        offset: 0,
        from: Vec::new(),
        to: None,
        what: format!("{live} bytes of {} are counted as live, {found} are", segment::file_name(number)),
    }
}
