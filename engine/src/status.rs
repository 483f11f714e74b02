//! The status codes that every export returns. `scripts/engine/interface.ts` reads them for the host.

/// What became of a call. The numbers are part of the ABI: never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// Done; the reply holds the result, if there is one.
    Ok = 0,
    /// The key is not there.
    NotFound = 1,
    /// Done, and there is more: ask again, from where the reply says.
    More = 2,
    /// The value is large: read it in parts.
    Streamed = 3,
    /// The lengths passed do not fit the request buffer.
    InvalidRequest = 16,
    /// The engine is not open.
    NotOpen = 17,
    /// The engine is open already; one instance holds one store.
    AlreadyOpen = 18,
    /// An export was called while another one was running.
    Reentrant = 19,
    /// The disk failed; the reply says how.
    Io = 32,
    /// The files are damaged; the reply says which.
    Corrupt = 33,
    /// The files were written with settings that this engine does not support.
    Unsupported = 34,
    /// Memory for the request or the reply was refused.
    OutOfMemory = 35,
}
