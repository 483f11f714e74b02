//! The failure of a call: a kind for the program, a message for people, and the error that caused it, if there is one.

use std::error::Error;
use std::fmt;

/// The kind of a failure. No kind means success. `abi` has the status of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The request is not valid.
    InvalidRequest,
    /// The engine is not open.
    NotOpen,
    /// The engine is open already.
    AlreadyOpen,
    /// The disk failed.
    Io,
    /// The files are damaged.
    Corrupt,
    /// The files were written with settings that this engine does not support.
    Unsupported,
    /// There is not enough memory.
    OutOfMemory,
    /// A value that is no number cannot be counted.
    NoNumber,
    /// A value would be too long.
    TooLong,
}

/// A failed call. It is in a box, because nearly all results are successes.
#[derive(Debug)]
pub struct Failure(Box<Content>);

#[derive(Debug)]
struct Content {
    kind: FailureKind,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure of this kind with this message.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self(Box::new(Content { kind, message: message.into(), source: None }))
    }

    /// There is no memory for so many bytes.
    #[must_use]
    pub fn out_of_memory(what: &str, bytes: usize) -> Self {
        Self::new(FailureKind::OutOfMemory, format!("no memory {what} of {bytes} bytes"))
    }

    /// The same failure with the error that caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// The kind of the failure.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        self.0.kind
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The message, without a copy.
    #[must_use]
    pub fn into_message(self) -> String {
        self.0.message
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.message())
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(FailureKind::Io, error.to_string()).caused_by(error)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::io;

    use super::{Failure, FailureKind};

    #[test]
    fn a_failure_of_the_disk_has_the_error_as_its_source() {
        let failure = Failure::from(io::Error::other("the disk is full"));
        assert_eq!((failure.kind(), failure.to_string().as_str()), (FailureKind::Io, "the disk is full"));
        let source = failure.source().and_then(|source| source.downcast_ref::<io::Error>());
        assert_eq!(source.map(io::Error::kind), Some(io::ErrorKind::Other));
    }

    #[test]
    fn a_failure_that_the_engine_found_itself_has_no_source() {
        let failure = Failure::new(FailureKind::Corrupt, "the block is damaged");
        assert!(failure.source().is_none());
        assert_eq!(failure.into_message(), "the block is damaged");
    }
}
