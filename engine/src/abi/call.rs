//! The common part of all calls: the state of the instance, the guard against re-entry, and the status of a failure.

use std::cell::RefCell;

use super::reply::{REPLY, set_bytes};
use super::{KEPT_BUFFER_BYTES, jobs_of, work};
use crate::cursor::Range;
use crate::database::{Database, ValueStream, Verification};
use crate::disk::StandardDisk;
use crate::failure::{Failure, FailureKind};
use crate::request;
use crate::status::Status;
use crate::table::JobTable;
use crate::version::Version;

/// The state of the instance.
pub struct State {
    /// The open database.
    pub database: Option<Database<StandardDisk>>,
    /// The bytes that the host wrote for the next call.
    pub request: Vec<u8>,
    /// The bytes of the last reply.
    pub reply: Vec<u8>,
    /// The large value that the host reads in parts.
    pub stream: Option<ValueStream>,
    /// The verification that is in progress.
    pub verification: Verification,
    /// In a worker: the table of its jobs.
    pub jobs: Option<JobTable<StandardDisk>>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::new(State {
        database: None,
        request: Vec::new(),
        reply: Vec::new(),
        stream: None,
        verification: Verification::default(),
        jobs: None,
    });
}

/// The parts of the state that a call works with.
pub struct Call<'a> {
    /// The open database.
    pub database: &'a mut Database<StandardDisk>,
    request: &'a [u8],
    /// The buffer for the reply.
    pub reply: &'a mut Vec<u8>,
    /// The large value that the host reads in parts.
    pub stream: &'a mut Option<ValueStream>,
    /// The verification that is in progress.
    pub verification: &'a mut Verification,
}

impl<'a> Call<'a> {
    /// The first `first` bytes of the request, and the `second` bytes after them.
    pub fn arguments(&self, first: usize, second: usize) -> Result<(&'a [u8], &'a [u8]), Failure> {
        self.request
            .get(..first.saturating_add(second))
            .and_then(|request| request.split_at_checked(first))
            .ok_or_else(|| Failure::new(FailureKind::InvalidRequest, "the lengths exceed the request buffer"))
    }

    /// The range between the two keys in the request.
    pub fn range(&self, flags: u32, lengths: (usize, usize), version: f64, now_ms: f64) -> Result<Range<'a>, Failure> {
        let (lower, upper) = self.arguments(lengths.0, lengths.1)?;
        Ok(request::range(flags, lower, upper, version, now_ms))
    }
}

/// Runs `work` with the state. `None` if another call is running.
pub fn with_state<T>(work: impl FnOnce(&mut State) -> T) -> Option<T> {
    STATE.with(|state| state.try_borrow_mut().ok().map(|mut state| work(&mut state)))
}

/// Runs an export. Guards against re-entry, and converts a failure to its status and message.
pub fn run(call: impl FnOnce(&mut State) -> Result<Status, Failure>) -> i32 {
    let status = with_state(|state| {
        let result = call(state);
        if let Some(database) = &state.database {
            REPLY.asked_syncs.set(database.begun_syncs());
        }
        result.unwrap_or_else(|failure| {
            let status = failure.kind().into();
            state.reply = failure.into_message().into_bytes();
            set_bytes(&state.reply, 0);
            status
        })
    });
    status.unwrap_or(Status::Reentrant) as i32
}

/// The status of each kind of failure. A call that cannot reach the state returns [`Status::Reentrant`], which is no
/// failure.
impl From<FailureKind> for Status {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::InvalidRequest => Self::InvalidRequest,
            FailureKind::NotOpen => Self::NotOpen,
            FailureKind::AlreadyOpen => Self::AlreadyOpen,
            FailureKind::Io => Self::Io,
            FailureKind::Corrupt => Self::Corrupt,
            FailureKind::Unsupported => Self::Unsupported,
            FailureKind::OutOfMemory => Self::OutOfMemory,
            FailureKind::NoNumber => Self::NoNumber,
            FailureKind::TooLong => Self::TooLong,
        }
    }
}

/// Runs an export that needs the open database.
pub fn run_open(call: impl FnOnce(Call<'_>) -> Result<Status, Failure>) -> i32 {
    run(|state| {
        let State { database, request, reply, stream, verification, .. } = state;
        let Some(database) = database else {
            return Err(Failure::new(FailureKind::NotOpen, "the engine is not open"));
        };
        if reply.capacity() > KEPT_BUFFER_BYTES {
            *reply = Vec::new();
        }
        call(Call { database, request, reply, stream, verification })
    })
}

/// Like [`run_open`], for calls that take long: all of them share one copy of its code.
#[inline(never)]
pub fn run_long(call: &mut dyn FnMut(Call<'_>) -> Result<Status, Failure>) -> i32 {
    run_open(call)
}

/// Ends a write. The reply has its version, and whether there is background work.
pub fn written(database: &Database<StandardDisk>, version: Version) -> Status {
    REPLY.version.set(version.get());
    set_work(database);
    Status::Ok
}

/// Sets in the reply whether there is background work, and whether there are jobs for a worker.
#[inline(never)]
pub fn set_work(database: &Database<StandardDisk>) {
    let bit = |is_set, bit| if is_set { bit } else { work::NONE };
    let has_work = database.has_work();
    let behind = bit(has_work && database.is_behind(), work::BEHIND);
    REPLY.work.set(bit(has_work, work::SOME) | behind | bit(database.waits_for_log(), work::WAITING));
    REPLY.jobs.set(match (database.awaits_job(), database.has_job()) {
        (_, true) => jobs_of::SOME,
        (true, false) => jobs_of::AWAITED,
        (false, false) => jobs_of::NONE,
    });
}
