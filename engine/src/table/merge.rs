//! Brings sorted new entries into the table, a few blocks at a time.

use std::cmp::Ordering;
use std::iter::Peekable;

use sled::IVec;

use super::block::{self, BlockReader, Malformed, Version};
use super::{PlacedBlock, Retention, Table, malformed};
use crate::entry::{Entry, Value};
use crate::failure::Failure;

/// A value in the log that nothing in the table leads to any more: its packed position and its length.
pub type Dropped = (u64, u32);

/// What one step did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct MergeStep {
    /// Blocks that were read.
    pub blocks_read: usize,
    /// Blocks that were written.
    pub blocks_written: usize,
    /// Values in the log that are dead now.
    pub dropped: Vec<Dropped>,
}

/// An entry with bytes of its own key, and a value in a block or in the new entries.
struct Merged<'a> {
    key: Vec<u8>,
    version: Version<'a>,
}

impl<'a> Merged<'a> {
    fn entry(&self) -> Entry<'_> {
        let Version { version, expires_ms, value } = self.version;
        Entry { key: &self.key, version, expires_ms, value }
    }

    fn order(&self, other: &Entry<'_>) -> Ordering {
        self.key.as_slice().cmp(other.key).then_with(|| other.version.cmp(&self.version.version))
    }
}

impl Table {
    /// Takes new entries, sorted by key and then newest first, off `entries` and writes them into the table, together with
    /// what `retention` leaves of the old ones: all that go into the next `blocks` blocks. The step is one atomic write;
    /// doing it again, after a crash, changes nothing that can be read. Call it until `entries` is empty, and then flush the tree.
    pub fn merge_step<'a>(
        &self,
        entries: &mut Peekable<impl Iterator<Item = Entry<'a>>>,
        retention: &Retention,
        blocks: usize,
    ) -> Result<MergeStep, Failure> {
        let mut step = MergeStep::default();
        let mut batch = sled::Batch::default();
        while step.blocks_read < blocks.max(1) {
            let Some(next) = entries.peek() else { break };
            let first =
                self.block_of(next.key)?.unwrap_or(PlacedBlock { separator: IVec::default(), bytes: IVec::default() });
            self.merge_block(first, entries, retention, blocks, &mut step, &mut batch)?;
        }
        self.tree.apply_batch(batch)?;
        Ok(step)
    }

    /// Merges into one block, and into those behind it while what comes out is small.
    fn merge_block<'a>(
        &self,
        first: PlacedBlock,
        entries: &mut Peekable<impl Iterator<Item = Entry<'a>>>,
        retention: &Retention,
        blocks: usize,
        step: &mut MergeStep,
        batch: &mut sled::Batch,
    ) -> Result<(), Failure> {
        let mut after = self.block_after(&first.separator)?;
        let mut old = vec![first];
        loop {
            let end = after.as_ref().map(|block| block.separator.clone());
            let new = take_below(entries, end.as_deref());
            step.blocks_read += 1;
            let (merged, dropped) = merge(&old, new, retention)?;
            let size: usize = sizes(&merged).map(|(_, size)| size).sum();
            // A small rest is joined with the next block, where there is one; its entries come along with its own new ones.
            let joins = size < self.block_size / 4 && step.blocks_read < blocks;
            if let Some(next) = after.take_if(|_| joins) {
                let rejoined = block::encode(merged.iter().map(Merged::entry));
                step.dropped.extend(dropped);
                let separator = old.first().map(|block| block.separator.clone()).unwrap_or_default();
                batch.remove(next.separator.clone());
                after = self.block_after(&next.separator)?;
                old = vec![PlacedBlock { separator, bytes: rejoined.into() }, next];
                continue;
            }
            step.dropped.extend(dropped);
            let separator = old.first().map(|block| block.separator.clone()).unwrap_or_default();
            self.write_blocks(separator, &merged, step, batch);
            return Ok(());
        }
    }

    /// Writes entries as blocks of about the right size and of about the same, never parting the versions of a key.
    fn write_blocks(&self, separator: IVec, merged: &[Merged<'_>], step: &mut MergeStep, batch: &mut sled::Batch) {
        let total: usize = sizes(merged).map(|(_, size)| size).sum();
        let blocks = (total + self.block_size / 2) / self.block_size;
        let block_size = total.div_ceil(blocks.max(1)).max(1);
        let mut separator = separator;
        let mut rest = merged;
        loop {
            let (head, tail) = rest.split_at(split_point(rest, block_size));
            step.blocks_written += 1;
            batch.insert(separator, block::encode(head.iter().map(Merged::entry)));
            let Some(next) = tail.first() else { return };
            separator = next.key.as_slice().into();
            rest = tail;
        }
    }
}

/// How many entries go into a block of this size.
fn split_point(merged: &[Merged<'_>], block_size: usize) -> usize {
    let mut total = 0;
    for (i, (starts_key, size)) in sizes(merged).enumerate() {
        if total >= block_size && starts_key {
            return i;
        }
        total += size;
    }
    merged.len()
}

/// Of each entry whether it is the first of its key, and about how many bytes it takes in a block.
fn sizes<'a>(merged: &'a [Merged<'_>]) -> impl Iterator<Item = (bool, usize)> + 'a {
    let mut before: &[u8] = &[];
    merged.iter().map(move |each| {
        let shared = before.iter().zip(&each.key).take_while(|(a, b)| a == b).count();
        let starts_key = before != each.key;
        before = &each.key;
        (starts_key, block::size_bound(&each.entry()).saturating_sub(shared + OVERESTIMATE))
    })
}

/// By how much the bound of an entry's size is above what it mostly takes.
const OVERESTIMATE: usize = 34;

fn take_below<'a>(entries: &mut Peekable<impl Iterator<Item = Entry<'a>>>, end: Option<&[u8]>) -> Vec<Entry<'a>> {
    let mut taken = Vec::new();
    while let Some(entry) = entries.next_if(|entry| end.is_none_or(|end| entry.key < end)) {
        taken.push(entry);
    }
    taken
}

/// What stays of the entries of some neighbouring blocks and of new ones, in order; and what goes, of the values in the log.
fn merge<'a>(
    blocks: &'a [PlacedBlock],
    new: Vec<Entry<'a>>,
    retention: &Retention,
) -> Result<(Vec<Merged<'a>>, Vec<Dropped>), Failure> {
    let mut all: Vec<Merged<'a>> = Vec::new();
    let mut new = new.into_iter().peekable();
    for placed in blocks {
        if placed.bytes.is_empty() {
            continue;
        }
        let damaged = |Malformed| malformed(&placed.separator);
        let mut reader = BlockReader::new(&placed.bytes).map_err(damaged)?;
        while let Some((key, version)) = reader.advance_owned().map_err(damaged)? {
            let old = Merged { key, version };
            while let Some(entry) = new.next_if(|entry| old.order(entry) == Ordering::Greater) {
                all.push(merged(&entry));
            }
            // The same version again: a step that is done a second time.
            new.next_if(|entry| old.order(entry) == Ordering::Equal);
            all.push(old);
        }
    }
    all.extend(new.map(|entry| merged(&entry)));
    Ok(retain(all, retention))
}

fn merged<'a>(entry: &Entry<'a>) -> Merged<'a> {
    let Entry { key, version, expires_ms, value } = *entry;
    Merged { key: key.to_vec(), version: Version { version, expires_ms, value } }
}

fn retain<'a>(all: Vec<Merged<'a>>, retention: &Retention) -> (Vec<Merged<'a>>, Vec<Dropped>) {
    let mut kept = Vec::with_capacity(all.len());
    let mut dropped = Vec::new();
    let mut stays = Vec::new();
    let mut rest = all.into_iter().peekable();
    while let Some(first) = rest.next() {
        let mut versions = vec![first];
        while let Some(next) = rest.next_if(|next| versions.first().is_some_and(|first| first.key == next.key)) {
            versions.push(next);
        }
        let listed: Vec<Version<'_>> = versions.iter().map(|each| each.version).collect();
        retention.select(&listed, &mut stays);
        for (each, stay) in versions.into_iter().zip(&stays) {
            match each.version.value {
                _ if *stay => kept.push(each),
                Value::Logged { position, length } => dropped.push((position, length)),
                Value::Deleted | Value::Inline(_) => {}
            }
        }
    }
    (kept, dropped)
}
