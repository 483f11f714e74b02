//! Exports for work that another instance does: one hands its jobs out, the other one does them.

use std::path::Path;

use super::call::{State, run, run_open, set_work};
use super::lifecycle::{BOTTOM_DIRECTORY, UPPER_DIRECTORY};
use super::reply::set_bytes;
use crate::disk::StandardDisk;
use crate::failure::{Failure, FailureKind};
use crate::number::from_host;
use crate::status::Status;
use crate::table::{Job, JobTable, TableDisks};

/// Says whether another instance does jobs from here on (`on` other than 0). Those that are out are done here.
#[unsafe(no_mangle)]
pub extern "C" fn luge_run_jobs(on: u32) -> i32 {
    run_open(|call| {
        call.database.run_jobs(on != 0);
        set_work(call.database);
        Ok(Status::Ok)
    })
}

/// Hands the next job out: the reply has its bytes, and its number as the count. [`Status::NotFound`] when there is none. Nobody
/// may do it before all that was written so far can be read from the files.
#[unsafe(no_mangle)]
pub extern "C" fn luge_next_job(now_ms: f64) -> i32 {
    run_open(|call| {
        call.reply.clear();
        let number = call.database.next_job(from_host(now_ms), call.reply)?;
        set_work(call.database);
        set_bytes(call.reply, number.unwrap_or(0));
        Ok(if number.is_some() { Status::Ok } else { Status::NotFound })
    })
}

/// Takes the answer to a job, which is in the request. What it says was written must be durable. That to a job that was taken
/// back does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn luge_finish_job(number: u32, length: usize) -> i32 {
    run_open(|call| {
        let (answer, _) = call.arguments(length, 0)?;
        call.database.finish_job(number, answer)?;
        set_work(call.database);
        Ok(Status::Ok)
    })
}

/// Takes note that a job failed, or whoever does them: those that are out are done here.
#[unsafe(no_mangle)]
pub extern "C" fn luge_fail_jobs() -> i32 {
    run_open(|call| {
        call.database.fail_jobs();
        set_work(call.database);
        Ok(Status::Ok)
    })
}

/// Does the job in the request, in an instance that is not open, on the files of a store that another one has open. The reply is
/// the answer. What it says was written is durable. After a failure the next job needs other segments.
#[unsafe(no_mangle)]
pub extern "C" fn luge_do_job(length: usize) -> i32 {
    run(|state| {
        let State { database, request, reply, jobs, .. } = state;
        if database.is_some() {
            return Err(Failure::new(FailureKind::AlreadyOpen, "an engine that is open does no jobs"));
        }
        let bytes = request.get(..length);
        let too_long = || Failure::new(FailureKind::InvalidRequest, "the length exceeds the request buffer");
        let job = Job::decode(bytes.ok_or_else(too_long)?)?;
        let mut table = match jobs.take() {
            Some(table) => table,
            None => JobTable::open(disks()?, &job)?,
        };
        reply.clear();
        table.run(&job)?.encode(reply);
        *jobs = Some(table);
        set_bytes(reply, 0);
        Ok(Status::Ok)
    })
}

fn disks() -> Result<TableDisks<StandardDisk>, Failure> {
    Ok(TableDisks {
        upper: StandardDisk::new(Path::new(UPPER_DIRECTORY))?,
        bottom: StandardDisk::new(Path::new(BOTTOM_DIRECTORY))?,
    })
}
