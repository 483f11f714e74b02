//! Conversions between numbers that may lose bits. Only this file has them. Each says what it loses, or why it loses
//! nothing.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "this file is where such casts are, so that nothing else needs one"
)]

/// A length, a count or a number of something in memory. It fits 32 bits: in WebAssembly always; natively the code that
/// lets it grow checks the limit.
pub(crate) fn u32_of(length: usize) -> u32 {
    debug_assert!(u32::try_from(length).is_ok(), "{length} does not fit 32 bits");
    length as u32
}

/// An offset into something in memory, so it fits.
pub(crate) fn usize_of(place: u64) -> usize {
    debug_assert!(usize::try_from(place).is_ok(), "{place} is no place in memory");
    place as usize
}

/// The address of bytes. It fits 32 bits in WebAssembly. Natively only its lower half is left, and nothing uses it.
pub(crate) fn address_of(bytes: &[u8]) -> u32 {
    bytes.as_ptr().addr() as u32
}

/// The lowest 8 bits.
pub(crate) fn low_byte(value: u64) -> u8 {
    value as u8
}

/// The lower half of a hash, which is as good as any other half.
pub(crate) fn low_half(hash: u64) -> u32 {
    hash as u32
}

/// As many of the lowest bits of a hash as an index has. They are as good as any others.
pub(crate) fn low_index(hash: u64) -> usize {
    hash as usize
}

/// A version or a time from the host, which has only `f64`. Loses the fraction. A number below 0, or NaN, becomes 0; a
/// number above all `u64` becomes the largest one.
pub(crate) fn from_host(number: f64) -> u64 {
    number as u64
}

/// A version or a time for the host. Above 2^53 the number may change.
pub(crate) fn to_host(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::{from_host, low_byte, low_half, low_index, to_host, u32_of, usize_of};

    #[test]
    fn numbers_of_the_host_come_to_the_nearest_one_that_there_is() {
        let numbers = [f64::NEG_INFINITY, -1.5, -0.0, f64::NAN, 0.9, 1.9, f64::INFINITY];
        assert_eq!(numbers.map(from_host), [0, 0, 0, 0, 0, 1, u64::MAX]);
        assert_eq!(from_host(to_host((1 << 53) - 1)), (1 << 53) - 1);
    }

    #[test]
    fn what_fits_is_kept_and_the_low_bits_are_the_low_ones() {
        assert_eq!((u32_of(7), usize_of(7)), (7, 7));
        let hash = 0x0123_4567_89ab_cdef;
        assert_eq!((low_byte(hash), low_half(hash)), (0xef, 0x89ab_cdef));
        assert_eq!(u32::try_from(low_index(hash) & 0xffff_ffff), Ok(low_half(hash)));
    }
}
