//! Work on the table that somebody else does meanwhile: another thread, with files of its own.
//!
//! A *job* is a piece of a merge or of a descent. It is handed out, done elsewhere, and answered with changes of the tree, which
//! show here as those of a step do. Until then the table is as if nothing had begun: a job whose answer does not come, or comes
//! too late, is done here. While jobs are out nothing else changes the table.

use super::Database;
use super::checkpointer::Compaction;
use super::hidden::Hiding;
use super::jobs::{Out, Planned, Task};
use super::store::Store;
use crate::disk::Disk;
use crate::failure::Failure;
use crate::table::{Answer, JobLimits, Level};

/// So many jobs are out at a time: one is done while the next one waits.
const MOST_JOBS_OUT: usize = 2;
/// When the log has grown by so much since the oldest job was handed out, its answer is not waited for any more: the host did not
/// take it, since its event loop does not turn, or the one who does it is stuck.
const LATE_BYTES: u64 = 8 << 20;
/// What is smaller than one of this many parts of a job is done here at once.
const SMALL_SHARE: usize = 32;

impl<D: Disk> Database<D> {
    /// Whether somebody does jobs from here on. Without it, and at first, all is done in steps here.
    pub fn run_jobs(&mut self, is_on: bool) {
        if let Some(store) = self.writing() {
            store.take_jobs_back();
            store.checkpointer.jobs_mut().is_on = is_on;
        }
    }

    /// Whether there is nothing to do before a job is answered.
    pub fn awaits_job(&self) -> bool {
        let store = self.looking();
        store.checkpointer.jobs().are_awaited()
            && store.unseen(Hiding::Active) == 0
            && !store.values.has_unnoted_segment()
    }

    /// Whether there is a job to hand out, or would be if somebody did jobs.
    pub fn has_job(&self) -> bool {
        self.looking().next_planned().is_some()
    }

    /// Writes the next job into `job`, if there is one to hand out; returns its number. What its blocks were read from must be
    /// written before somebody begins to do it.
    pub fn next_job(&mut self, now_ms: u64, job: &mut Vec<u8>) -> Result<Option<u32>, Failure> {
        let Some(store) = self.writing() else { return Ok(None) };
        store.next_job(now_ms, job)
    }

    /// Takes what came of a job; of one that is not out any more it takes nothing. What it says it wrote must be durable.
    pub fn finish_job(&mut self, number: u32, answer: &[u8]) -> Result<(), Failure> {
        let Some(store) = self.writing() else { return Ok(()) };
        store.finish_job(number, answer)
    }

    /// Takes note that whoever does jobs failed: those that are out are done here.
    pub fn fail_jobs(&mut self) {
        if let Some(store) = self.writing() {
            store.take_jobs_back();
            store.table.end_lending();
        }
    }
}

impl<D: Disk> Store<D> {
    /// What is to be handed out next, if nothing else comes first.
    pub fn planned(&self) -> Option<Planned> {
        if self.checkpointer.jobs().is_on { self.next_planned() } else { None }
    }

    /// The same, if somebody did jobs.
    #[inline(never)]
    fn next_planned(&self) -> Option<Planned> {
        let jobs = self.checkpointer.jobs();
        let sealed = self.memtables.sealed();
        let compaction = self.checkpointer.compaction().filter(|_| !jobs.is_closing);
        let compacts_upper = matches!(compaction, Some(Compaction::Upper(_)));
        if sealed.is_none() && !compacts_upper && (jobs.is_closing || !self.must_descend()) {
            return None;
        }
        if jobs.is_resting || self.has_much_dead() {
            return None;
        }
        let is_seen = self.unseen(Hiding::Active) == 0 && self.unseen(Hiding::Sealed) == 0;
        if !is_seen || self.values.has_unnoted_segment() || jobs.unanswered() >= MOST_JOBS_OUT {
            return None;
        }
        let least = self.options.job_size() / SMALL_SHARE;
        // A compaction does not keep commits waiting.
        let is_first = compacts_upper && (sealed.is_none() || !self.is_ahead(0));
        if is_first || (compaction.is_none() && !self.merges_first() && !jobs.is_closing) {
            let is_small = self.table.live_bytes(Level::Upper) < least as u64;
            return (!jobs.are_out() && !is_small).then_some(Planned::Descend);
        }
        if matches!(compaction, Some(Compaction::Bottom(..) | Compaction::Log)) {
            return None;
        }
        // Those that are out must be of the same level.
        let is_beside = jobs.out.iter().all(|out| matches!(out.task, Task::Merge { .. }));
        let sealed = sealed.filter(|sealed| is_beside && sealed.memtable().size_bytes() >= least)?;
        sealed.next_job(jobs.out.len()).map(|_| Planned::Merge)
    }

    fn next_job(&mut self, now_ms: u64, bytes: &mut Vec<u8>) -> Result<Option<u32>, Failure> {
        let Some(planned) = self.planned() else { return Ok(None) };
        if !self.checkpointer.jobs().are_out() {
            self.commit_group()?;
            self.table.remove_dead()?;
        }
        let (appended, newest) = (self.values.appended_bytes(), self.clock.newest());
        let (task, level, job, retention) = match planned {
            Planned::Merge => {
                let retention = self.retention_of_sealed(now_ms);
                let limits = JobLimits { bytes: self.options.job_size(), out: self.checkpointer.jobs().unanswered() };
                let Some(sealed) = self.memtables.sealed_mut() else { return Ok(None) };
                let from = sealed.next_job(self.checkpointer.jobs().out.len());
                let handed = sealed.hand_out(&mut self.table, &retention, limits)?;
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
                    // There is nothing: a step takes note of it.
                    if let Task::Descend { from, .. } = task {
                        self.checkpointer.return_descent(from);
                    }
                    self.checkpointer.jobs_mut().is_resting = true;
                    return Ok(None);
                };
                (task, Level::Bottom, job, retention)
            }
        };
        self.counters.step();
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

    /// Lets some of what came of the oldest job show; says whether something did.
    #[inline(never)]
    pub fn show_job(&mut self) -> Result<bool, Failure> {
        let Some((answer, shown)) = self.checkpointer.jobs_mut().out.front_mut().and_then(|out| out.answer.as_mut())
        else {
            return Ok(false);
        };
        if let Some((group, next)) = answer.group_at(*shown)? {
            *shown = next;
            let is_last = next == answer.groups.len();
            let written = self.table.commit(group)?;
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
            None => {}
        }
        Ok(true)
    }

    /// What is out is done here: no answer to it counts any more. What shows of it already is not undone.
    #[inline(never)]
    pub fn take_jobs_back(&mut self) {
        let Some(oldest) = self.checkpointer.jobs().out.front() else { return };
        match &oldest.task {
            Task::Merge { from, .. } => {
                let from = *from;
                if let Some(sealed) = self.memtables.sealed_mut() {
                    sealed.go_on_from(from);
                }
            }
            Task::Descend { from, .. } => {
                let from = from.clone();
                self.checkpointer.return_descent(from);
            }
            Task::Compact { .. } => {}
        }
        self.checkpointer.jobs_mut().out.clear();
        self.checkpointer.jobs_mut().is_resting = true;
    }

    /// By how many entries commits may be ahead of the sealed memtable before they wait: what is done elsewhere comes in large pieces.
    pub fn slack(&self) -> u64 {
        let sealed = self.memtables.sealed().filter(|_| self.checkpointer.jobs().are_out());
        sealed.map_or(0, |sealed| sealed.memtable().len() as u64 / 8)
    }

    /// Before a commit: whether jobs that are out keep the pace. Those that do not are taken back.
    pub fn leaves_pace_to_jobs(&mut self) -> Result<bool, Failure> {
        let Some(oldest) = self.checkpointer.jobs().out.front() else { return Ok(false) };
        let most = LATE_BYTES.max(self.options.write_buffer_size as u64 / 4);
        let is_late = self.values.appended_bytes() - oldest.appended > most;
        if !is_late && self.is_full() && self.memtables.sealed().is_none() {
            self.seal()?;
        }
        if is_late || self.is_full() {
            self.take_jobs_back();
            return Ok(false);
        }
        Ok(true)
    }

    /// From here on nothing more is committed: the upper level need not descend any more.
    pub fn end_jobs_soon(&mut self) {
        self.checkpointer.jobs_mut().is_closing = true;
    }

    /// At the end: what is lent and was not used goes. Says whether there was something.
    pub fn end_lending(&mut self) -> Result<bool, Failure> {
        if !self.table.is_lending() {
            return Ok(false);
        }
        self.table.end_lending();
        self.table.sync()?;
        Ok(true)
    }
}
