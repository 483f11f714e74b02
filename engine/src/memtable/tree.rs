//! The B+ tree that orders a memtable's entries: by key, and by version, newest first.

#![allow(clippy::indexing_slicing, reason = "nodes and slots are numbered by this file alone; a wrong one must stop")]

use std::cmp::Ordering;

use super::arena::Arena;
use super::slots::{FANOUT, Slots, push_in};
use crate::abbreviation::{first_eight, shared_length};
use crate::number::u32_of;
use crate::version::Version;

/// Means: no node.
const NONE: u32 = u32::MAX;
/// More levels than 2^32 entries can have.
const MAX_HEIGHT: usize = 16;

/// The place of an entry; valid until the next insert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    leaf: u32,
    slot: u32,
}

impl Place {
    /// Whether both places are in the same leaf.
    #[must_use]
    pub fn is_beside(self, other: Self) -> bool {
        self.leaf == other.leaf
    }
}

#[derive(Debug)]
struct Leaf {
    slots: Slots,
    previous: u32,
    next: u32,
}

/// The slots have the first entry below each child. Children are leaves at the lowest level, otherwise inner nodes.
#[derive(Debug)]
struct Inner {
    slots: Slots,
    children: [u32; FANOUT],
}

impl Inner {
    fn new() -> Self {
        Self { slots: Slots::default(), children: [NONE; FANOUT] }
    }

    fn insert(&mut self, slot: usize, (first, child): ((u64, u32), u32)) {
        push_in(&mut self.children[slot..=self.slots.count()], child);
        self.slots.insert(slot, first);
    }
}

/// A tree of entry numbers. The [`Arena`] has the entries.
#[derive(Debug, Default)]
pub struct Tree {
    leaves: Vec<Leaf>,
    inners: Vec<Inner>,
    root: u32,
    /// Levels of inner nodes above the leaves.
    height: usize,
    last_leaf: u32,
    /// The common start of all keys. Nodes need not store it.
    common: Vec<u8>,
}

/// The target of a search: a key without the common start, and a version.
struct Target<'a> {
    prefix: u64,
    rest: &'a [u8],
    version: Version,
    common_length: usize,
}

impl<'a> Target<'a> {
    /// The key must have the common start.
    fn new(key: &'a [u8], version: Version, common_length: usize) -> Self {
        let rest = &key[common_length..];
        Self { prefix: first_eight(rest), rest, version, common_length }
    }

    /// Compares the target to an entry with the same prefix.
    fn compare(&self, entry: u32, keys: &Arena) -> Ordering {
        let (key, version) = keys.key_of(entry);
        // Newest first: the higher version comes earlier.
        self.compare_rest(&key[self.common_length..]).then_with(|| version.cmp(&self.version))
    }

    /// Keys of up to eight bytes with the same prefix differ only in the zeros at their end, and so in their lengths.
    fn compare_rest(&self, rest: &[u8]) -> Ordering {
        match (self.rest.get(8..), rest.get(8..)) {
            (Some(own), Some(other)) => own.cmp(other),
            _ => self.rest.len().cmp(&rest.len()),
        }
    }

    /// How many slots of a node are before the target. If `or_equal`, a slot that equals the target counts, too.
    fn slots_before(&self, slots: &Slots, keys: &Arena, or_equal: bool) -> usize {
        let (mut low, mut high) = slots.range_of(self.prefix);
        while low < high {
            let middle = low.midpoint(high);
            let order = self.compare(slots.at(middle).1, keys);
            if order == Ordering::Greater || (or_equal && order == Ordering::Equal) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

impl Tree {
    /// Adds entry `id`, which has this key and version.
    pub fn insert(&mut self, id: u32, key: &[u8], version: Version, keys: &Arena) {
        if self.leaves.is_empty() {
            self.leaves.push(Leaf { slots: Slots::default(), previous: NONE, next: NONE });
            self.common = key.to_vec();
        }
        self.share(key, keys);
        let target = Target::new(key, version, self.common.len());
        let mut path = [(0, 0); MAX_HEIGHT];
        let leaf = self.descend(&target, keys, &mut path);
        let slot = target.slots_before(&self.leaves[leaf as usize].slots, keys, false);
        let mut split = self.insert_into_leaf(leaf, slot, (target.prefix, id));
        for (level, (inner, slot)) in path[..self.height].iter().copied().rev().enumerate() {
            if slot == 0 {
                // A new first entry below the first child is the new first entry of the node.
                let first = self.first_of(level, self.inners[inner as usize].children[0]);
                self.inners[inner as usize].slots.set(0, first);
            } else if split.is_none() {
                return;
            }
            split = split.and_then(|right| {
                let added = (self.first_of(level, right), right);
                self.insert_into_inner(inner, slot + 1, added)
            });
        }
        if let Some(right) = split {
            self.grow(right);
        }
    }

    /// The first place that is not before this key and version.
    pub fn seek(&self, key: &[u8], version: Version, keys: &Arena) -> Option<Place> {
        let shared = shared_length(&self.common, key);
        if shared < self.common.len() {
            // All keys are after it, or all before it.
            return if key[shared..] < self.common[shared..] { self.first() } else { None };
        }
        let target = Target::new(key, version, shared);
        let leaf = self.descend(&target, keys, &mut [(0, 0); MAX_HEIGHT]);
        let slot = target.slots_before(&self.leaves.get(leaf as usize)?.slots, keys, false);
        self.place_from(leaf, slot)
    }

    /// The first place.
    pub fn first(&self) -> Option<Place> {
        // Splits move entries to new nodes: the first leaf stays the first node.
        if self.leaves.is_empty() { None } else { Some(Place { leaf: 0, slot: 0 }) }
    }

    /// The last place.
    pub fn last(&self) -> Option<Place> {
        let leaf = self.leaves.get(self.last_leaf as usize)?;
        Some(Place { leaf: self.last_leaf, slot: u32_of(leaf.slots.count() - 1) })
    }

    /// The place after `place`.
    pub fn next(&self, place: Place) -> Option<Place> {
        self.place_from(place.leaf, place.slot as usize + 1)
    }

    /// The place before `place`.
    pub fn previous(&self, place: Place) -> Option<Place> {
        if place.slot > 0 {
            return Some(Place { slot: place.slot - 1, ..place });
        }
        let leaf = self.leaves.get(place.leaf as usize)?.previous;
        Some(Place { leaf, slot: u32_of(self.leaves.get(leaf as usize)?.slots.count() - 1) })
    }

    /// The entry at a place.
    pub fn entry(&self, place: Place) -> Option<u32> {
        self.leaves.get(place.leaf as usize)?.slots.entry(place.slot as usize)
    }

    /// Replaces the entry at a place by another one with the same key and version. Inner nodes still have
    /// the old one: they need its key alone.
    pub fn replace(&mut self, place: Place, entry: u32) {
        let slots = &mut self.leaves[place.leaf as usize].slots;
        let (prefix, _) = slots.at(place.slot as usize);
        slots.set(place.slot as usize, (prefix, entry));
    }

    /// The entries in the leaf of a place.
    pub fn beside(&self, place: Place) -> &[u32] {
        self.leaves.get(place.leaf as usize).map_or(&[], |leaf| leaf.slots.entries())
    }

    /// Bytes of memory in use.
    pub fn size_bytes(&self) -> usize {
        self.leaves.len() * size_of::<Leaf>() + self.inners.len() * size_of::<Inner>()
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        self.leaves.clear();
        self.inners.clear();
        self.root = 0;
        self.height = 0;
        self.last_leaf = 0;
        self.common.clear();
    }

    /// Shortens the common start to the bytes that `key` shares. This happens at most once per byte of the first key.
    fn share(&mut self, key: &[u8], keys: &Arena) {
        let length = shared_length(&self.common, key);
        if length == self.common.len() {
            return;
        }
        self.common.truncate(length);
        let prefix_of = |entry| first_eight(&keys.key_of(entry).0[length..]);
        self.leaves.iter_mut().for_each(|leaf| leaf.slots.recompute(prefix_of));
        self.inners.iter_mut().for_each(|inner| inner.slots.recompute(prefix_of));
    }

    /// The leaf of the target, and the inner nodes and slots on the way.
    fn descend(&self, target: &Target<'_>, keys: &Arena, path: &mut [(u32, usize); MAX_HEIGHT]) -> u32 {
        let mut node = self.root;
        for step in &mut path[..self.height] {
            let inner = &self.inners[node as usize];
            let slot = target.slots_before(&inner.slots, keys, true).saturating_sub(1);
            *step = (node, slot);
            node = inner.children[slot];
        }
        node
    }

    fn place_from(&self, leaf: u32, slot: usize) -> Option<Place> {
        let Leaf { slots, next, .. } = self.leaves.get(leaf as usize)?;
        if slot < slots.count() {
            return Some(Place { leaf, slot: u32_of(slot) });
        }
        (*next != NONE).then_some(Place { leaf: *next, slot: 0 })
    }

    /// Inserts into a leaf and splits it if it is full. Returns the new right half.
    fn insert_into_leaf(&mut self, number: u32, slot: usize, added: (u64, u32)) -> Option<u32> {
        let right_number = u32_of(self.leaves.len());
        let leaf = &mut self.leaves[number as usize];
        if !leaf.slots.is_full() {
            leaf.slots.insert(slot, added);
            return None;
        }
        let mut right = Leaf { slots: Slots::default(), previous: number, next: leaf.next };
        let at = split_point(slot);
        leaf.slots.split_to(at, &mut right.slots);
        let (half, slot) = if slot > at { (&mut right.slots, slot - at) } else { (&mut leaf.slots, slot) };
        half.insert(slot, added);
        leaf.next = right_number;
        match right.next {
            NONE => self.last_leaf = right_number,
            next => self.leaves[next as usize].previous = right_number,
        }
        self.leaves.push(right);
        Some(right_number)
    }

    /// The same for an inner node.
    fn insert_into_inner(&mut self, number: u32, slot: usize, added: ((u64, u32), u32)) -> Option<u32> {
        let inner = &mut self.inners[number as usize];
        if !inner.slots.is_full() {
            inner.insert(slot, added);
            return None;
        }
        let mut right = Inner::new();
        let at = split_point(slot);
        inner.slots.split_to(at, &mut right.slots);
        right.children[..FANOUT - at].copy_from_slice(&inner.children[at..]);
        let (half, slot) = if slot > at { (&mut right, slot - at) } else { (inner, slot) };
        half.insert(slot, added);
        self.inners.push(right);
        Some(u32_of(self.inners.len() - 1))
    }

    /// The first entry below a node that is `level` levels above the leaves.
    fn first_of(&self, level: usize, number: u32) -> (u64, u32) {
        let number = number as usize;
        if level == 0 { self.leaves[number].slots.at(0) } else { self.inners[number].slots.at(0) }
    }

    /// Puts a new root above the old one and its right half.
    fn grow(&mut self, right: u32) {
        let mut root = Inner::new();
        root.insert(0, (self.first_of(self.height, self.root), self.root));
        root.insert(1, (self.first_of(self.height, right), right));
        self.root = u32_of(self.inners.len());
        self.inners.push(root);
        self.height += 1;
    }
}

/// Where a full node is split for an insert. Keys that arrive in order produce full nodes.
fn split_point(slot: usize) -> usize {
    if slot == FANOUT { FANOUT - 1 } else { FANOUT / 2 }
}
