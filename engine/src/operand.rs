//! Operands: changes of a value that do not know the value. Example: `add 1` to a counter that is on the disk. A fold makes
//! a value of the operands of a key and of the value, or of nothing, below them.
//!
//! ```text
//! operand: flags u8 (bit 0: sets the expiry, bit 1: appends), how many steps a fold takes up to here varint,
//!          time of the commit in ms varint, then
//!          appends: length of the whole value varint, the bytes at its end
//!          others:  for each step how u8, number u64 or f64, little endian
//! ```

use crate::expiry::Expiry;
use crate::varint;

const SETS_EXPIRY: u8 = 1;
const APPENDS: u8 = 2;

/// The length of a number in bytes.
pub const NUMBER_SIZE: usize = 8;
const STEP_SIZE: usize = NUMBER_SIZE + 1;

/// How a step changes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Adds an `f64`.
    AddFloat = 1,
    /// The smaller of two `f64`.
    MinFloat = 2,
    /// The larger one.
    MaxFloat = 3,
    /// Adds a `u64`, and wraps around.
    AddInteger = 4,
    /// The smaller of two `u64`.
    MinInteger = 5,
    /// The larger one.
    MaxInteger = 6,
    /// Adds bytes at the end.
    Append = 7,
}

impl How {
    /// How a number of the interface says it.
    #[must_use]
    pub fn of_number(number: u8) -> Option<Self> {
        let all = [
            Self::AddFloat,
            Self::MinFloat,
            Self::MaxFloat,
            Self::AddInteger,
            Self::MinInteger,
            Self::MaxInteger,
            Self::Append,
        ];
        all.into_iter().find(|how| *how as u8 == number)
    }

    /// What it makes of two numbers. Of those that compare as equal, or not at all, the second one is the result.
    fn combine(self, present: [u8; NUMBER_SIZE], given: [u8; NUMBER_SIZE]) -> [u8; NUMBER_SIZE] {
        let (a, b) = (f64::from_le_bytes(present), f64::from_le_bytes(given));
        let (c, d) = (u64::from_le_bytes(present), u64::from_le_bytes(given));
        match self {
            Self::AddFloat => (a + b).to_le_bytes(),
            Self::MinFloat => {
                if a < b {
                    present
                } else {
                    given
                }
            }
            Self::MaxFloat => {
                if a > b {
                    present
                } else {
                    given
                }
            }
            Self::AddInteger => c.wrapping_add(d).to_le_bytes(),
            Self::MinInteger => {
                if c < d {
                    present
                } else {
                    given
                }
            }
            Self::MaxInteger => {
                if c > d {
                    present
                } else {
                    given
                }
            }
            Self::Append => given,
        }
    }
}

/// One change, as a commit asks for it.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// How it changes the value.
    pub how: How,
    /// A number of [`NUMBER_SIZE`] bytes, or the bytes to add.
    pub bytes: &'a [u8],
}

impl Step<'_> {
    /// Changes a value, or makes one of nothing. A value that is no number stays as it is, unless bytes are added.
    pub fn apply(&self, value: &mut Option<Vec<u8>>) {
        let Some(present) = value else {
            *value = Some(self.bytes.to_vec());
            return;
        };
        if self.how == How::Append {
            present.extend_from_slice(self.bytes);
        } else if let (Ok(number), Ok(given)) = (present.as_slice().try_into(), self.bytes.try_into()) {
            *value = Some(self.how.combine(number, given).to_vec());
        }
    }
}

/// The changes that one commit makes to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand<'a> {
    /// Whether the value gets the expiry of this entry. If not, it keeps its own.
    pub sets_expiry: bool,
    /// Whether it adds bytes at the end. If not, it counts.
    pub appends: bool,
    /// How many steps a fold takes, from the value up to this operand.
    pub depth: u64,
    /// The time of the commit, in milliseconds since 1970. A value that had expired by then counts as none.
    pub at_ms: u64,
    /// The length of the whole value, if it appends.
    pub length: u64,
    steps: &'a [u8],
}

impl<'a> Operand<'a> {
    /// An operand that counts, without its steps. [`Operand::encode`] adds them.
    #[must_use]
    pub fn counts(sets_expiry: bool, depth: u64, at_ms: u64) -> Self {
        Self { sets_expiry, appends: false, depth, at_ms, length: 0, steps: &[] }
    }

    /// An operand that appends, without its steps. The whole value has `length` bytes then. Its entry says when it expires.
    #[must_use]
    pub fn appends(depth: u64, at_ms: u64, length: u64) -> Self {
        Self { sets_expiry: true, appends: true, depth, at_ms, length, steps: &[] }
    }

    /// Encodes it with these steps. All append, or none.
    #[must_use]
    pub fn encode(&self, steps: &[Step<'_>]) -> Vec<u8> {
        let appends = if self.appends { APPENDS } else { 0 };
        let mut bytes = vec![appends | u8::from(self.sets_expiry)];
        varint::write(&mut bytes, self.depth);
        varint::write(&mut bytes, self.at_ms);
        if self.appends {
            varint::write(&mut bytes, self.length);
        }
        for step in steps {
            if !self.appends {
                bytes.push(step.how as u8);
            }
            bytes.extend_from_slice(step.bytes);
        }
        bytes
    }

    /// Decodes an operand; `None` if it is malformed.
    #[must_use]
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (flags, mut rest) = bytes.split_first()?;
        let appends = flags & APPENDS != 0;
        let (depth, at_ms) = (varint::read(&mut rest)?, varint::read(&mut rest)?);
        let length = if appends { varint::read(&mut rest)? } else { 0 };
        let (steps, left) = rest.as_chunks::<STEP_SIZE>();
        let is_count = |step: &[u8; STEP_SIZE]| How::of_number(step[0]).is_some_and(|how| how != How::Append);
        let is_whole = flags & !(SETS_EXPIRY | APPENDS) == 0
            && (appends || (left.is_empty() && !steps.is_empty() && steps.iter().all(is_count)));
        let sets_expiry = flags & SETS_EXPIRY != 0;
        is_whole.then_some(Self { sets_expiry, appends, depth, at_ms, length, steps: rest })
    }

    /// The steps, in their order.
    pub fn steps(&self) -> impl Iterator<Item = Step<'a>> + use<'a> {
        let end = Some(Step { how: How::Append, bytes: self.steps }).filter(|_| self.appends);
        let counts = if self.appends { &[] } else { self.steps.as_chunks::<STEP_SIZE>().0 };
        let counts = counts.iter().filter_map(|step| {
            let (how, bytes) = step.split_first()?;
            Some(Step { how: How::of_number(*how)?, bytes })
        });
        end.into_iter().chain(counts)
    }

    /// When a value expires after this operand, which its commit gave the expiry `own`. Before, it had `present`; `None` for no
    /// value.
    #[must_use]
    pub fn expiry(&self, own: Option<Expiry>, present: Option<Option<Expiry>>) -> Option<Expiry> {
        if self.sets_expiry { own } else { present.flatten() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{How, Operand, Step};

    fn count(how: How, present: Option<[u8; 8]>, given: [u8; 8]) -> Vec<u8> {
        let mut value = present.map(|present| present.to_vec());
        Step { how, bytes: &given }.apply(&mut value);
        value.unwrap()
    }

    #[test]
    fn numbers_are_combined_as_their_kind_says() {
        let integers = [(How::AddInteger, 12), (How::MinInteger, 5), (How::MaxInteger, 7)];
        for (how, result) in integers {
            assert_eq!(count(how, Some(7_u64.to_le_bytes()), 5_u64.to_le_bytes()), u64::to_le_bytes(result));
            assert_eq!(count(how, None, 5_u64.to_le_bytes()), 5_u64.to_le_bytes());
        }
        assert_eq!(count(How::AddInteger, Some([255; 8]), 2_u64.to_le_bytes()), 1_u64.to_le_bytes());
        for (how, result) in [(How::AddFloat, -1.5), (How::MinFloat, -2.0), (How::MaxFloat, 0.5)] {
            assert_eq!(count(how, Some(0.5_f64.to_le_bytes()), (-2.0_f64).to_le_bytes()), f64::to_le_bytes(result));
        }
        // As in JavaScript: what does not compare is not chosen.
        assert_eq!(count(How::MaxFloat, Some(f64::NAN.to_le_bytes()), 1.0_f64.to_le_bytes()), 1.0_f64.to_le_bytes());
    }

    #[test]
    fn a_value_that_is_no_number_stays_and_can_be_extended() {
        let mut value = Some(b"abc".to_vec());
        Step { how: How::AddInteger, bytes: &[1; 8] }.apply(&mut value);
        assert_eq!(value.as_deref(), Some(&b"abc"[..]));
        Step { how: How::Append, bytes: b"de" }.apply(&mut value);
        assert_eq!(value.as_deref(), Some(&b"abcde"[..]));
    }

    proptest! {
        #[test]
        fn operands_read_back(
            sets_expiry: bool, adds_end: bool, depth in 1..1000_u64, at_ms: u64, length: u64,
            numbers in vec((1..7_u8, any::<[u8; 8]>()), 1..5), end in vec(any::<u8>(), 0..50),
        ) {
            let counts: Vec<Step<'_>> =
                numbers.iter().map(|(how, bytes)| Step { how: How::of_number(*how).unwrap(), bytes }).collect();
            let steps = if adds_end { vec![Step { how: How::Append, bytes: &end }] } else { counts };
            let given = if adds_end { Operand::appends(depth, at_ms, length) } else { Operand::counts(sets_expiry, depth, at_ms) };
            let bytes = given.encode(&steps);
            let read = Operand::decode(&bytes).unwrap();
            prop_assert_eq!((read.sets_expiry, read.appends), (sets_expiry || adds_end, adds_end));
            prop_assert_eq!((read.depth, read.at_ms, read.length), (depth, at_ms, if adds_end { length } else { 0 }));
            let found: Vec<(How, Vec<u8>)> = read.steps().map(|step| (step.how, step.bytes.to_vec())).collect();
            prop_assert_eq!(found, steps.iter().map(|step| (step.how, step.bytes.to_vec())).collect::<Vec<_>>());
        }

        #[test]
        fn nonsense_is_refused_or_read(bytes in vec(any::<u8>(), 0..60)) {
            if let Some(read) = Operand::decode(&bytes) {
                prop_assert!(read.steps().count() <= bytes.len());
            }
        }
    }
}
