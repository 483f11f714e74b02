/**
 * The process. luge uses the global, because an import of `node:process` reads everything that the module exports. On
 * Node that includes the three standard streams: it loads streams and sockets, and takes 4 ms.
 *
 * @module
 */

export const process: typeof globalThis.process = globalThis.process;
