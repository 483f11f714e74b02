/**
 * The checksum of the marker and of frames: CRC-32 as in IEEE 802.3, with the polynomial EDB88320 of reflected bits.
 *
 * @module
 */

const POLYNOMIAL = 0xedb88320;

/** The checksum of each byte. Made at the first use, not when the module is loaded. */
let table: Uint32Array | undefined;

/** The checksum of some bytes: an unsigned integer of 32 bits. */
export function crc32(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, byte) => ofByte(byte));
  let crc = 0xffffffff;
  for (let at = 0; at < bytes.length; at++) {
    crc = (crc >>> 8) ^ (table[(crc ^ (bytes[at] as number)) & 0xff] as number);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function ofByte(byte: number): number {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  return crc;
}
