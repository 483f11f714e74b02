/**
 * A codec of MessagePack. It contains the library `@msgpack/msgpack`.
 *
 * @module
 */

export type { Codec } from "../../api/view.ts";
export { messagePackCodec } from "./codec.ts";
