//! Jobs: work on the table that a worker thread does, with an engine of its own, while this thread takes commits.
//!
//! A job is a part of a merge, of a descent, or of a move of values. This thread makes the job and sends it. The worker
//! writes the new blocks and answers with the changes of the tree. This thread applies them, in steps. Until then the
//! table does not change. So this thread can take a job back at any time and do the work itself: when the worker fails,
//! or is too slow. While jobs are out, nothing else changes the table.

use super::Database;
use super::background::OVERFULL;
use super::checkpointer::Compaction;
use super::hidden::Hiding;
use super::jobs::{Out, Planned, Task};
use super::memtables::EIGHTHS;
use super::sealed::Sealed;
use super::store::Store;
use super::value_log::Moved;
use crate::disk::Disk;
use crate::failure::Failure;
use crate::table::{Answer, JobLimits, Level};

/// The most jobs without an answer. The worker does one while the next one waits.
const MOST_JOBS_OUT: usize = 2;
/// A job is late if the active memtable, or its part of the log, has grown by one part in this many of a full one since the
/// job was made. Then this thread takes it back. The worker is stuck, or the event loop does not turn, so that no answer
/// arrives.
const LATE_SHARE: u64 = 4;
/// A job is nearly late after this share. Then awaited commits wait for it.
const NEARLY_LATE_SHARE: u64 = 2 * LATE_SHARE;
/// Work smaller than one part in this many of a job is not worth a job.
const SMALL_SHARE: usize = 32;
/// Awaited commits wait while jobs are out and the active memtable exceeds this many eighths of a full one. The rest is
/// for commits that nobody awaits.
const NEARLY_FULL: u64 = EIGHTHS - 1;

/// A commit applies at most this many parts of answers below the hard limit. They take about 10 ms.
const MOST_SHOWN: usize = 4;

impl<D: Disk> Database<D> {
    /// Sets whether there is a worker. There is none at first. Takes back the jobs that are out.
    pub fn run_jobs(&mut self, is_on: bool) {
        if let Some(store) = self.writing() {
            store.take_jobs_back();
            store.checkpointer.jobs_mut().is_on = is_on;
        }
    }

    /// Whether the database can do nothing before a job is answered.
    pub fn awaits_job(&self) -> bool {
        let store = self.looking();
        store.checkpointer.jobs().are_awaited()
            && store.is_settled()
            && store.unseen(Hiding::Active) == 0
            && !store.values.has_unnoted_segment()
            && !store.values.has_dead()
            && !store.table.has_dead()
    }

    /// Whether there is work for a job. Also says so without a worker: then one may be started.
    pub fn has_job(&self) -> bool {
        self.looking().next_planned().is_some()
    }

    /// Makes the next job, writes it into `job` and returns its number; `None` if there is none, or if a step comes first.
    /// All writes so far must be in the files before the worker begins.
    pub fn next_job(&mut self, now_ms: u64, job: &mut Vec<u8>) -> Result<Option<u32>, Failure> {
        let Some(store) = self.writing() else { return Ok(None) };
        store.next_job(now_ms, job)
    }

    /// Takes the answer to a job. The blocks that the worker wrote must be durable. Ignores the answer to a job that was
    /// taken back.
    pub fn finish_job(&mut self, number: u32, answer: &[u8]) -> Result<(), Failure> {
        let Some(store) = self.writing() else { return Ok(()) };
        store.finish_job(number, answer)
    }

    /// Takes back the jobs that are out because the worker failed.
    pub fn fail_jobs(&mut self) {
        if let Some(store) = self.writing() {
            store.take_jobs_back();
            store.table.end_lending();
        }
    }
}

impl<D: Disk> Store<D> {
    /// The kind of the next job, if there is one and nothing else comes first.
    pub fn planned(&self) -> Option<Planned> {
        if self.checkpointer.jobs().is_on { self.next_planned() } else { None }
    }

    /// Like [`Store::planned`], as if there were a worker.
    #[inline(never)]
    fn next_planned(&self) -> Option<Planned> {
        let jobs = self.checkpointer.jobs();
        let sealed = self.memtables.sealed();
        let least = self.options.job_size() / SMALL_SHARE;
        if let Some(moved) = self.values.moved() {
            let is_first = !jobs.are_out() && !self.table.has_prepared() && !self.checkpointer.has_after();
            let is_small = moved.relocations.len() * self.options.block_size < least;
            let is_planned = is_first && !is_small && !jobs.is_resting && !jobs.is_closing;
            return (is_planned && !self.values.moved_waits()).then_some(Planned::Relocate);
        }
        let compaction = self.checkpointer.compaction().filter(|_| !jobs.is_closing);
        let compacts_upper = matches!(compaction, Some(Compaction::Upper(_)));
        if sealed.is_none() && !compacts_upper && (jobs.is_closing || !self.must_descend()) {
            return None;
        }
        // A job has the places of blocks, so no change of the table may be pending.
        if jobs.is_resting || !self.is_settled() || self.has_much_dead() {
            return None;
        }
        let is_seen = self.unseen(Hiding::Active) == 0 && self.unseen(Hiding::Sealed) == 0;
        if !is_seen || self.values.has_unnoted_segment() || jobs.unanswered() >= MOST_JOBS_OUT {
            return None;
        }
        // Commits do not wait for a compaction.
        let is_first = compacts_upper && (sealed.is_none() || !self.is_ahead(0));
        if is_first || (compaction.is_none() && !self.merges_first() && !jobs.is_closing) {
            let is_small = self.table.live_bytes(Level::Upper) < least as u64;
            return (!jobs.are_out() && !is_small).then_some(Planned::Descend);
        }
        if matches!(compaction, Some(Compaction::Bottom(..) | Compaction::Rewritten(_) | Compaction::Log)) {
            return None;
        }
        // All jobs that are out must change the same level.
        let is_beside = jobs.out.iter().all(|out| matches!(out.task, Task::Merge { .. }));
        let is_ready = |sealed: &&Sealed| is_beside && sealed.folding().is_none();
        let sealed = sealed.filter(is_ready).filter(|sealed| sealed.memtable().size_bytes() >= least)?;
        // The table must not be ahead of the log.
        if !self.values.is_durable(sealed.logged()) {
            return None;
        }
        sealed.next_job(jobs.are_out()).map(|_| Planned::Merge)
    }

    fn next_job(&mut self, now_ms: u64, bytes: &mut Vec<u8>) -> Result<Option<u32>, Failure> {
        let Some(planned) = self.planned() else { return Ok(None) };
        if !self.checkpointer.jobs().are_out() && self.prepare_group()? {
            return Ok(None);
        }
        let (appended, newest) = (self.values.appended_bytes(), self.clock.newest());
        let (task, level, job, retention) = match planned {
            Planned::Merge => {
                let retention = self.retention_of_sealed(now_ms);
                let limits = JobLimits { bytes: self.options.job_size(), out: self.checkpointer.jobs().unanswered() };
                let Some(sealed) = self.memtables.sealed_mut() else { return Ok(None) };
                let is_beside = self.checkpointer.jobs().are_out();
                let from = sealed.next_job(is_beside);
                let handed = sealed.hand_out(&mut self.table, &retention, limits, is_beside)?;
                (Task::Merge { from, entries: handed.entries }, sealed.level(), handed.job, retention)
            }
            Planned::Descend => {
                let retention = self.retention(now_ms, true);
                let compaction = match self.checkpointer.compaction() {
                    Some(Compaction::Upper(descent)) => Some(descent.clone()),
                    _ => None,
                };
                let is_compaction = compaction.is_some();
                let from = compaction.unwrap_or_else(|| self.checkpointer.take_descent(self.hidden_limit()));
                let mut next = from.clone();
                let job = self.table.hand_descent(&mut next, &retention, self.options.job_size())?;
                let task = if is_compaction { Task::Compact { next } } else { Task::Descend { from, next } };
                let Some(job) = job else {
                    // The upper level is empty. A step records that.
                    if let Task::Descend { from, .. } = task {
                        self.checkpointer.return_descent(from);
                    }
                    self.checkpointer.jobs_mut().is_resting = true;
                    return Ok(None);
                };
                (task, Level::Bottom, job, retention)
            }
            Planned::Relocate => {
                let retention = self.retention(now_ms, true);
                let Some(mut moved) = self.values.take_moved()? else { return Ok(None) };
                if self.table.live_bytes(moved.level) == 0 {
                    moved.level = Level::Bottom;
                }
                let (level, size) = (moved.level, self.options.job_size());
                let job = self.table.hand_relocations(level, &moved.relocations, &retention, size)?;
                (Task::Relocate(moved), level, job, retention)
            }
        };
        if planned != Planned::Relocate {
            self.counters.step();
        }
        self.checkpointer.jobs_mut().number = self.checkpointer.jobs().number.wrapping_add(1);
        let number = self.checkpointer.jobs().number;
        *bytes = job;
        self.checkpointer.jobs_mut().out.push_back(Out {
            number,
            task,
            level,
            retention,
            newest,
            appended,
            active_bytes: self.memtables.active().size_bytes(),
            answer: None,
        });
        Ok(Some(number))
    }

    fn finish_job(&mut self, number: u32, answer: &[u8]) -> Result<(), Failure> {
        let Some(place) =
            self.checkpointer.jobs().out.iter().position(|out| out.number == number && out.answer.is_none())
        else {
            return Ok(());
        };
        let answer = Answer::decode(answer)?;
        let Some(out) = self.checkpointer.jobs_mut().out.get_mut(place) else { return Ok(()) };
        self.table.written_aside(out.level, &answer)?;
        if out.retention.serves(&self.clock.retention(out.retention.versions_to_keep, 0, false), out.newest) {
            out.answer = Some((answer, 0));
        } else {
            self.take_jobs_back();
        }
        Ok(())
    }

    /// Does a step while jobs are out. Returns whether there was something to do.
    pub fn step_beside_jobs(&mut self) -> Result<bool, Failure> {
        Ok(self.show_job()? || self.remove_dead()?)
    }

    /// Applies a part of the answer to the oldest job. Returns whether there was one. The worker made its blocks durable.
    #[inline(never)]
    pub fn show_job(&mut self) -> Result<bool, Failure> {
        self.settle()?;
        let Some((answer, shown)) = self.checkpointer.jobs_mut().out.front_mut().and_then(|out| out.answer.as_mut())
        else {
            return Ok(false);
        };
        if let Some((group, next)) = answer.group_at(*shown)? {
            *shown = next;
            let is_last = next == answer.groups.len();
            let written = self.table.prepare(group)?;
            self.count_written(written);
            if !is_last {
                return Ok(true);
            }
        }
        match self.checkpointer.jobs_mut().out.pop_front().map(|out| out.task) {
            Some(Task::Merge { entries, .. }) => {
                if let Some(sealed) = self.memtables.sealed_mut() {
                    sealed.job_is_done(entries);
                }
            }
            Some(Task::Descend { next, .. }) => self.descended(next)?,
            Some(Task::Compact { next }) => {
                let is_round = next.is_at_start();
                let compaction = if is_round { Compaction::Descended } else { Compaction::Upper(next) };
                self.checkpointer.compacted(Some(compaction));
            }
            Some(Task::Relocate(moved)) if moved.level == Level::Bottom => self.relocated(&moved),
            Some(Task::Relocate(moved)) => self.values.return_moved(Moved { level: Level::Bottom, ..moved }),
            None => {}
        }
        Ok(true)
    }

    /// Takes back all jobs that are out. Their answers are ignored from now on. The parts that the table already has stay.
    #[inline(never)]
    pub fn take_jobs_back(&mut self) {
        let Some(oldest) = self.checkpointer.jobs_mut().out.pop_front() else { return };
        match oldest.task {
            Task::Merge { from, .. } => {
                if let Some(sealed) = self.memtables.sealed_mut() {
                    sealed.go_on_from(from);
                }
            }
            Task::Descend { from, .. } => self.checkpointer.return_descent(from),
            Task::Compact { .. } => {}
            Task::Relocate(moved) => self.values.return_moved(moved),
        }
        self.checkpointer.jobs_mut().out.clear();
        self.checkpointer.jobs_mut().is_resting = true;
    }

    /// By how many entries commits may be ahead of the merge before they wait. Answers to jobs have many entries.
    pub fn slack(&self) -> u64 {
        let sealed = self.memtables.sealed().filter(|_| self.checkpointer.jobs().are_out());
        sealed.map_or(0, |sealed| sealed.memtable().len() as u64 / EIGHTHS)
    }

    /// Whether awaited commits must wait for jobs: the active memtable is nearly full, or the oldest job is nearly late.
    pub fn jobs_lag(&self) -> bool {
        let Some(oldest) = self.checkpointer.jobs().out.front() else { return false };
        let is_sealed = self.memtables.sealed().is_some();
        (is_sealed && self.exceeds(NEARLY_FULL)) || self.is_late(oldest, NEARLY_LATE_SHARE)
    }

    fn is_late(&self, out: &Out, share: u64) -> bool {
        let grown = self.memtables.active().size_bytes().saturating_sub(out.active_bytes);
        grown as u64 > self.options.write_buffer_size as u64 / share
            || self.values.appended_bytes() - out.appended > self.options.log_limit() / share
    }

    /// Runs before a commit. Returns whether the jobs that are out keep pace with the commits. If not, takes them back.
    pub fn leaves_pace_to_jobs(&mut self) -> Result<bool, Failure> {
        if self.is_full() && self.memtables.sealed().is_none() && self.checkpointer.jobs().are_out() {
            self.seal()?;
        }
        for shown in 0.. {
            let Some(oldest) = self.checkpointer.jobs().out.front() else { break };
            let is_due = self.is_full() || self.is_late(oldest, LATE_SHARE);
            if !is_due || (shown == MOST_SHOWN && oldest.answer.is_some() && !self.exceeds(OVERFULL)) {
                return Ok(true);
            }
            if !self.show_job()? {
                self.take_jobs_back();
                break;
            }
        }
        Ok(false)
    }

    /// Notes that there are no more commits. From now on the upper level need not descend.
    pub fn end_jobs_soon(&mut self) {
        self.checkpointer.jobs_mut().is_closing = true;
    }

    /// Takes back the segments that a worker could write to, so that unused ones are removed. Returns whether there were any.
    pub fn end_lending(&mut self) -> Result<bool, Failure> {
        if !self.table.is_lending() {
            return Ok(false);
        }
        self.table.end_lending();
        self.sync_table()?;
        Ok(true)
    }
}
