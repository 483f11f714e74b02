//! Exports for jobs: the instance of a store makes them, and the instance of a worker does them.

use std::path::Path;

use super::call::{State, run, run_long, set_work};
use super::lifecycle::{BOTTOM_DIRECTORY, UPPER_DIRECTORY};
use super::reply::set_bytes;
use crate::disk::StandardDisk;
use crate::failure::{Failure, FailureKind};
use crate::number::from_host;
use crate::status::Status;
use crate::table::{Job, JobTable, TableDisks};

/// Sets whether there is a worker (`on` is not 0). Takes back the jobs that are out.
#[unsafe(no_mangle)]
pub extern "C" fn luge_run_jobs(on: u32) -> i32 {
    run_long(&mut |call| {
        call.database.run_jobs(on != 0);
        set_work(call.database);
        Ok(Status::Ok)
    })
}

/// Makes the next job. The reply has its bytes, and its number as the count. [`Status::NotFound`] if there is none. All
/// writes so far must be in the files before the worker begins.
#[unsafe(no_mangle)]
pub extern "C" fn luge_next_job(now_ms: f64) -> i32 {
    run_long(&mut |call| {
        call.reply.clear();
        let number = call.database.next_job(from_host(now_ms), call.reply)?;
        set_work(call.database);
        set_bytes(call.reply, number.unwrap_or(0));
        Ok(if number.is_some() { Status::Ok } else { Status::NotFound })
    })
}

/// Takes the answer to a job from the request. The blocks that the worker wrote must be durable. Ignores the answer to a job
/// that was taken back.
#[unsafe(no_mangle)]
pub extern "C" fn luge_finish_job(number: u32, length: usize) -> i32 {
    run_long(&mut |call| {
        let (answer, _) = call.arguments(length, 0)?;
        call.database.finish_job(number, answer)?;
        set_work(call.database);
        Ok(Status::Ok)
    })
}

/// Takes back the jobs that are out because the worker failed.
#[unsafe(no_mangle)]
pub extern "C" fn luge_fail_jobs() -> i32 {
    run_long(&mut |call| {
        call.database.fail_jobs();
        set_work(call.database);
        Ok(Status::Ok)
    })
}

/// In a worker: does the job in the request. The reply is the answer. The blocks that it wrote are durable. The instance must
/// not be open: another instance has the store open. After a failure, the next job needs other segments.
#[unsafe(no_mangle)]
pub extern "C" fn luge_do_job(length: usize) -> i32 {
    run(|state| {
        let State { database, request, reply, jobs, .. } = state;
        if database.is_some() {
            return Err(Failure::new(FailureKind::AlreadyOpen, "an open engine does no jobs"));
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
