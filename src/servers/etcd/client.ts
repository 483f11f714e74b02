/**
 * Calls to etcd's JSON gateway, over `fetch` alone.
 *
 * @module
 */

import { clearTimeout, clock, setTimeout, sleep } from "../../clock.ts";
import { Endpoints } from "./endpoints.ts";
import { brokenCall, EtcdFailure, failureOf } from "./failure.ts";
import type { Header } from "./messages.ts";
import type { EtcdFetch } from "./options.ts";
import { boundedText } from "./response.ts";

/** The first attempt of a call may take this long, in milliseconds. Each further one may take twice as long. */
const FIRST_ATTEMPT_MS = 2000;
/** The pause before a repetition, in milliseconds: at least this, at most so much. */
const PAUSE_MS = { least: 20, most: 300 } as const;
/** The pause is between half of it and all of it, so that many clients do not come back together. */
const HALF = 0.5;
/** The most bytes of an answer, unless the caller says less. */
const MOST_ANSWER_BYTES: number = 128 * 1024 * 1024;

/** Options of a client. */
export interface ClientOptions {
  readonly endpoints: readonly string[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** How long a call is repeated, in milliseconds. */
  readonly timeoutMs: number;
  readonly fetch: EtcdFetch;
}

/** How one call is made. */
export interface CallOptions {
  /** The most bytes of the answer. A longer one is a failure `tooLarge`. */
  readonly maxBytes?: number;
  /** Replaces the time of the client, in milliseconds. */
  readonly timeoutMs?: number;
  /** Called when an attempt may have been done although no answer came. */
  readonly onMaybe?: () => void;
}

/** A client of one cluster. It keeps no connection of its own: `fetch` does. */
export class EtcdClient {
  readonly #options: ClientOptions;
  readonly #endpoints: Endpoints;
  readonly #closing: AbortController = new AbortController();
  #token: string | undefined;
  #renewal: Promise<void> | undefined;
  #search: Promise<void> | undefined;
  #calls = 0;
  #retries = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#endpoints = new Endpoints(options.endpoints);
  }

  /** How many calls were made, and how many of these repeated one. */
  get figures(): { readonly calls: number; readonly retries: number } {
    return { calls: this.#calls, retries: this.#retries };
  }

  /** Aborts when the client is closed. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  /**
   * Calls until an answer comes, or the time is over. Only for calls that may be done twice: reads, and transactions
   * whose comparisons fail the second time. Rejects with the last {@linkcode EtcdFailure}; with `maybe`, some attempt
   * may have been done.
   */
  async call<T>(path: string, body: unknown, options: CallOptions = {}): Promise<T> {
    const text = JSON.stringify(body);
    const end = clock.monotonic() + (options.timeoutMs ?? this.#options.timeoutMs);
    let mayBeDone: EtcdFailure | undefined;
    let attemptMs = FIRST_ATTEMPT_MS;
    for (let tried = 0; ; tried++) {
      if (tried > 0) this.#retries += 1;
      const failure = await this.#attempt<T>(path, text, Math.min(attemptMs, end - clock.monotonic()), tried, options);
      if (!(failure instanceof EtcdFailure)) return failure.answer;
      const isFinal = failure.kind !== "maybe" && failure.kind !== "busy";
      if (failure.kind === "maybe") {
        mayBeDone = failure;
        options.onMaybe?.();
      }
      const pauseMs = Math.min(PAUSE_MS.most, PAUSE_MS.least * 2 ** tried) * (HALF + HALF * Math.random());
      if (isFinal) throw failure;
      if (this.closed.aborted || clock.monotonic() + pauseMs >= end) throw mayBeDone ?? failure;
      await sleep(pauseMs);
      attemptMs *= 2;
    }
  }

  /**
   * Opens a stream of lines from one node. `signal` ends it. Rejects with an {@linkcode EtcdFailure} if it cannot be
   * opened in time; the caller tries again.
   */
  async stream(path: string, body: unknown, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    await this.#ready();
    const url = this.#endpoints.pick(clock.monotonic(), 0);
    this.#calls += 1;
    try {
      // Without the header a node that has lost its leader would be silent.
      const headers = { ...this.#headers(), "Grpc-Metadata-hasleader": "true" };
      const response = await this.#options.fetch(url + path, {
        method: "POST",
        body: JSON.stringify(body),
        headers,
        signal: AbortSignal.any([signal, this.closed]),
      });
      if (response.status !== 200) throw failureOf(response.status, await boundedText(response, MOST_ANSWER_BYTES));
      if (!response.body) throw new EtcdFailure("maybe", "The answer has no body");
      this.#endpoints.worked(url);
      return response.body;
    } catch (cause) {
      const failure = cause instanceof EtcdFailure ? cause : brokenCall(cause);
      if (!signal.aborted) this.#noteFailure(failure, url);
      throw failure;
    }
  }

  /** A stream broke: another node is asked next. */
  streamBroke(): void {
    this.#endpoints.failed(this.#endpoints.pick(clock.monotonic(), 0), clock.monotonic());
  }

  /** Ends all streams and repetitions. Calls that are on their way end as they do. */
  close(): void {
    this.#closing.abort();
  }

  async #attempt<T>(
    path: string,
    text: string,
    ms: number,
    tried: number,
    { maxBytes = MOST_ANSWER_BYTES }: CallOptions,
  ): Promise<EtcdFailure | { readonly answer: T }> {
    let url: string | undefined;
    try {
      await this.#ready();
      url = this.#endpoints.pick(clock.monotonic(), tried);
      const answer = await this.#post<T>(url, path, text, Math.max(ms, 1), maxBytes);
      this.#endpoints.worked(url);
      return { answer };
    } catch (cause) {
      const failure = cause instanceof EtcdFailure ? cause : brokenCall(cause);
      if (url !== undefined) this.#noteFailure(failure, url);
      // A token that was refused is renewed with the next attempt. Nothing was done.
      if (failure.kind === "token" && this.#options.username !== undefined && tried === 0) {
        return new EtcdFailure("busy", failure.message, { cause: failure });
      }
      return failure.kind === "token" ? new EtcdFailure("denied", failure.message, { cause: failure }) : failure;
    }
  }

  #noteFailure({ kind }: EtcdFailure, url: string): void {
    if (kind === "maybe" || kind === "busy") this.#endpoints.failed(url, clock.monotonic());
    if (kind === "token") this.#token = undefined;
  }

  async #post<T>(url: string, path: string, body: string, ms: number, maxBytes: number): Promise<T> {
    this.#calls += 1;
    // `AbortSignal.timeout` would make an error for each call, also for those that have ended.
    const ending = new AbortController();
    const timer = setTimeout(() => ending.abort(new Error(`no answer within ${Math.ceil(ms)} ms`)), Math.ceil(ms));
    let status: number;
    let text: string;
    try {
      const request = { method: "POST", body, headers: this.#headers(), signal: ending.signal } as const;
      const response = await this.#options.fetch(url + path, request);
      status = response.status;
      text = await boundedText(response, maxBytes);
    } finally {
      clearTimeout(timer);
    }
    if (status !== 200) throw failureOf(status, text);
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw new EtcdFailure("maybe", `The answer is not JSON: ${text.slice(0, 100)}`, { cause });
    }
  }

  #headers(): Record<string, string> {
    return {
      "Content-Type": "application/json",
      ...(this.#token !== undefined && { Authorization: this.#token }),
    };
  }

  /** Has a token if one is needed. Looks for the leader now and then; no call waits for that. */
  async #ready(): Promise<void> {
    if (this.#options.username !== undefined && this.#token === undefined) {
      this.#renewal ??= this.#renew().finally(() => {
        this.#renewal = undefined;
      });
      await this.#renewal;
    }
    if (!this.#endpoints.needsLeader(clock.monotonic())) return;
    this.#search ??= this.#findLeader().finally(() => {
      this.#search = undefined;
    });
  }

  async #renew(): Promise<void> {
    const { username, password } = this.#options;
    const body = JSON.stringify({ name: username, password: password ?? "" });
    const url = this.#endpoints.pick(clock.monotonic(), 1);
    try {
      const { token } = await this.#post<{ token?: string }>(
        url,
        "/v3/auth/authenticate",
        body,
        FIRST_ATTEMPT_MS,
        MOST_ANSWER_BYTES,
      );
      if (token === undefined) throw new EtcdFailure("refused", "The answer has no token");
      this.#token = token;
    } catch (cause) {
      const failure = cause instanceof EtcdFailure ? cause : brokenCall(cause);
      this.#noteFailure(failure, url);
      // Whether the server made a token does not matter: the call itself was not made.
      throw failure.kind === "maybe" ? new EtcdFailure("busy", failure.message, { cause: failure }) : failure;
    }
  }

  /** Asks all nodes. The first that says that it leads is the leader. Never rejects. */
  async #findLeader(): Promise<void> {
    const ask = async (url: string): Promise<string> => {
      const status = await this.#post<{ header?: Header; leader?: string }>(
        url,
        "/v3/maintenance/status",
        "{}",
        FIRST_ATTEMPT_MS,
        MOST_ANSWER_BYTES,
      );
      if (status.leader === undefined || status.leader !== status.header?.member_id) throw new Error("not the leader");
      return url;
    };
    // Nobody knows it for the moment: calls go to any node, and the search is repeated soon.
    const leader = await Promise.any(this.#endpoints.urls.map(ask)).catch(() => undefined);
    this.#endpoints.found(leader, clock.monotonic());
  }
}
