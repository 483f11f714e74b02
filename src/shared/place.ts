/**
 * Where a shared store is: in a directory of this machine, or on another machine.
 *
 * @module
 */

import type { Logger } from "../api/logger.ts";
import type { Client } from "./client.ts";
import type { Receiver } from "./link.ts";
import type { Joined } from "./open_call.ts";

/** See the module. */
export interface Place {
  /** The directory, or the address without its token. */
  readonly path: string;
  /** Logs what this process does with the directory; `undefined` if that is on another machine. */
  readonly logger: Logger | undefined;
  /** Finds an owner, or becomes it. Rejects if there is no way to the store. */
  join(receiver: Receiver, client: Client): Promise<Joined>;
  /** Ends attempts to join, and refuses further ones. */
  leave(): void;
  /** Ends what this process owns of the store. */
  end(): Promise<void>;
}
