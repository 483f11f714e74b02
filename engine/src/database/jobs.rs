//! The jobs of a store: parts of merges, descents and moves of values that a worker does.

use std::collections::VecDeque;

use super::value_log::Moved;
use crate::memtable::Place;
use crate::table::{Answer, Descent, HistoryLeft, Level, Retention};
use crate::version::Version;

/// The kind of the next job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Planned {
    /// Merges a part of the sealed memtable.
    Merge,
    /// Moves some blocks of the upper level into the bottom level.
    Descend,
    /// Changes the entries of values that were moved.
    Relocate,
}

/// The work of a job.
pub(super) enum Task {
    /// Merges entries of the sealed memtable. The first one is at `from`.
    Merge { from: Option<Place>, entries: usize },
    /// Moves blocks of the upper level into the bottom level. Holds the progress of the descent before and after the job.
    Descend { from: Descent, next: Descent },
    /// The same in a compaction.
    Compact { next: Descent },
    /// Changes the entries of values that were moved.
    Relocate(Moved),
}

/// A job that is out: a worker has it, or has answered it and the table does not have the whole answer yet.
pub(super) struct Out {
    pub number: u32,
    pub task: Task,
    pub level: Level,
    pub retention: Retention,
    /// The newest version when the job was made.
    pub newest: Version,
    /// How many bytes of records the log had when the job was made.
    pub appended: u64,
    /// The size of the active memtable when the job was made.
    pub active_bytes: usize,
    /// The answer, and how many of its bytes the table has.
    pub answer: Option<(Answer, usize)>,
}

/// The jobs of a store.
#[derive(Default)]
pub(super) struct Jobs {
    /// Whether there is a worker.
    pub is_on: bool,
    /// Whether the store must do the next part of the work itself. Jobs were taken back, or there was nothing to do.
    pub is_resting: bool,
    pub is_closing: bool,
    /// The number of the newest job.
    pub number: u32,
    /// The jobs that are out, the oldest first.
    pub out: VecDeque<Out>,
}

impl Jobs {
    /// Whether any job is out.
    pub fn are_out(&self) -> bool {
        !self.out.is_empty()
    }

    /// Whether the store must wait for the answer to the oldest job.
    pub fn are_awaited(&self) -> bool {
        self.out.front().is_some_and(|oldest| oldest.answer.is_none())
    }

    /// The remaining history once the table has all answers.
    #[inline(never)]
    pub fn history(&self) -> HistoryLeft {
        let answers = self.out.iter().filter_map(|out| out.answer.as_ref());
        answers.fold(HistoryLeft::default(), |left, (answer, _)| left.max(answer.history))
    }

    /// Notes that the store did a part of the work itself. The next part may be a job again.
    pub fn worked_here(&mut self) {
        self.is_resting = false;
    }

    /// The number of jobs without an answer.
    pub fn unanswered(&self) -> usize {
        self.out.iter().filter(|out| out.answer.is_none()).count()
    }
}
