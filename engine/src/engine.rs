//! One open store: keys and values in one sled tree.

use std::ops::Bound;
use std::path::Path;

use sled::IVec;

use crate::failure::Failure;
use crate::page::Page;
use crate::recovery;

/// An open store. Dropping it without [`Engine::close`] loses what was not flushed, as a crash would.
#[derive(Debug)]
pub struct Engine {
    db: sled::Db,
}

impl Engine {
    /// Opens the store in `directory`, creating it when it is missing, with sled's cache bounded to `cache_size` bytes.
    pub fn open(directory: &Path, cache_size: u64) -> Result<Self, Failure> {
        recovery::prepare(directory)?;
        let db = sled::Config::default()
            .path(directory)
            .cache_capacity(cache_size)
            .mode(sled::Mode::HighThroughput)
            .flush_every_ms(None)
            .open()?;
        Ok(Self { db })
    }

    /// The value of `key`, if it is there.
    pub fn get(&self, key: &[u8]) -> Result<Option<IVec>, Failure> {
        Ok(self.db.get(key)?)
    }

    /// Whether `key` is there.
    pub fn has(&self, key: &[u8]) -> Result<bool, Failure> {
        Ok(self.db.contains_key(key)?)
    }

    /// Sets `key` to `value`; visible at once, durable after the next [`Engine::flush`].
    pub fn put(&self, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        self.db.insert(key, value)?;
        Ok(())
    }

    /// Removes `key`, which need not be there; visible at once, durable after the next [`Engine::flush`].
    pub fn delete(&self, key: &[u8]) -> Result<(), Failure> {
        self.db.remove(key)?;
        Ok(())
    }

    /// The next entries with `prefix`, in byte order, behind the key `after` when it is not empty: at least one if there is
    /// any, and then as many as fit `budget` bytes. Also says whether more follow.
    pub fn scan(&self, prefix: &[u8], after: &[u8], budget: usize) -> Result<(Page, bool), Failure> {
        let start = if after.is_empty() { Bound::Included(prefix) } else { Bound::Excluded(after) };
        let mut page = Page::default();
        for entry in self.db.range::<&[u8], _>((start, Bound::Unbounded)) {
            let (key, value) = entry?;
            if !key.starts_with(prefix) {
                break;
            }
            if !page.push(&key, &value, budget)? {
                return Ok((page, true));
            }
        }
        Ok((page, false))
    }

    /// Returns when everything so far is durable.
    pub fn flush(&self) -> Result<(), Failure> {
        self.db.flush()?;
        Ok(())
    }

    /// Makes everything durable and gives the files back.
    pub fn close(self) -> Result<(), Failure> {
        self.flush()
    }
}
