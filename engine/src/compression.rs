//! Compression of blocks and of large values, in the block format of LZ4.
//!
//! ```text
//! packed bytes: length of the plain bytes varint, a block of LZ4
//! ```
//!
//! Nothing above [`MOST_PLAIN`] is packed. So a length that damaged or hostile bytes state is bounded before anything is
//! allocated. Checksums cover the packed bytes, and are checked before these are unpacked.

use lz4_flex::block::{CompressTable, compress_into_with_table, decompress_into, get_maximum_output_size};

use crate::varint;

/// The most bytes that are packed together. Longer ones are stored as they are.
pub const MOST_PLAIN: usize = 1 << 20;
/// Packed bytes must save at least one part in this many. Less is not worth the time to unpack them.
const LEAST_SAVED: usize = 8;

/// How blocks and large values are written from here on. Reading needs no setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// As they are.
    #[default]
    None,
    /// Compressed with LZ4, where that saves space.
    Lz4,
}

impl Compression {
    /// By its number: 0 is none, 1 is LZ4. `None` for any other number.
    #[must_use]
    pub fn of_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::None),
            1 => Some(Self::Lz4),
            _ => None,
        }
    }

    /// Its number, for [`Compression::of_number`].
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Lz4 => 1,
        }
    }
}

/// Packs bytes. It keeps its memory for the next ones.
#[derive(Default)]
pub struct Packer {
    compression: Compression,
    /// What LZ4 knows of the bytes that it has seen. It is made with the first use.
    table: Option<CompressTable>,
    packed: Vec<u8>,
    sizes: Sizes,
}

/// How much was packed, with compression. What was stored as it is counts, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes before.
    pub plain: u64,
    /// Bytes as they are stored.
    pub stored: u64,
}

impl Packer {
    /// A packer with this setting.
    #[must_use]
    pub fn new(compression: Compression) -> Self {
        Self { compression, ..Self::default() }
    }

    /// Its setting.
    #[must_use]
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// How much it packed so far.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// Whether it packs anything.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.compression != Compression::None
    }

    /// Packs bytes. `None` if they are to be stored as they are: the setting says so, they are too long, or they do not
    /// get smaller.
    pub fn pack(&mut self, plain: &[u8]) -> Option<&[u8]> {
        if self.is_on() {
            let stored = self.try_pack(plain).map_or(plain.len(), <[u8]>::len);
            self.sizes.plain += plain.len() as u64;
            self.sizes.stored += stored as u64;
            return self.packed.get(..stored).filter(|_| stored < plain.len());
        }
        None
    }

    /// As [`Packer::pack`], for bytes that are not to be stored: they do not count.
    pub fn try_pack(&mut self, plain: &[u8]) -> Option<&[u8]> {
        if !self.is_on() || plain.len() > MOST_PLAIN {
            return None;
        }
        self.packed.clear();
        varint::write(&mut self.packed, plain.len() as u64);
        let start = self.packed.len();
        let room = start + get_maximum_output_size(plain.len());
        self.packed.try_reserve(room - start).ok()?;
        self.packed.resize(room, 0);
        let table = self.table.get_or_insert_with(CompressTable::default);
        let length = compress_into_with_table(plain, self.packed.get_mut(start..)?, table).ok()?;
        self.packed.get(..start + length).filter(|packed| packed.len() <= plain.len() - plain.len() / LEAST_SAVED)
    }
}

/// Why bytes cannot be unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnpackError {
    /// They are not what [`Packer::pack`] makes.
    Malformed,
    /// There is not enough memory for this many bytes.
    OutOfMemory(usize),
}

/// How many bytes a length takes at most.
pub const LENGTH_SIZE: usize = 3;

/// How many bytes packed bytes have when they are unpacked, by their first [`LENGTH_SIZE`] bytes.
#[must_use]
pub fn plain_length(mut packed: &[u8]) -> Option<usize> {
    read_length(&mut packed)
}

fn read_length(packed: &mut &[u8]) -> Option<usize> {
    varint::read_length(packed).filter(|length| *length <= MOST_PLAIN)
}

/// Unpacks bytes into `plain`, which is cleared before.
pub fn unpack(mut packed: &[u8], plain: &mut Vec<u8>) -> Result<(), UnpackError> {
    plain.clear();
    let length = read_length(&mut packed).ok_or(UnpackError::Malformed)?;
    plain.try_reserve_exact(length).map_err(|_| UnpackError::OutOfMemory(length))?;
    plain.resize(length, 0);
    let unpacked = decompress_into(packed, plain).is_ok_and(|unpacked| unpacked == length);
    if unpacked { Ok(()) } else { Err(UnpackError::Malformed) }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{Compression, MOST_PLAIN, Packer, UnpackError, unpack};
    use crate::varint;

    /// Bytes that repeat earlier ones more or less often.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = (vec(any::<u8>(), 0..40), 1..200_usize).prop_map(|(piece, times)| piece.repeat(times));
        prop_oneof![
            vec(any::<u8>(), 0..2000),
            vec(0..3_u8, 0..2000),
            vec(piece, 0..12).prop_map(|pieces| pieces.concat())
        ]
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(all in vec(bytes(), 1..5)) {
            let mut packer = Packer::new(Compression::Lz4);
            let mut plain = vec![1; 7];
            for each in &all {
                let Some(packed) = packer.pack(each) else { continue };
                prop_assert!(packed.len() <= each.len() - each.len() / 8);
                prop_assert_eq!(unpack(packed, &mut plain), Ok(()));
                prop_assert_eq!(&plain, each);
            }
        }

        #[test]
        fn anything_else_is_malformed_or_some_bytes_of_the_stated_length(
            packed in vec(any::<u8>(), 0..300),
            length in prop_oneof![0..3000_u64, any::<u64>()],
        ) {
            let mut stated = Vec::new();
            varint::write(&mut stated, length);
            let mut plain = Vec::new();
            let done = unpack(&[&stated[..], &packed].concat(), &mut plain);
            prop_assert!(done.is_err() || plain.len() as u64 == length);
            prop_assert!(plain.capacity() <= MOST_PLAIN);
        }

        #[test]
        fn damage_is_malformed_or_bytes_of_the_same_length(plain in bytes(), at in any::<u16>(), bits in 1..=255_u8) {
            let mut packer = Packer::new(Compression::Lz4);
            let Some(packed) = packer.pack(&plain) else { return Ok(()) };
            let mut packed = packed.to_vec();
            let at = usize::from(at) % packed.len();
            packed[at] ^= bits;
            let mut found = Vec::new();
            if unpack(&packed, &mut found).is_ok() && at > 2 {
                prop_assert_eq!(found.len(), plain.len());
            }
            // Bytes that are missing at the end are always found.
            prop_assert!(unpack(&packed[..packed.len() - 1], &mut found).is_err() || at < 3 || found.len() == plain.len());
        }
    }

    #[test]
    fn a_bomb_allocates_nothing() {
        for length in [MOST_PLAIN as u64 + 1, 1 << 31, (1 << 32) + 5, u64::MAX] {
            let mut packed = Vec::new();
            varint::write(&mut packed, length);
            // Literal of one byte, and then a match of that byte that goes on and on.
            packed.extend([0x1f, 0, 1, 0]);
            packed.extend([255; 5000]);
            packed.push(0);
            let mut plain = Vec::new();
            assert_eq!(unpack(&packed, &mut plain), Err(UnpackError::Malformed));
            assert_eq!(plain.capacity(), 0);
        }
    }

    #[test]
    fn bytes_that_expand_beyond_their_length_are_malformed() {
        let mut packed = vec![100];
        packed.extend([0x1f, 0, 1, 0]);
        packed.extend([255; 5000]);
        packed.push(0);
        assert_eq!(unpack(&packed, &mut Vec::new()), Err(UnpackError::Malformed));
    }

    #[test]
    fn what_gets_no_smaller_or_is_too_long_stays_as_it_is() {
        let mut packer = Packer::new(Compression::Lz4);
        let noise: Vec<u8> =
            (0..9000_u64).map(|i| crate::number::low_byte(xxhash_rust::xxh64::xxh64(&i.to_le_bytes(), 7))).collect();
        for plain in [&[][..], &[1], &[1, 2, 3, 4], &noise, &vec![0; MOST_PLAIN + 1]] {
            assert_eq!(packer.pack(plain), None);
        }
        assert!(packer.pack(&vec![0; MOST_PLAIN]).is_some_and(|packed| packed.len() < 5000));
        assert!(packer.pack(&vec![0; 4096]).is_some_and(|packed| packed.len() < 50));
        assert_eq!(Packer::new(Compression::None).pack(&vec![0; 4096]), None);
    }

    #[test]
    fn each_setting_has_a_number() {
        assert_eq!([0, 1, 2].map(Compression::of_number), [Some(Compression::None), Some(Compression::Lz4), None]);
        assert_eq!([Compression::None, Compression::Lz4].map(Compression::number), [0, 1]);
    }
}
