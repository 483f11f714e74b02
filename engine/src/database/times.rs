//! When versions were written.
//!
//! The log says the time before the first commit of a second, and not with each commit. So the time of a version is known to a
//! second. [`Times`] has one span for each such time, and at most [`MOST_SPANS`]: then it merges spans that are short for their age.
//! So the memory has a bound, and what was written long ago has a time that is less exact.
//!
//! ```text
//! in the notes:  format u8 = 1, then for each span three varints: how many versions it begins after the span before; by how many
//!                milliseconds, modulo 2^64; how many milliseconds it takes; a span of 1970 and of one millisecond if nobody knows
//! ```

use crate::varint;
use crate::version::Version;

const FORMAT_VERSION: u8 = 1;
/// The log says the time at most once in so many milliseconds.
const SPAN_MS: u64 = 1000;
/// If there are more spans than this, some are merged. The notes then have 14 to 34 KiB.
const MOST_SPANS: usize = 4096;
/// A merged span is at most this part of its age, or twice it and so on until enough are merged. The number of spans grows with
/// the logarithm of the age: with a commit in each second they are 1/267 of their age after a day, and 1/140 after 30 days.
const PARTS: u64 = 4096;

/// A span of time, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteTime {
    /// The earliest time.
    pub from: u64,
    /// The first time after it.
    pub to: u64,
}

/// The time of versions that were written nobody knows when.
const UNKNOWN: WriteTime = WriteTime { from: UNKNOWN_MS, to: UNKNOWN_MS + 1 };
/// As a time in the log it says that nobody knows when the commits that follow were begun.
pub(super) const UNKNOWN_MS: u64 = 0;

/// The versions from `first` on were written in this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: Version,
    time: WriteTime,
}

impl Span {
    fn is_known(&self) -> bool {
        self.time != UNKNOWN
    }

    /// Both as one. If nobody knows the time of one, nobody knows that of both.
    fn with(self, next: Self) -> Self {
        let (from, to) = (self.time.from.min(next.time.from), self.time.to.max(next.time.to));
        let is_known = self.is_known() && next.is_known();
        Self { first: self.first, time: if is_known { WriteTime { from, to } } else { UNKNOWN } }
    }
}

/// The times of all versions, by the clock of each commit: if a clock goes back, they do, too. The last span is the last time that
/// the log says.
#[derive(Debug, Default)]
pub(super) struct Times {
    spans: Vec<Span>,
    /// Whether they differ from the notes.
    is_changed: bool,
}

impl Times {
    /// The log must say the time before the next commit.
    pub fn is_due(&self, now_ms: u64) -> bool {
        let last = self.spans.last();
        last.map_or(now_ms != UNKNOWN_MS, |last| now_ms < last.time.from || now_ms >= last.time.to)
    }

    /// The versions from `first` on are written at this time, or nobody knows when.
    pub fn begin(&mut self, first: Version, now_ms: u64) {
        let known = WriteTime { from: now_ms, to: now_ms.saturating_add(SPAN_MS) };
        self.push(Span { first, time: if now_ms == UNKNOWN_MS { UNKNOWN } else { known } });
    }

    /// Nobody knows when the versions from `first` on were written. A restore may bring versions that are below those that this
    /// store had.
    pub fn forget(&mut self, first: Version) {
        if self.spans.last().is_some_and(|last| last.is_known() || last.first > first) {
            self.push(Span { first, time: UNKNOWN });
        }
    }

    /// When a version was written.
    pub fn find(&self, version: Version) -> Option<WriteTime> {
        let count = self.spans.partition_point(|span| span.first <= version);
        self.spans.get(count.checked_sub(1)?).filter(|span| span.is_known()).map(|span| span.time)
    }

    /// A span that begins at or before others replaces them: a commit that failed has no version, and a recovery reads the log
    /// again.
    #[inline(never)]
    fn push(&mut self, span: Span) {
        while self.spans.pop_if(|last| last.first >= span.first).is_some() {}
        if self.spans.len() == MOST_SPANS {
            self.merge(span.time.to);
        }
        self.spans.push(span);
        self.is_changed = true;
    }

    /// Merges spans until there is room for more.
    fn merge(&mut self, newest: u64) {
        let mut parts = PARTS;
        while self.spans.len() > MOST_SPANS / 4 * 3 {
            let mut is_merged = false;
            self.spans.dedup_by(|next, last| {
                let both = last.with(*next);
                let WriteTime { from, to } = both.time;
                is_merged = match newest.saturating_sub(to).checked_div(parts) {
                    Some(part) => both.is_known() && to - from <= part,
                    // The last resort: restores between all commits, or a clock that went back by years.
                    None => !is_merged,
                };
                if is_merged {
                    *last = both;
                }
                is_merged
            });
            parts /= 2;
        }
    }

    /// The bytes for the notes, if the notes have others.
    pub fn take_changed(&mut self) -> Option<Vec<u8>> {
        std::mem::take(&mut self.is_changed).then(|| self.encode())
    }

    fn encode(&self) -> Vec<u8> {
        let (mut bytes, mut first, mut from) = (vec![FORMAT_VERSION], Version::NONE, 0);
        for span in &self.spans {
            let WriteTime { from: begin, to } = span.time;
            for number in [span.first.since(first), begin.wrapping_sub(from), to - begin] {
                varint::write(&mut bytes, number);
            }
            (first, from) = (span.first, begin);
        }
        bytes
    }

    /// The times in the notes, as far as they can be read. Losing them does no harm: sled checks its bytes, and an earlier release
    /// wrote none.
    pub fn decode(noted: Option<&[u8]>) -> Self {
        Self { spans: noted.and_then(decode_spans).unwrap_or_default(), is_changed: false }
    }
}

fn decode_spans(noted: &[u8]) -> Option<Vec<Span>> {
    let (&FORMAT_VERSION, mut bytes) = noted.split_first()? else { return None };
    let (mut spans, mut first, mut from) = (Vec::new(), Version::NONE, 0_u64);
    while !bytes.is_empty() {
        let mut numbers = [0; 3];
        for number in &mut numbers {
            *number = varint::read(&mut bytes)?;
        }
        let [versions, rise, length] = numbers;
        first = first.checked_plus(versions).filter(|_| versions > 0)?;
        from = from.wrapping_add(rise);
        spans.push(Span { first, time: WriteTime { from, to: from.checked_add(length)? } });
    }
    Some(spans)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{MOST_SPANS, SPAN_MS, Times, UNKNOWN_MS, WriteTime};
    use crate::version::Version;

    fn of(times: &Times, version: u64) -> Option<(u64, u64)> {
        times.find(Version::of(version)).map(|WriteTime { from, to }| (from, to))
    }

    #[test]
    fn a_time_is_due_once_a_second() {
        let mut times = Times::default();
        assert!(!times.is_due(UNKNOWN_MS) && times.is_due(7000));
        times.begin(Version::of(3), 7000);
        assert!(!times.is_due(7999) && times.is_due(8000));
        // A clock that went back.
        assert!(times.is_due(0) && times.is_due(6999));
        assert_eq!((of(&times, 2), of(&times, 3), of(&times, 4)), (None, Some((7000, 8000)), Some((7000, 8000))));
        times.begin(Version::of(9), 2000);
        assert_eq!((of(&times, 8), of(&times, 9)), (Some((7000, 8000)), Some((2000, 3000))));
    }

    #[test]
    fn a_span_replaces_what_begins_at_or_after_it() {
        let mut times = Times::default();
        for (first, ms) in [(1, 1000), (5, 5000), (5, 6000)] {
            times.begin(Version::of(first), ms);
        }
        assert_eq!((of(&times, 4), of(&times, 5)), (Some((1000, 2000)), Some((6000, 7000))));
        times.begin(Version::of(2), 7000);
        assert_eq!(
            (of(&times, 1), of(&times, 2), of(&times, 5)),
            (Some((1000, 2000)), Some((7000, 8000)), Some((7000, 8000)))
        );
    }

    #[test]
    fn what_is_forgotten_stays_so_until_the_next_time() {
        let mut times = Times::default();
        times.forget(Version::of(1));
        assert_eq!(times.take_changed(), None);
        times.begin(Version::of(2), 5000);
        assert!(times.is_due(UNKNOWN_MS));
        times.forget(Version::of(6));
        times.forget(Version::of(8));
        assert_eq!((of(&times, 5), of(&times, 6), of(&times, 9)), (Some((5000, 6000)), None, None));
        times.forget(Version::of(4));
        assert_eq!((of(&times, 3), of(&times, 4), of(&times, 6)), (Some((5000, 6000)), None, None));
        assert!(times.is_due(5000));
        assert!(!times.is_due(UNKNOWN_MS));
        times.begin(Version::of(10), 5500);
        assert_eq!((of(&times, 9), of(&times, 10)), (None, Some((5500, 6500))));
    }

    #[test]
    fn older_times_become_less_exact_and_never_wrong() {
        let mut times = Times::default();
        let count = 20 * MOST_SPANS as u64;
        let ms = |version| 1_000_000 + version * SPAN_MS * 2;
        for version in 1..=count {
            times.begin(Version::of(version), ms(version));
            assert!(times.spans.len() <= MOST_SPANS);
        }
        for version in 1..=count {
            let (from, to) = of(&times, version).unwrap();
            assert!(from <= ms(version) && ms(version) < to, "{version}: {from} to {to}");
            let age = ms(count) - ms(version);
            assert!(to - from <= SPAN_MS.max(age / 128), "{version} is {age} ms old, and known to {} ms", to - from);
        }
        // 26 years, with a commit in each second.
        let seconds = 26 * 365 * 24 * 3600;
        let mut times = Times::default();
        for version in (1..=seconds).step_by(600) {
            times.push(super::Span {
                first: Version::of(version),
                time: WriteTime { from: version * 1000, to: (version + 600) * 1000 },
            });
        }
        let (from, to) = of(&times, 1).unwrap();
        assert!(to - from <= (seconds * 1000 - to) / 64, "{from} to {to}");
    }

    #[test]
    fn there_are_never_too_many_spans() {
        let mut restored = Times::default();
        let mut back = Times::default();
        for version in 1..=10 * MOST_SPANS as u64 {
            restored.begin(Version::of(2 * version), version * 1000);
            restored.forget(Version::of(2 * version + 1));
            back.begin(Version::of(version), 1_000_000_000_000 - version * 1000);
            assert!(restored.spans.len() <= MOST_SPANS && back.spans.len() <= MOST_SPANS);
            // The last time that the log says is never merged: the next commit asks for another one if it is not in it.
            let now = 1_000_000_000_000 - version * 1000;
            assert_eq!(of(&back, version), Some((now, now + SPAN_MS)));
            assert!(back.is_due(now + SPAN_MS) && back.is_due(now - 1) && restored.is_due(now));
        }
        let at = 1_000_000_000_000 - 20_000_000;
        assert!(of(&back, 20_000).is_some_and(|(from, to)| from <= at && at < to));
    }

    #[test]
    fn damaged_notes_say_nothing() {
        let mut times = Times::default();
        times.begin(Version::of(300), 1_764_000_000_000);
        let whole = times.take_changed().unwrap().len();
        times.forget(Version::of(400));
        let bytes = times.take_changed().unwrap();
        assert_eq!(times.take_changed(), None);
        assert_eq!(Times::decode(Some(&bytes)).spans, times.spans);
        for length in (0..bytes.len()).filter(|length| *length != whole) {
            assert!(Times::decode(Some(&bytes[..length])).spans.is_empty(), "{length}");
        }
        assert!(Times::decode(Some(&[1, 0, 0])).spans.is_empty());
    }

    proptest! {
        #[test]
        fn notes_read_back(steps in vec((1..1000_u64, -2000..5000_i64, any::<bool>()), 0..200)) {
            let (mut times, mut version, mut now) = (Times::default(), 0, 1_764_000_000_000_u64);
            let mut expected = Vec::new();
            for (versions, ms, is_known) in steps {
                (version, now) = (version + versions, now.saturating_add_signed(ms));
                if is_known {
                    if times.is_due(now) {
                        times.begin(Version::of(version), now);
                    }
                } else {
                    times.forget(Version::of(version));
                }
                expected.push((version, is_known.then_some(now)));
            }
            let noted = times.take_changed();
            let read = Times::decode(noted.as_deref());
            prop_assert_eq!(&read.spans, &times.spans);
            for (version, at) in expected {
                match (of(&read, version), at) {
                    (Some((from, to)), Some(at)) => prop_assert!(from <= at && at < to),
                    (found, at) => prop_assert_eq!(found, at.map(|at| (at, at))),
                }
            }
        }

        #[test]
        fn nonsense_does_no_harm(bytes in vec(any::<u8>(), 0..100)) {
            let mut times = Times::decode(Some(&bytes));
            times.begin(Version::NEWEST, 7);
            prop_assert_eq!(of(&times, u64::MAX), Some((7, 7 + SPAN_MS)));
        }
    }
}
