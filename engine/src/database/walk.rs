//! Walks over the live entries of a range. A walk visits a bounded number of entries, and returns where to continue.

use super::Database;
use super::chain::Chain;
use super::gaps::Gap;
use super::store::Store;
use super::value_log::ValueLog;
use crate::cursor::{Advance, Cursor, GONE_A_RUN, Range};
use crate::disk::Disk;
use crate::entry::{Boundary, Entry, Value};
use crate::failure::Failure;
use crate::version::Version;

/// How a walk ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Walked {
    /// At the end of the range.
    End,
    /// Before an entry that the caller did not want, or after the last one that it wanted.
    Full,
    /// After this key: the walk visited as many entries as it may.
    Paused(Vec<u8>),
}

/// A place between keys: before this one, or after all.
type Place = Option<Vec<u8>>;

/// Adjacent keys without a live version.
struct Run {
    /// Where it begins, in the direction of the walk.
    from: Place,
    /// How many keys.
    weight: u32,
    /// Whether it is longer than the gap that it began with.
    is_news: bool,
}

/// Called with each live entry; returns whether the next one is wanted.
type Each<'a, D> = dyn FnMut(&Entry<'_>, &mut ValueLog<D>) -> Result<bool, Failure> + 'a;

impl<D: Disk> Database<D> {
    /// Calls `take` with the live entries of a range and their values, until it returns `false`. Visits about `visits` entries.
    pub fn scan(
        &mut self,
        range: Range<'_>,
        with_values: bool,
        visits: u32,
        mut visit: impl FnMut(&Entry<'_>, &[u8]) -> Result<bool, Failure>,
    ) -> Result<Walked, Failure> {
        let mut logged = Vec::new();
        let notes_gaps = !self.is_restoring();
        self.reading().walk(range, visits, (notes_gaps, with_values), &mut |entry, values| {
            let value = match entry.value {
                Value::Inline(bytes) if with_values => bytes,
                Value::Logged { position, length } if with_values => {
                    values.read(position, length, &mut logged)?;
                    &logged
                }
                _ => &[],
            };
            visit(entry, value)
        })
    }

    /// Counts the live entries of a range, `limit` at most. Visits about `visits` entries. Also returns the key after which
    /// there may be more, which is empty when there are none.
    pub fn count(&mut self, range: Range<'_>, limit: u32, visits: u32) -> Result<(u32, Vec<u8>), Failure> {
        let (mut count, mut last) = (0, Vec::new());
        let notes_gaps = !self.is_restoring();
        let walked = self.reading().walk(range, visits, (notes_gaps, false), &mut |entry, _| {
            count += 1;
            if count >= limit {
                last.extend_from_slice(entry.key);
            }
            Ok(count < limit)
        })?;
        Ok(match walked {
            Walked::End => (count, Vec::new()),
            Walked::Full => (count, last),
            Walked::Paused(key) => (count, key),
        })
    }
}

impl<D: Disk> Store<D> {
    fn walk(
        &mut self,
        range: Range<'_>,
        visits: u32,
        (notes_gaps, with_values): (bool, bool),
        each: &mut Each<'_, D>,
    ) -> Result<Walked, Failure> {
        let Range { version, now_ms, reverse, .. } = range;
        let (starts, ends) = if reverse { (range.upper, range.lower) } else { (range.lower, range.upper) };
        let mut found = Vec::new();
        let mut rest = range;
        let (mut run, mut is_over) = (None, false);
        if let Some(gap) = self.finds.gaps().around(place_of(starts, reverse).as_deref(), version, now_ms) {
            is_over = !jump(&mut rest, gap);
            let from = if reverse { gap.upper.clone() } else { Some(gap.lower.clone()) };
            run = Some(Run { from, weight: gap.weight, is_news: false });
        }
        let start = |rest, visits| Cursor::start(self.memtables.newest_first(), Some(&self.table), rest, visits);
        let mut cursor = start(rest, visits)?;
        let walked = loop {
            match if is_over { Advance::End } else { cursor.advance()? } {
                Advance::Entry => {
                    let Some(entry) = cursor.entry() else { break Walked::End };
                    if run.is_some() {
                        note(&mut found, run.take(), Some(beside(entry.key, reverse)), &range);
                    }
                    if let Value::Operand(_) = entry.value {
                        let Some(chain) = Chain::at(&self.memtables, &self.table, entry.key, entry.version)? else {
                            continue;
                        };
                        if chain.is_gone(now_ms) {
                            continue;
                        }
                        let bytes = if with_values { chain.fold().read(&mut self.values)? } else { Vec::new() };
                        let entry = Entry { expires: chain.expires(), value: Value::Inline(&bytes), ..entry };
                        if !each(&entry, &mut self.values)? {
                            break Walked::Full;
                        }
                    } else if !each(&entry, &mut self.values)? {
                        break Walked::Full;
                    }
                }
                Advance::Gone => {
                    let key = cursor.last_key();
                    let run =
                        run.get_or_insert_with(|| Run { from: Some(beside(key, reverse)), weight: 0, is_news: true });
                    run.is_news = true;
                    run.weight = run.weight.saturating_add(GONE_A_RUN);
                    let gap = self.finds.gaps().around(Some(key), version, now_ms);
                    // At its end there is nothing to skip.
                    if let Some(gap) = gap.filter(|gap| reverse || gap.upper.as_deref() != Some(key)) {
                        run.weight = run.weight.saturating_add(gap.weight);
                        is_over = !jump(&mut rest, gap);
                        self.counters.visited(cursor.visited());
                        let visits = cursor.visits();
                        cursor = start(rest, visits)?;
                    }
                }
                Advance::End => {
                    note(&mut found, run.take(), place_of(ends, !reverse), &range);
                    break Walked::End;
                }
                Advance::Paused => {
                    let key = cursor.last_key().to_vec();
                    note(&mut found, run.take(), Some(beside(&key, !reverse)), &range);
                    break Walked::Paused(key);
                }
            }
        };
        self.counters.visited(cursor.visited());
        drop(cursor);
        // A gap for an older version cannot be noted: a later put would not end it.
        if version >= self.clock.newest() && notes_gaps {
            let version = self.clock.newest();
            for gap in found {
                self.finds.found_gap(Gap { version, ..gap });
            }
        }
        Ok(walked)
    }
}

/// Notes a run that ends at a place.
#[cold]
fn note(found: &mut Vec<Gap>, run: Option<Run>, to: Place, range: &Range<'_>) {
    let Some(Run { from, weight, .. }) = run.filter(|run| run.is_news) else { return };
    let (lower, upper) = if range.reverse { (to, from) } else { (from, to) };
    found.extend(lower.map(|lower| Gap { lower, upper, version: Version::NONE, now_ms: range.now_ms, weight }));
}

/// The place of an end of a range.
#[inline(never)]
fn place_of(end: Boundary<'_>, is_upper: bool) -> Place {
    match end {
        Boundary::Outermost => Some(Vec::new()).filter(|_| !is_upper),
        Boundary::Before(key) | Boundary::At(key, _) => Some(key.to_vec()),
        Boundary::Behind(key) => Some(beside(key, true)),
    }
}

/// The place before a key, or the one after it.
#[inline(never)]
fn beside(key: &[u8], is_behind: bool) -> Vec<u8> {
    [key, if is_behind { &[0] } else { &[] }].concat()
}

/// Moves the start of a range to the other end of a gap; returns whether anything is left.
fn jump<'a>(range: &mut Range<'a>, gap: &'a Gap) -> bool {
    if range.reverse {
        range.upper = Boundary::Before(&gap.lower);
        return !gap.lower.is_empty();
    }
    let Some(upper) = &gap.upper else { return false };
    range.lower = Boundary::Before(upper);
    true
}
