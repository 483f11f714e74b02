//! The jobs of a store: pieces of merges and descents that somebody else does.

use std::collections::VecDeque;

use crate::memtable::Place;
use crate::table::{Answer, Descent, HistoryLeft, Level, Retention};
use crate::version::Version;

/// What may be handed out next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Planned {
    /// A piece of the sealed memtable.
    Merge,
    /// Some of the upper level.
    Descend,
}

/// What a job does.
pub(super) enum Task {
    /// Brings entries of the sealed memtable, from a place on, into the table.
    Merge { from: Option<Place>, entries: usize },
    /// Moves some of the upper level down: where it began, and where the next one goes on.
    Descend { from: Descent, next: Descent },
    /// The same in a compaction.
    Compact { next: Descent },
}

/// A job that is out.
pub(super) struct Out {
    pub number: u32,
    pub task: Task,
    pub level: Level,
    pub retention: Retention,
    /// The newest version when it was handed out.
    pub newest: Version,
    /// How many bytes the log had then.
    pub appended: u64,
    /// What came of it, once it is answered, and how much of that shows.
    pub answer: Option<(Answer, usize)>,
}

/// The jobs of a store, the oldest first.
#[derive(Default)]
pub(super) struct Jobs {
    pub is_on: bool,
    /// Whether the next piece is done here: one of its kind failed or came too late.
    pub is_resting: bool,
    pub is_closing: bool,
    pub number: u32,
    pub out: VecDeque<Out>,
}

impl Jobs {
    /// Whether some are out, or do not wholly show.
    pub fn are_out(&self) -> bool {
        !self.out.is_empty()
    }

    /// Whether there is nothing to do with them but to wait.
    pub fn are_awaited(&self) -> bool {
        self.out.front().is_some_and(|oldest| oldest.answer.is_none())
    }

    /// What is left of the history once the answers show.
    #[inline(never)]
    pub fn history(&self) -> HistoryLeft {
        let answers = self.out.iter().filter_map(|out| out.answer.as_ref());
        answers.fold(HistoryLeft::default(), |left, (answer, _)| left.max(answer.history))
    }

    /// Takes note that a step did here what a job might have done: the next piece may be handed out again.
    pub fn worked_here(&mut self) {
        self.is_resting = false;
    }

    pub fn unanswered(&self) -> usize {
        self.out.iter().filter(|out| out.answer.is_none()).count()
    }
}
