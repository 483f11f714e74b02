//! A scan: memtables and table merged, as of one version.

use crate::entry::{Entry, Value};
use crate::failure::Failure;
use crate::memtable::{Memtable, Place};
use crate::table::{Table, TableWalk};

/// Walks over live entries in the order of their keys. The sources must not change meanwhile.
#[derive(Debug)]
pub struct Scan<'a> {
    memtables: Vec<(&'a Memtable, Option<Place>)>,
    table: TableWalk<'a>,
    version: u64,
    now_ms: u64,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl<'a> Scan<'a> {
    pub(super) fn start(
        memtables: [Option<&'a Memtable>; 2],
        table: &'a Table,
        start: &[u8],
        version: u64,
        now_ms: u64,
    ) -> Result<Self, Failure> {
        let memtables =
            memtables.into_iter().flatten().map(|memtable| (memtable, memtable.seek(start, u64::MAX))).collect();
        let table = table.walk(start)?;
        Ok(Self { memtables, table, version, now_ms, key: Vec::new(), value: Vec::new() })
    }

    /// Goes to the next live entry; says whether there is one.
    pub fn advance(&mut self) -> Result<bool, Failure> {
        while self.next_key() {
            if self.take_newest()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Key and value of the entry that [`Scan::advance`] went to.
    pub fn entry(&self) -> (&[u8], &[u8]) {
        (&self.key, &self.value)
    }

    /// Finds the lowest key of all sources.
    fn next_key(&mut self) -> bool {
        let in_memtables = self.memtables.iter().filter_map(|(memtable, place)| Some(memtable.at((*place)?)?.key));
        let lowest = in_memtables.chain(self.table.entry().map(|entry| entry.key)).min();
        let Some(lowest) = lowest else { return false };
        self.key.clear();
        self.key.extend_from_slice(lowest);
        true
    }

    /// Passes all versions of the key; says whether the newest that counts is alive, and keeps its value.
    fn take_newest(&mut self) -> Result<bool, Failure> {
        let mut newest: Option<u64> = None;
        let mut alive = false;
        let (version, now_ms, key, value) = (self.version, self.now_ms, &self.key, &mut self.value);
        let mut consider = |entry: &Entry<'_>| {
            if entry.version > version || newest.is_some_and(|newest| newest >= entry.version) {
                return;
            }
            newest = Some(entry.version);
            alive = false;
            if let Value::Inline(bytes) = entry.value {
                alive = entry.expires_ms == 0 || entry.expires_ms > now_ms;
                value.clear();
                value.extend_from_slice(bytes);
            }
        };
        for (memtable, place) in &mut self.memtables {
            while let Some(entry) = place.and_then(|place| memtable.at(place)).filter(|entry| entry.key == key) {
                consider(&entry);
                *place = place.and_then(|place| memtable.next(place));
            }
        }
        while let Some(entry) = self.table.entry().filter(|entry| entry.key == key) {
            consider(&entry);
            self.table.advance()?;
        }
        Ok(alive)
    }
}
