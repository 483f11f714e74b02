//! The trees of the index, stored in sled.
//!
//! sled panics on impossible files, sometimes only during a read. So a panic inside sled means that the index is
//! damaged. Any other panic is a fault of the engine. The host tells them apart by the source location in the message:
//! `isOfIndex` in `src/wasm/status.ts` looks for the sources of sled.

use std::ops::{Bound, Deref};
use std::path::Path;

use sled::{Config, Db, Error, IVec, Mode};

use super::{Batch, Pair, Pairs, Tree};
use crate::failure::{Failure, FailureKind};

/// Bytes in the index, cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(IVec);

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

/// One tree of sled.
pub(super) struct SledTree {
    db: Db,
    tree: sled::Tree,
}

/// Opens sled in a prepared directory: the tree of the blocks, and the tree of the notes.
pub(super) fn open(directory: &Path, cache_size: u64) -> Result<(SledTree, SledTree), Failure> {
    let config = Config::default().path(directory).cache_capacity(cache_size).mode(Mode::HighThroughput);
    trees(&config.flush_every_ms(None).open()?)
}

/// Opens sled in a temporary directory, which sled removes.
pub(super) fn temporary() -> Result<(SledTree, SledTree), Failure> {
    trees(&Config::new().temporary(true).open()?)
}

/// The notes are in sled's default tree.
fn trees(db: &Db) -> Result<(SledTree, SledTree), Failure> {
    let tree = |tree| SledTree { db: db.clone(), tree };
    Ok((tree(db.open_tree("blocks")?), tree(sled::Tree::clone(db))))
}

fn pair(found: sled::Result<(IVec, IVec)>) -> Result<Pair, Failure> {
    let (key, value) = found?;
    Ok((Bytes(key), Bytes(value)))
}

impl Tree for SledTree {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Failure> {
        Ok(self.tree.get(key)?.map(Bytes))
    }

    fn last_between(&self, first: &[u8], last: &[u8]) -> Result<Option<Pair>, Failure> {
        self.tree.range::<&[u8], _>(first..=last).next_back().map(pair).transpose()
    }

    fn first_between(&self, above: &[u8], below: &[u8]) -> Result<Option<Pair>, Failure> {
        self.tree.range::<&[u8], _>((Bound::Excluded(above), Bound::Excluded(below))).next().map(pair).transpose()
    }

    fn range(&self, from: &[u8], below: &[u8]) -> Pairs<'_> {
        Box::new(self.tree.range::<&[u8], _>(from..below).map(pair))
    }

    fn range_to(&self, first: &[u8], last: &[u8]) -> Pairs<'_> {
        Box::new(self.tree.range::<&[u8], _>(first..=last).map(pair))
    }

    fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        self.tree.insert(key, value)?;
        Ok(())
    }

    fn apply(&self, Batch(changes): Batch) -> Result<(), Failure> {
        let mut batch = sled::Batch::default();
        for (Bytes(key), value) in changes {
            match value {
                Some(Bytes(value)) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        Ok(self.tree.apply_batch(batch)?)
    }

    fn sync(&self) -> Result<(), Failure> {
        self.tree.flush()?;
        Ok(())
    }

    fn size_on_disk(&self) -> Result<u64, Failure> {
        Ok(self.db.size_on_disk()?)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Io(_) => FailureKind::Io,
            Error::Corruption { .. } | Error::ReportableBug(_) => FailureKind::Corrupt,
            Error::CollectionNotFound(_) | Error::Unsupported(_) => FailureKind::Unsupported,
        };
        Self::new(kind, message_of(&error)).caused_by(error)
    }
}

/// sled's own message. For damage a message of ours, because sled prints a Rust structure.
fn message_of(error: &Error) -> String {
    match error {
        Error::Corruption { at: Some(at), .. } => format!("the file index/db is damaged at {at:?}"),
        Error::Corruption { at: None, .. } => "a file of the index, index/db or index/snap.*, is damaged".to_owned(),
        other => other.to_string(),
    }
}
