//! Why a call failed: a status for the program, a message for the person.

use crate::status::Status;

/// A failed call.
#[derive(Debug)]
pub struct Failure {
    /// What kind of failure it is.
    pub status: Status,
    /// What failed, in words.
    pub message: String,
}

impl Failure {
    /// A failure of this kind with this message.
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Status::Io, error.to_string())
    }
}
