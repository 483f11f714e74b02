/**
 * A codec of MessagePack, with the library `@msgpack/msgpack` in it.
 *
 * @module
 */

export type { Codec } from "../../api/view.ts";
export { messagePackCodec } from "./codec.ts";
