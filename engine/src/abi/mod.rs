//! The exports: a C ABI over one database in each instance of the module. Only this folder may contain `unsafe`.
//!
//! A call writes its arguments, one after the other, into the request buffer ([`lifecycle::luge_reserve`]), passes
//! their lengths, and returns a [`Status`](crate::status::Status). The [reply header](reply::ReplyHeader) describes the
//! result of the call. The reply of a failed call is its message, in UTF-8. The reply is valid until the next call.
//! Versions and times are passed as `f64`, which represents all integers up to 2^53.
//!
//! `scripts/engine/interface.ts` reads the exports, the fields of the header and the constants from the text of these files,
//! and writes `src/wasm/interface.ts` with them.

#![allow(unsafe_code, reason = "exports need #[unsafe(no_mangle)]")]

mod call;
mod changes;
mod jobs;
mod lifecycle;
mod maintenance;
mod reads;
mod reply;
mod restore;
mod writes;

/// The version of this interface. It grows with every incompatible change. The host refuses any other version.
pub const ABI_VERSION: u32 = 14;

/// The request buffer has at least this many bytes.
pub const LEAST_REQUEST_BYTES: usize = 4096;
/// The engine frees a larger buffer once a smaller one is enough.
pub const KEPT_BUFFER_BYTES: usize = 1 << 20;

/// The bits of the field `work`: whether there is background work.
pub mod work {
    /// There is none.
    pub const NONE: u32 = 0;
    /// There is some.
    pub const SOME: u32 = 1;
    /// There is so much that the next commits must do some of it.
    pub const BEHIND: u32 = 2;
    /// The next step needs a sync of the log that is not done, and would block for it.
    pub const WAITING: u32 = 4;
}

/// The values of the field `jobs`: whether there are jobs for a worker.
pub mod jobs_of {
    /// There is none.
    pub const NONE: u32 = 0;
    /// There is one, if there is a worker.
    pub const SOME: u32 = 1;
    /// The engine waits for an answer.
    pub const AWAITED: u32 = 2;
}
