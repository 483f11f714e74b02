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

impl From<sled::Error> for Failure {
    fn from(error: sled::Error) -> Self {
        let status = match &error {
            sled::Error::Io(_) => Status::Io,
            sled::Error::Corruption { .. } | sled::Error::ReportableBug(_) => Status::Corrupt,
            sled::Error::CollectionNotFound(_) | sled::Error::Unsupported(_) => Status::Unsupported,
        };
        Self::new(status, message_of(&error))
    }
}

/// sled's own words, but for damage, which it describes in Rust's.
fn message_of(error: &sled::Error) -> String {
    match error {
        sled::Error::Corruption { at: Some(at), .. } => format!("the file index/db is damaged at {at:?}"),
        sled::Error::Corruption { at: None, .. } => {
            "a file of the index, index/db or index/snap.*, is damaged".to_owned()
        }
        other => other.to_string(),
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Status::Io, error.to_string())
    }
}
