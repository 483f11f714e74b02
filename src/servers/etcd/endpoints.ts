/**
 * The nodes of a cluster, as one client sees them: which one it asks, and which it leaves alone for a while.
 *
 * @module
 */

/** How long a node that failed is asked last, in milliseconds. */
const PENALTY_MS = 1000;
/** How long the leader that was found counts, in milliseconds. */
const LEADER_MS = 5000;

interface Endpoint {
  readonly url: string;
  /** Until then it is asked last. */
  avoidedUntilMs: number;
}

/** The addresses, in the order in which to ask them. The leader comes first: others pass a call on, which costs time. */
export class Endpoints {
  readonly #all: readonly Endpoint[];
  #leader: Endpoint | undefined;
  #leaderUntilMs = 0;
  #turn = 0;

  constructor(urls: readonly string[]) {
    this.#all = urls.map((url) => ({ url, avoidedUntilMs: 0 }));
  }

  /** All addresses. */
  get urls(): string[] {
    return this.#all.map(({ url }) => url);
  }

  /** Whether it is time to look for the leader. With one node there is nothing to look for. */
  needsLeader(nowMs: number): boolean {
    return this.#all.length > 1 && nowMs >= this.#leaderUntilMs;
  }

  /** The address to ask now. `tried` counts the attempts of this call: each further one asks another node. */
  pick(nowMs: number, tried: number): string {
    const good = this.#all.filter(({ avoidedUntilMs }) => avoidedUntilMs <= nowMs);
    const usable = good.length > 0 ? good : this.#all;
    if (tried === 0 && this.#leader && usable.includes(this.#leader)) return this.#leader.url;
    this.#turn += 1;
    return (usable[this.#turn % usable.length] as Endpoint).url;
  }

  /** The node did not answer, or cannot. */
  failed(url: string, nowMs: number): void {
    const endpoint = this.#all.find((each) => each.url === url);
    if (!endpoint) return;
    endpoint.avoidedUntilMs = nowMs + PENALTY_MS;
    if (this.#leader === endpoint) this.#leader = undefined;
    this.#leaderUntilMs = 0;
  }

  /** The node answered. */
  worked(url: string): void {
    const endpoint = this.#all.find((each) => each.url === url);
    if (endpoint) endpoint.avoidedUntilMs = 0;
  }

  /** The leader was looked for; `undefined` if nobody knew it. */
  found(url: string | undefined, nowMs: number): void {
    this.#leader = this.#all.find((each) => each.url === url);
    this.#leaderUntilMs = nowMs + (this.#leader ? LEADER_MS : PENALTY_MS);
    if (this.#leader) this.#leader.avoidedUntilMs = 0;
  }
}
