//! Integers in as few bytes as possible: seven bits in each byte, lowest first. The highest bit is set in all bytes but
//! the last.

use crate::number::low_byte;

/// The most bytes a `u64` takes.
pub const MAX_SIZE: usize = 10;

/// Appends `value`.
pub fn write(buffer: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        buffer.push(low_byte(value) | 0x80);
        value >>= 7;
    }
    buffer.push(low_byte(value));
}

/// Reads an integer from the start of `bytes`, and removes it. `None` if there is none, or if it has more than 64 bits.
#[inline]
pub fn read(bytes: &mut &[u8]) -> Option<u64> {
    // Nearly all integers are this short.
    match *bytes {
        [byte, rest @ ..] if *byte < 0x80 => {
            *bytes = rest;
            Some(u64::from(*byte))
        }
        [low, high, rest @ ..] if *high < 0x80 => {
            *bytes = rest;
            Some(u64::from(*low & 0x7f) | u64::from(*high) << 7)
        }
        _ => read_long(bytes),
    }
}

fn read_long(bytes: &mut &[u8]) -> Option<u64> {
    if let Some(value) = bytes.first_chunk().and_then(|next| read_word(*next, bytes)) {
        return Some(value);
    }
    let mut value = 0;
    for i in 0..MAX_SIZE {
        let byte = *bytes.get(i)?;
        let bits = u64::from(byte & 0x7f);
        if i == MAX_SIZE - 1 && bits > 1 {
            return None;
        }
        value |= bits << (7 * i);
        if byte < 0x80 {
            *bytes = bytes.get(i + 1..)?;
            return Some(value);
        }
    }
    None
}

/// Reads an integer that ends within the next eight bytes, all at once.
fn read_word(next: [u8; 8], bytes: &mut &[u8]) -> Option<u64> {
    let word = u64::from_le_bytes(next);
    let last = (!word & 0x8080_8080_8080_8080).trailing_zeros() / 8;
    if last > 7 {
        return None;
    }
    let rest = bytes.get(last as usize + 1..)?;
    // Joins eight times seven bits, then four times fourteen, then two times twenty-eight.
    let bits = word & u64::MAX >> (56 - 8 * last) & 0x7f7f_7f7f_7f7f_7f7f;
    let bits = bits & 0x007f_007f_007f_007f | bits >> 1 & 0x3f80_3f80_3f80_3f80;
    let bits = bits & 0x0000_3fff_0000_3fff | bits >> 2 & 0x0fff_c000_0fff_c000;
    let bits = bits & 0x0000_0000_0fff_ffff | bits >> 4 & 0x00ff_ffff_f000_0000;
    *bytes = rest;
    Some(bits)
}

/// As [`read`], for a length.
pub fn read_length(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(read(bytes)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MAX_SIZE, read, write};

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in any::<u64>(), shift in 0..64_u32, tail in any::<[u8; 9]>()) {
            let value = value >> shift;
            let mut buffer = Vec::new();
            write(&mut buffer, value);
            prop_assert!(buffer.len() <= MAX_SIZE);
            prop_assert_eq!(buffer.len(), (64 - value.leading_zeros()).max(1).div_ceil(7) as usize);
            for length in 0..buffer.len() {
                prop_assert_eq!(read(&mut &buffer[..length]), None);
            }
            buffer.extend(tail);
            let mut rest = &buffer[..];
            prop_assert_eq!(read(&mut rest), Some(value));
            prop_assert_eq!(rest, &tail[..]);
        }

        #[test]
        fn nonsense_is_read_or_refused(bytes in any::<[u8; 12]>()) {
            let mut rest = &bytes[..];
            if read(&mut rest).is_some() {
                prop_assert!(rest.len() < bytes.len());
            }
        }
    }

    #[test]
    fn more_than_64_bits_are_refused() {
        assert_eq!(read(&mut &[0xff; 10][..]), None);
        assert_eq!(read(&mut &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1][..]), Some(u64::MAX));
        assert_eq!(read(&mut &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2][..]), None);
    }
}
