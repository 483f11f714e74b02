//! Merges sorted new entries into a level, a few blocks at a time.

use std::cmp::Ordering;
use std::iter::Peekable;

use super::block::{self, Malformed};
use super::decoded::DecodedBlock;
use super::group::{Group, Written};
use super::retention::HistoryLeft;
use super::{Level, PlacedBlock, Retention, Table, malformed};
use crate::abbreviation::shared_length;
use crate::disk::Disk;
use crate::entry::Entry;
use crate::failure::Failure;

/// A block to merge into.
pub(super) struct OldBlock {
    placed: PlacedBlock,
    bytes: Vec<u8>,
    decoded: DecodedBlock,
}

impl OldBlock {
    pub fn placed(&self) -> &PlacedBlock {
        &self.placed
    }

    /// The size of the encoded block in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The encoded block.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        (0..self.decoded.len()).filter_map(|i| self.decoded.entry(&self.bytes, i))
    }
}

/// A sorted stream of entries. All merges use one type, because the compiled code is large.
pub trait Entries<'a> {
    /// The next one.
    fn peek(&mut self) -> Option<&Entry<'a>>;
    /// Takes the next one.
    fn take(&mut self) -> Option<Entry<'a>>;
}

impl<'a, I: Iterator<Item = Entry<'a>>> Entries<'a> for Peekable<I> {
    fn peek(&mut self) -> Option<&Entry<'a>> {
        Peekable::peek(self)
    }

    fn take(&mut self) -> Option<Entry<'a>> {
        self.next()
    }
}

impl<D: Disk> Table<D> {
    /// Takes new entries off `entries` and merges them into a level. They must be sorted by key, then newest first. The
    /// call takes all entries for the next `blocks` blocks, and keeps the old entries that `retention` selects. The
    /// step is one atomic write, durable after [`Table::sync`]. Repeating it after a crash changes nothing that can be
    /// read. Call it until `entries` is empty. Returns the blocks and bytes written.
    pub fn merge(
        &mut self,
        level: Level,
        entries: &mut dyn Entries<'_>,
        retention: &Retention,
        blocks: usize,
    ) -> Result<Written, Failure> {
        let mut group = Group::default();
        self.merge_into(level, entries, retention, blocks, &mut group)?;
        self.commit(group)
    }

    /// Like [`Table::merge`], as a part of a group that becomes visible as a whole. The entries of a group must
    /// come in order, and none after [`Group::is_full`]. With `usize::MAX` blocks it takes all entries.
    pub fn merge_into(
        &mut self,
        level: Level,
        entries: &mut dyn Entries<'_>,
        retention: &Retention,
        blocks: usize,
        group: &mut Group,
    ) -> Result<(), Failure> {
        self.show()?;
        let mut left = blocks.max(1);
        while left > 0 && !group.is_full() {
            let Some(next) = entries.peek() else { break };
            let first =
                if group.take_gap() { PlacedBlock::absent(level, next.key) } else { self.block_of(level, next.key)? };
            self.merge_block(level, first, entries, retention, &mut left, group)?;
        }
        Ok(())
    }

    /// Merges into one block, and also into the next ones while the result is small.
    fn merge_block(
        &mut self,
        level: Level,
        first: PlacedBlock,
        entries: &mut dyn Entries<'_>,
        retention: &Retention,
        left: &mut usize,
        group: &mut Group,
    ) -> Result<(), Failure> {
        let mut after = self.block_after(level, &first)?;
        let mut old = vec![self.old_block(level, first)?];
        let mut new = Vec::new();
        // One block may get all entries: an empty level has only one block, and rising keys all belong to the last
        // block.
        let most = left.saturating_mul(2 * self.block_size);
        loop {
            let took_all = take_below(entries, after.as_ref().map(PlacedBlock::separator), most, &mut new);
            let before: Vec<Entry<'_>> = old.iter().flat_map(OldBlock::entries).collect();
            if !took_all {
                after = None;
                let next = entries.peek().map(|entry| entry.key);
                if before.last().map(|last| last.key) < next { group.leave_gap() } else { group.fill() }
            }
            let (kept, left_of_history) = retain(&interleave(&before, &new), retention);
            let size: usize = sizes(&kept).map(|(_, size)| size).sum();
            *left = left.saturating_sub((size / self.block_size).max(1));
            // A small result is joined with the next block, if there is one. The new entries for that block come with
            // it.
            if let Some(next) = after.take_if(|_| size < self.block_size / 4 && *left > 0) {
                after = self.block_after(level, &next)?;
                old.push(self.old_block(level, next)?);
                continue;
            }
            group.end_history_before(left_of_history);
            let separator = old.first().map_or(&[][..], |first| first.placed.separator());
            return self.replace(level, separator, &old, (&before, &kept), group);
        }
    }

    /// Replaces old blocks by new ones that have the kept entries.
    pub(super) fn replace(
        &mut self,
        level: Level,
        separator: &[u8],
        old: &[OldBlock],
        (before, kept): (&[Entry<'_>], &[Entry<'_>]),
        group: &mut Group,
    ) -> Result<(), Failure> {
        for entry in before {
            group.count(entry, -1);
        }
        for entry in kept {
            group.count(entry, 1);
        }
        for block in old {
            group.remove(level, &block.placed);
        }
        if kept.is_empty() { Ok(()) } else { self.write_blocks(level, separator, kept, group) }
    }

    #[inline(never)]
    pub(super) fn old_block(&self, level: Level, placed: PlacedBlock) -> Result<OldBlock, Failure> {
        let mut bytes = Vec::new();
        self.read(level, &placed, &mut bytes)?;
        let mut decoded = DecodedBlock::default();
        if placed.pointer.is_some() {
            decoded.decode(&bytes).map_err(|Malformed| malformed(placed.separator()))?;
        }
        Ok(OldBlock { placed, bytes, decoded })
    }

    /// Writes entries as blocks of about equal and about the right size. All versions of a key stay in one block.
    fn write_blocks(
        &mut self,
        level: Level,
        separator: &[u8],
        entries: &[Entry<'_>],
        group: &mut Group,
    ) -> Result<(), Failure> {
        let total: usize = sizes(entries).map(|(_, size)| size).sum();
        let blocks = (total + self.block_size / 2) / self.block_size;
        let block_size = total.div_ceil(blocks.max(1)).max(1);
        let mut separator = separator;
        let mut rest = entries;
        loop {
            let (head, tail) = rest.split_at(split_point(rest, block_size));
            let encoded = block::encode(head.iter().copied());
            let pointer = self.part_mut(level).blocks.append(separator, &encoded)?;
            group.insert(level, separator, pointer);
            let Some(next) = tail.first() else { return Ok(()) };
            separator = next.key;
            rest = tail;
        }
    }
}

/// How many entries a block of this size takes.
fn split_point(entries: &[Entry<'_>], block_size: usize) -> usize {
    let mut total = 0;
    for (i, (starts_key, size)) in sizes(entries).enumerate() {
        if total >= block_size && starts_key {
            return i;
        }
        total += size;
    }
    entries.len()
}

/// For each entry: whether it is the first of its key, and about how many bytes it takes in a block.
fn sizes<'a>(entries: &'a [Entry<'_>]) -> impl Iterator<Item = (bool, usize)> + 'a {
    let mut before: &[u8] = &[];
    entries.iter().map(move |entry| {
        let shared = shared_length(before, entry.key);
        let starts_key = shared < before.len() || shared < entry.key.len();
        before = entry.key;
        (starts_key, block::size_bound(entry).saturating_sub(shared + OVERESTIMATE))
    })
}

/// The usual difference between the size bound of an entry and its size, in bytes.
const OVERESTIMATE: usize = 34;

/// Takes the entries before `end`, and all versions of a key together. Returns `false` if it stopped after `most`
/// bytes.
#[inline(never)]
pub(super) fn take_below<'a>(
    entries: &mut dyn Entries<'a>,
    end: Option<&[u8]>,
    most: usize,
    taken: &mut Vec<Entry<'a>>,
) -> bool {
    let mut size = 0;
    while let Some(entry) = entries.peek().filter(|entry| end.is_none_or(|end| entry.key < end)) {
        if size >= most && taken.last().is_none_or(|last| last.key != entry.key) {
            return false;
        }
        size += block::size_bound(entry);
        taken.extend(entries.take());
    }
    true
}

/// Merges old and new entries in order. Keeps a version that already exists: the step may be a repeated one.
fn interleave<'a>(old: &[Entry<'a>], new: &[Entry<'a>]) -> Vec<Entry<'a>> {
    let mut all = Vec::with_capacity(old.len() + new.len());
    let mut new = new.iter().copied().peekable();
    for entry in old {
        while let Some(next) = new.next_if(|next| next.order(entry) == Ordering::Less) {
            all.push(next);
        }
        new.next_if(|next| next.order(entry) == Ordering::Equal);
        all.push(*entry);
    }
    all.extend(new);
    all
}

/// The entries that stay, and the remaining history.
pub(super) fn retain<'a>(all: &[Entry<'a>], retention: &Retention) -> (Vec<Entry<'a>>, HistoryLeft) {
    let mut kept = Vec::with_capacity(all.len());
    let mut stays = Vec::new();
    let mut left = HistoryLeft::default();
    for versions in all.chunk_by(|a, b| a.key == b.key) {
        left = left.max(retention.select(versions, &mut stays));
        kept.extend(versions.iter().zip(&stays).filter(|(_, stay)| **stay).map(|(entry, _)| retention.stripped(entry)));
    }
    (kept, left)
}
