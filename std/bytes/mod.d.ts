/** The bytes of all, one after the other. */
export declare function concat(buffers: readonly Uint8Array[]): Uint8Array;

/** Whether both have the same bytes. */
export declare function equals(a: Uint8Array, b: Uint8Array): boolean;

/** Whether `source` begins with the bytes of `prefix`. */
export declare function startsWith(source: Uint8Array, prefix: Uint8Array): boolean;
