/**
 * The process. An import of `node:process` reads everything that it exports, the three standard streams among it: on Node that loads
 * streams and sockets, and takes 4 ms. The global does not.
 *
 * @module
 */

export const process: typeof globalThis.process = globalThis.process;
