// @ts-self-types="./mod.d.ts"
export { ByteSliceStream } from "deno-std/streams/byte_slice_stream.js";
export { LimitedBytesTransformStream } from "deno-std/streams/limited_bytes_transform_stream.js";
export { TextLineStream } from "deno-std/streams/text_line_stream.js";
export { toBytes } from "deno-std/streams/to_bytes.js";
export { toText } from "deno-std/streams/to_text.js";
