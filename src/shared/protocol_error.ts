/**
 * The error of a connection whose bytes make no sense.
 *
 * @module
 */

/** The other side sent something that the protocol does not allow. It ends the connection, and harms nothing. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}
