//! The status codes that every export returns. `scripts/engine/interface.ts` reads them for the host.

/// The result of a call. The numbers are part of the ABI: never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// Done. The reply has the result, if there is one.
    Ok = 0,
    /// The key does not exist.
    NotFound = 1,
    /// Done, but there is more. Call again and continue where the reply says.
    More = 2,
    /// The value is large. Read it in parts.
    Streamed = 3,
    /// A value that is no number cannot be counted. Nothing was written. The reply says why.
    NoNumber = 4,
    /// A value would be too long. Nothing was written. The reply says why.
    TooLong = 5,
    /// The request is not valid, for example because its lengths exceed the request buffer.
    InvalidRequest = 16,
    /// The engine is not open.
    NotOpen = 17,
    /// The engine is open already. One instance has one store.
    AlreadyOpen = 18,
    /// An export was called while another one was running.
    Reentrant = 19,
    /// The disk failed. The reply says how.
    Io = 32,
    /// The files are damaged. The reply says which.
    Corrupt = 33,
    /// The files were written with settings that this engine does not support.
    Unsupported = 34,
    /// There is not enough memory for the request or the reply.
    OutOfMemory = 35,
}
