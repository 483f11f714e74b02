/** The bytes from `start` to `end`, both counted in. */
export declare class ByteSliceStream extends TransformStream<Uint8Array, Uint8Array> {
  constructor(start?: number, end?: number);
}

/** Passes at most `size` bytes on; with `error` more of them are a `RangeError`, else they end the stream. */
export declare class LimitedBytesTransformStream extends TransformStream<Uint8Array, Uint8Array> {
  constructor(size: number, options?: { error?: boolean });
}

/** Text in, lines out. */
export declare class TextLineStream extends TransformStream<string, string> {}

/** All bytes of a stream. */
export declare function toBytes(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>>;

/** All text of a stream. */
export declare function toText(stream: ReadableStream): Promise<string>;
