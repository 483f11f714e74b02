//! A walk over all entries of a table, from a key on.

use sled::IVec;

use super::block::{Malformed, read_head, read_raw};
use super::found::PlacedValue;
use super::{PlacedBlock, Table, malformed};
use crate::entry::Entry;
use crate::failure::Failure;

/// Walks over the entries of a table in order. The table must not change meanwhile.
#[derive(Debug)]
pub struct TableWalk<'a> {
    table: &'a Table,
    separator: IVec,
    block: IVec,
    /// Where the entry behind the present one starts.
    offset: usize,
    lowest: u64,
    key: Vec<u8>,
    /// Version, expiry and value of the present entry.
    current: Option<(u64, u64, PlacedValue)>,
}

impl Table {
    /// A walk that stands at the first entry whose key is not below `start`.
    pub fn walk(&self, start: &[u8]) -> Result<TableWalk<'_>, Failure> {
        let mut walk = TableWalk {
            table: self,
            separator: IVec::default(),
            block: IVec::default(),
            offset: 0,
            lowest: 0,
            key: Vec::new(),
            current: None,
        };
        if let Some(placed) = self.block_of(start)? {
            walk.enter(placed)?;
            walk.advance()?;
            while walk.entry().is_some_and(|entry| entry.key < start) {
                walk.advance()?;
            }
        }
        Ok(walk)
    }
}

impl TableWalk<'_> {
    /// The entry where the walk stands; `None` behind the last one.
    pub fn entry(&self) -> Option<Entry<'_>> {
        let (version, expires_ms, value) = self.current?;
        Some(Entry { key: &self.key, version, expires_ms, value: value.within(&self.block) })
    }

    /// Goes to the next entry.
    pub fn advance(&mut self) -> Result<(), Failure> {
        while self.offset >= self.block.len() {
            match self.table.block_after(&self.separator)? {
                Some(placed) => self.enter(placed)?,
                None => {
                    self.current = None;
                    return Ok(());
                }
            }
        }
        self.read().map_err(|Malformed| malformed(&self.separator))
    }

    fn enter(&mut self, placed: PlacedBlock) -> Result<(), Failure> {
        let (lowest, rest) = read_head(&placed.bytes).map_err(|Malformed| malformed(&placed.separator))?;
        self.offset = placed.bytes.len() - rest.len();
        self.lowest = lowest;
        self.key.clear();
        self.separator = placed.separator;
        self.block = placed.bytes;
        Ok(())
    }

    fn read(&mut self) -> Result<(), Malformed> {
        let mut rest = self.block.get(self.offset..).unwrap_or_default();
        let raw = read_raw(&mut rest, self.lowest).filter(|raw| raw.shared <= self.key.len()).ok_or(Malformed)?;
        self.key.truncate(raw.shared);
        self.key.extend_from_slice(raw.suffix);
        let value = PlacedValue::of(&self.block, raw.version.value);
        self.current = Some((raw.version.version, raw.version.expires_ms, value));
        self.offset = self.block.len() - rest.len();
        Ok(())
    }
}
