//! Does the jobs of a database as a worker thread would: on the same disks, with a table of its own.

use std::collections::VecDeque;

use luge_engine::database::{Database, Disks};
use luge_engine::disk::MemoryDisk;
use luge_engine::failure::Failure;
use luge_engine::table::{Job, JobTable, TableDisks};

/// A worker with its jobs and answers.
pub struct Worker {
    disks: (MemoryDisk, MemoryDisk),
    table: Option<JobTable<MemoryDisk>>,
    jobs: VecDeque<(u32, Vec<u8>)>,
    answers: VecDeque<(u32, Vec<u8>)>,
    /// How many jobs were done.
    pub done: usize,
    /// How many of them relocated values.
    pub relocated: usize,
}

impl Worker {
    pub fn beside(disks: &Disks<MemoryDisk>) -> Self {
        let disks = (disks.upper.shared(), disks.bottom.shared());
        Self { disks, table: None, jobs: VecDeque::new(), answers: VecDeque::new(), done: 0, relocated: 0 }
    }

    /// Takes a job. Returns whether there was one.
    pub fn take(&mut self, database: &mut Database<MemoryDisk>, now_ms: u64) -> bool {
        let mut job = Vec::new();
        let number = database.next_job(now_ms, &mut job).unwrap();
        self.jobs.extend(number.map(|number| (number, job)));
        number.is_some()
    }

    /// Does the oldest job. A job that was taken back may fail.
    pub fn work(&mut self) -> Result<(), Failure> {
        let Some((number, job)) = self.jobs.pop_front() else { return Ok(()) };
        let relocates = job.first().is_some_and(|first| first & 2 != 0);
        let job = Job::decode(&job)?;
        let (upper, bottom) = (self.disks.0.shared(), self.disks.1.shared());
        let mut table = match self.table.take() {
            Some(table) => table,
            None => JobTable::open(TableDisks { upper, bottom }, &job)?,
        };
        let answer = table.run(&job)?;
        self.table = Some(table);
        let mut bytes = Vec::new();
        answer.encode(&mut bytes);
        self.answers.push_back((number, bytes));
        self.done += 1;
        self.relocated += usize::from(relocates);
        Ok(())
    }

    /// Gives the oldest answer.
    pub fn answer(&mut self, database: &mut Database<MemoryDisk>) {
        if let Some((number, answer)) = self.answers.pop_front() {
            database.finish_job(number, &answer).unwrap();
        }
    }

    /// Forgets everything, as if the worker had died.
    pub fn die(&mut self, database: &mut Database<MemoryDisk>) {
        self.table = None;
        self.jobs.clear();
        self.answers.clear();
        database.fail_jobs();
    }
}
