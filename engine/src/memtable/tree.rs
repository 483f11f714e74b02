//! The B+ tree that orders a memtable's entries: by key, and by version, newest first.

#![allow(clippy::indexing_slicing, reason = "nodes and slots are numbered by this file alone; a wrong one must stop")]

use std::cmp::Ordering;

use super::Keys;
use crate::abbreviation::{first_eight, shared_length};
use crate::number::u32_of;
use crate::version::Version;

/// Entries of a leaf, and children of an inner node.
const FANOUT: usize = 32;
/// No such node.
const NONE: u32 = u32::MAX;
/// More levels than 2^32 entries can have.
const MAX_HEIGHT: usize = 16;

/// Where an entry stands; valid until the next insert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    leaf: u32,
    slot: u32,
}

#[derive(Debug)]
struct Node {
    count: usize,
    /// Of each key the first eight bytes behind what all keys share, big endian: they order as the keys do.
    prefixes: [u64; FANOUT],
    /// In a leaf its entries; in an inner node the first entry below each child.
    entries: [u32; FANOUT],
    /// In an inner node its children.
    children: [u32; FANOUT],
    /// In a leaf its neighbours.
    previous: u32,
    next: u32,
}

impl Node {
    fn new() -> Self {
        Self {
            count: 0,
            prefixes: [0; FANOUT],
            entries: [0; FANOUT],
            children: [NONE; FANOUT],
            previous: NONE,
            next: NONE,
        }
    }

    fn insert_slot(&mut self, slot: usize, (prefix, entry, child): (u64, u32, u32)) {
        self.prefixes.copy_within(slot..self.count, slot + 1);
        self.entries.copy_within(slot..self.count, slot + 1);
        self.children.copy_within(slot..self.count, slot + 1);
        self.prefixes[slot] = prefix;
        self.entries[slot] = entry;
        self.children[slot] = child;
        self.count += 1;
    }

    /// Moves the slots from `at` on to a new node.
    fn split_off(&mut self, at: usize) -> Self {
        let mut right = Self::new();
        right.count = self.count - at;
        right.prefixes[..right.count].copy_from_slice(&self.prefixes[at..self.count]);
        right.entries[..right.count].copy_from_slice(&self.entries[at..self.count]);
        right.children[..right.count].copy_from_slice(&self.children[at..self.count]);
        self.count = at;
        right
    }
}

/// A tree of entry numbers; what they stand for is asked from [`Keys`].
#[derive(Debug, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    root: u32,
    /// Levels of inner nodes above the leaves.
    height: usize,
    last_leaf: u32,
    /// What all keys start with: nodes need not hold it.
    common: Vec<u8>,
}

/// What is looked for: a key, without what all keys share, and a version.
struct Target<'a> {
    prefix: u64,
    rest: &'a [u8],
    version: Version,
    common_length: usize,
    /// How a key that does not share it stands to all that do.
    outside: Option<Ordering>,
}

impl<'a> Target<'a> {
    fn new(key: &'a [u8], version: Version, common: &[u8]) -> Self {
        let (rest, outside) = match key.strip_prefix(common) {
            Some(rest) => (rest, None),
            None => (key, Some(key.cmp(common))),
        };
        Self { prefix: first_eight(rest), rest, version, common_length: common.len(), outside }
    }

    /// How the target stands to the entry in a slot.
    fn compare(&self, node: &Node, slot: usize, keys: &Keys<'_>) -> Ordering {
        if let Some(outside) = self.outside {
            return outside;
        }
        self.prefix.cmp(&node.prefixes[slot]).then_with(|| {
            let (key, version) = keys.of(node.entries[slot]);
            // Newest first: the higher version comes before.
            self.compare_rest(&key[self.common_length..]).then_with(|| version.cmp(&self.version))
        })
    }

    /// Keys of up to eight bytes with the same prefix differ at most in their zeros at the end, and so in their lengths.
    fn compare_rest(&self, rest: &[u8]) -> Ordering {
        match (self.rest.get(8..), rest.get(8..)) {
            (Some(own), Some(other)) => own.cmp(other),
            _ => self.rest.len().cmp(&rest.len()),
        }
    }

    /// How many slots of a node stand before the target.
    fn slots_before(&self, node: &Node, keys: &Keys<'_>) -> usize {
        let (mut low, mut high) = (0, node.count);
        while low < high {
            let middle = low.midpoint(high);
            if self.compare(node, middle, keys) == Ordering::Greater {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The child of an inner node below which the target belongs.
    fn child_slot(&self, node: &Node, keys: &Keys<'_>) -> usize {
        let before = self.slots_before(node, keys);
        let here = before < node.count && self.compare(node, before, keys) == Ordering::Equal;
        if here { before } else { before.saturating_sub(1) }
    }
}

impl Tree {
    /// Adds entry `id`, which stands for this key and version.
    pub fn insert(&mut self, id: u32, key: &[u8], version: Version, keys: &Keys<'_>) {
        if self.nodes.is_empty() {
            self.nodes.push(Node::new());
            self.common = key.to_vec();
        }
        self.share(key, keys);
        let target = Target::new(key, version, &self.common);
        let mut path = [(0, 0); MAX_HEIGHT];
        let leaf = self.descend(&target, keys, &mut path);
        let slot = target.slots_before(&self.nodes[leaf as usize], keys);
        let mut added = (target.prefix, id, NONE);
        let mut split = self.insert_into(leaf, slot, added);
        for (node, slot) in path[..self.height].iter().rev().copied() {
            if slot == 0 && self.nodes[node as usize].count > 0 {
                self.refresh_first(node);
            }
            let Some(right) = split else { continue };
            added = self.first_of(right);
            split = self.insert_into(node, slot + 1, added);
        }
        if let Some(right) = split {
            self.grow(right);
        }
    }

    /// The first place that is not before this key and version.
    pub fn seek(&self, key: &[u8], version: Version, keys: &Keys<'_>) -> Option<Place> {
        if self.nodes.is_empty() {
            return None;
        }
        let target = Target::new(key, version, &self.common);
        let leaf = self.descend(&target, keys, &mut [(0, 0); MAX_HEIGHT]);
        let slot = target.slots_before(&self.nodes[leaf as usize], keys);
        self.place_from(leaf, slot)
    }

    /// The first place.
    pub fn first(&self) -> Option<Place> {
        // Splits move entries to new nodes: the first leaf stays the first node.
        if self.nodes.is_empty() { None } else { Some(Place { leaf: 0, slot: 0 }) }
    }

    /// The last place.
    pub fn last(&self) -> Option<Place> {
        let node = self.nodes.get(self.last_leaf as usize)?;
        Some(Place { leaf: self.last_leaf, slot: u32_of(node.count - 1) })
    }

    /// The place behind `place`.
    pub fn next(&self, place: Place) -> Option<Place> {
        self.place_from(place.leaf, place.slot as usize + 1)
    }

    /// The place before `place`.
    pub fn previous(&self, place: Place) -> Option<Place> {
        if place.slot > 0 {
            return Some(Place { slot: place.slot - 1, ..place });
        }
        let leaf = self.nodes.get(place.leaf as usize)?.previous;
        Some(Place { leaf, slot: u32_of(self.nodes.get(leaf as usize)?.count - 1) })
    }

    /// The entry at a place.
    pub fn entry(&self, place: Place) -> Option<u32> {
        let node = self.nodes.get(place.leaf as usize)?;
        node.entries[..node.count].get(place.slot as usize).copied()
    }

    /// Bytes of memory in use.
    pub fn size_bytes(&self) -> usize {
        self.nodes.len() * size_of::<Node>()
    }

    /// Forgets all entries.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.root = 0;
        self.height = 0;
        self.last_leaf = 0;
        self.common.clear();
    }

    /// Shortens what all keys share to what `key` has of it too. Happens at most as often as the first key has bytes.
    fn share(&mut self, key: &[u8], keys: &Keys<'_>) {
        let length = shared_length(&self.common, key);
        if length == self.common.len() {
            return;
        }
        self.common.truncate(length);
        for node in &mut self.nodes {
            for slot in 0..node.count {
                node.prefixes[slot] = first_eight(&keys.of(node.entries[slot]).0[length..]);
            }
        }
    }

    /// The leaf where the target belongs, and the inner nodes and slots on the way.
    fn descend(&self, target: &Target<'_>, keys: &Keys<'_>, path: &mut [(u32, usize); MAX_HEIGHT]) -> u32 {
        let mut node = self.root;
        for step in &mut path[..self.height] {
            let slot = target.child_slot(&self.nodes[node as usize], keys);
            *step = (node, slot);
            node = self.nodes[node as usize].children[slot];
        }
        node
    }

    fn place_from(&self, leaf: u32, slot: usize) -> Option<Place> {
        let node = self.nodes.get(leaf as usize)?;
        if slot < node.count {
            return Some(Place { leaf, slot: u32_of(slot) });
        }
        (node.next != NONE).then_some(Place { leaf: node.next, slot: 0 })
    }

    /// Inserts into a node, splitting it when it is full; returns the new right half.
    fn insert_into(&mut self, number: u32, slot: usize, added: (u64, u32, u32)) -> Option<u32> {
        let node = &mut self.nodes[number as usize];
        if node.count < FANOUT {
            node.insert_slot(slot, added);
            return None;
        }
        // Keys that arrive in order leave full nodes behind.
        let at = if slot == FANOUT { FANOUT - 1 } else { FANOUT / 2 };
        let mut right = node.split_off(at);
        if slot > at {
            right.insert_slot(slot - at, added);
        } else {
            node.insert_slot(slot, added);
        }
        Some(self.link(number, right))
    }

    /// Adds a node behind its left neighbour.
    fn link(&mut self, left: u32, mut right: Node) -> u32 {
        let number = u32_of(self.nodes.len());
        let is_leaf = right.children[0] == NONE;
        if is_leaf {
            right.previous = left;
            right.next = self.nodes[left as usize].next;
            match right.next {
                NONE => self.last_leaf = number,
                next => self.nodes[next as usize].previous = number,
            }
            self.nodes[left as usize].next = number;
        }
        self.nodes.push(right);
        number
    }

    fn first_of(&self, number: u32) -> (u64, u32, u32) {
        let node = &self.nodes[number as usize];
        (node.prefixes[0], node.entries[0], number)
    }

    /// A new first entry below the first child is the new first entry of the node.
    fn refresh_first(&mut self, number: u32) {
        let (prefix, entry, _) = self.first_of(self.nodes[number as usize].children[0]);
        let node = &mut self.nodes[number as usize];
        node.prefixes[0] = prefix;
        node.entries[0] = entry;
    }

    /// Puts a new root above the old one and its right half.
    fn grow(&mut self, right: u32) {
        let mut root = Node::new();
        root.insert_slot(0, self.first_of(self.root));
        root.insert_slot(1, self.first_of(right));
        self.root = u32_of(self.nodes.len());
        self.nodes.push(root);
        self.height += 1;
    }
}
