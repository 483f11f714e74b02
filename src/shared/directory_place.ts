/**
 * The way to a store in a directory of this machine.
 *
 * @module
 */

import type { Logger } from "../api/logger.ts";
import { randomName } from "../fs/random.ts";
import { join, loggerOf, type Member, type Membership } from "./join.ts";
import type { Receiver } from "./link.ts";
import type { Owner } from "./owner.ts";
import type { Place } from "./place.ts";

/** What counts once the store was open: calls wait, however long the directory is in other hands. */
const LATER = {
  errorIfExists: false,
  createIfMissing: false,
  signal: undefined,
  waitForLock: Number.POSITIVE_INFINITY,
} as const;

/** See the module. */
export class DirectoryPlace implements Place {
  readonly path: string;
  readonly logger: Logger;
  readonly #member: Member;
  #owner: Owner | undefined;
  #wasIn = false;
  #hasLeft = false;

  constructor(member: Omit<Member, "client">) {
    this.path = member.path;
    this.logger = loggerOf(member.config);
    this.#member = { ...member, client: randomName() };
  }

  async join(receiver: Receiver): Promise<Membership> {
    const { config } = this.#member;
    const member = { ...this.#member, config: { ...config, ...(this.#wasIn ? LATER : {}) } };
    const membership = await join(member, receiver, () => this.#hasLeft);
    this.#wasIn = true;
    this.#owner = membership.owner;
    if (this.#hasLeft) await this.end();
    return membership;
  }

  leave(): void {
    this.#hasLeft = true;
  }

  async end(): Promise<void> {
    await this.#owner?.close();
    await this.#owner?.store.close();
  }
}
