//! The checkpoint: which part of the log the table contains.

use crate::failure::{Failure, FailureKind};
use crate::log::SegmentNumber;
use crate::version::Version;

const FORMAT_VERSION: u8 = 1;
const SIZE: usize = 25;

/// The table has every commit up to `version`. Recovery reads the log from segment `first_segment` on.
///
/// Format in the notes: format u8 = 1, then the three fields, u64 each, little endian.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// The first segment that is still needed.
    pub first_segment: SegmentNumber,
    /// The table has all commits up to this version.
    pub version: Version,
    /// All versions up to this one may have been used, by commits in the log or by commits that a crash lost.
    pub reserved: Version,
}

impl Checkpoint {
    pub(super) fn encode(self) -> Vec<u8> {
        let mut bytes = vec![FORMAT_VERSION];
        for field in [self.first_segment.get(), self.version.get(), self.reserved.get()] {
            bytes.extend_from_slice(&field.to_le_bytes());
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Failure> {
        let fields: Option<[u64; 3]> = match bytes.split_first() {
            Some((&FORMAT_VERSION, fields)) if bytes.len() == SIZE => {
                let mut numbers =
                    fields.chunks_exact(8).filter_map(|field| Some(u64::from_le_bytes(field.try_into().ok()?)));
                Some(std::array::from_fn(|_| numbers.next().unwrap_or_default()))
            }
            _ => None,
        };
        let [first_segment, version, reserved] =
            fields.ok_or_else(|| Failure::new(FailureKind::Corrupt, "the checkpoint of the table is damaged"))?;
        Ok(Self {
            first_segment: SegmentNumber::of(first_segment),
            version: Version::of(version),
            reserved: Version::of(reserved),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Checkpoint;
    use crate::version::Version;

    #[test]
    fn a_checkpoint_reads_back_and_nonsense_is_refused() {
        let checkpoint = Checkpoint {
            first_segment: crate::log::SegmentNumber::of(7),
            version: Version::NEWEST,
            reserved: Version::of(9),
        };
        let bytes = checkpoint.encode();
        assert_eq!(Checkpoint::decode(&bytes).unwrap(), checkpoint);
        for length in 0..bytes.len() {
            assert!(Checkpoint::decode(&bytes[..length]).is_err());
        }
        assert!(Checkpoint::decode(&[2; 25]).is_err());
    }
}
