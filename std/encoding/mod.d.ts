/** The bytes of base64, padded or not. Throws a `TypeError` or `RangeError` for what is none. */
export declare function decodeBase64(b64: string): Uint8Array<ArrayBuffer>;

/** Bytes, or the UTF-8 bytes of a string, as base64. Not for a `Buffer` of Node, whose memory it takes away. */
export declare function encodeBase64(data: ArrayBuffer | Uint8Array | string): string;

/** The bytes of hex. Throws a `TypeError` or `RangeError` for what is none. */
export declare function decodeHex(src: string): Uint8Array<ArrayBuffer>;

/** Bytes, or the UTF-8 bytes of a string, as hex. Not for a `Buffer` of Node, whose memory it takes away. */
export declare function encodeHex(src: string | Uint8Array | ArrayBuffer): string;
