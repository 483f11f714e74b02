/**
 * The keys of one store in etcd, as one client knows them.
 *
 * @module
 */

import { ofBase64, toBase64 } from "../../base64.ts";
import { hexOf } from "../../bytes.ts";
import type { CallOptions, EtcdClient } from "./client.ts";
import { Generation } from "./generation.ts";
import type { Layout } from "./layout.ts";
import {
  type KeyValue,
  type RangeRequest,
  type RangeResponse,
  revisionOf,
  type TxnRequest,
  type TxnResponse,
} from "./messages.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** What was read together, at the newest version. */
export interface AtNewest {
  /** That of the newest commit; 0 without any. */
  readonly version: number;
  /** The revision at which etcd read: at least that of the newest commit. */
  readonly revision: number;
  readonly ranges: readonly RangeResponse[];
}

/** The keys, and the generation that counts. */
export class Space {
  readonly client: EtcdClient;
  readonly layout: Layout;
  #generation: Generation;
  #entries: Uint8Array;
  #clockValue: string;

  private constructor(client: EtcdClient, layout: Layout, generation: Generation) {
    this.client = client;
    this.layout = layout;
    this.#generation = generation;
    this.#entries = layout.entries(generation.name);
    this.#clockValue = textToBase64(generation.tag);
  }

  /** Reads which generation counts. */
  static async open(client: EtcdClient, layout: Layout): Promise<Space> {
    return new Space(client, layout, await readGeneration(client, layout));
  }

  get generation(): Generation {
    return this.#generation;
  }

  /** The bytes before each key of an entry. */
  get entries(): Uint8Array {
    return this.#entries;
  }

  /** What a commit writes into the clock. */
  get clockValue(): string {
    return this.#clockValue;
  }

  /** Reads again which generation counts: another client has restored a backup. */
  async reload(): Promise<void> {
    const generation = await readGeneration(this.client, this.layout);
    this.#generation = generation;
    this.#entries = this.layout.entries(generation.name);
    this.#clockValue = textToBase64(generation.tag);
  }

  /** Reads a range. */
  range(request: RangeRequest, options?: CallOptions): Promise<RangeResponse> {
    return this.client.call<RangeResponse>("/v3/kv/range", request, options);
  }

  /** Runs a transaction. It must be one that may be done twice. */
  txn(request: TxnRequest, options?: CallOptions): Promise<TxnResponse> {
    return this.client.call<TxnResponse>("/v3/kv/txn", request, options);
  }

  /** The revision of the newest commit that is not above a revision; 0 without any. */
  async commitAt(revision: number): Promise<number> {
    const { kvs } = await this.range({ key: this.layout.clock, revision: String(revision) });
    return revisionOf(kvs?.[0]?.mod_revision);
  }

  /**
   * Reads ranges together with the clock, in one round trip. `requests` is called again if the generation has changed.
   */
  async atNewest(requests: () => readonly RangeRequest[], options?: CallOptions): Promise<AtNewest> {
    for (;;) {
      const tag = this.#clockValue;
      const ops = [{ key: this.layout.clock }, ...requests()].map((request) => ({ request_range: request }));
      const { header, responses = [] } = await this.txn({ success: ops }, options);
      const [clock, ...ranges] = responses.map(({ response_range = {} }) => response_range);
      const [kv] = clock?.kvs ?? [];
      const revision = revisionOf(header?.revision);
      if (!kv) return { version: 0, revision, ranges };
      if (kv.value === tag)
        return { version: this.generation.versionOf(revisionOf(kv.mod_revision)), revision, ranges };
      if (tag === this.#clockValue) await this.reload();
    }
  }
}

async function readGeneration(client: EtcdClient, layout: Layout): Promise<Generation> {
  const { kvs } = await client.call<RangeResponse>("/v3/kv/range", { key: layout.meta });
  return generationOf(kvs?.[0]);
}

/** The generation that the key `m` tells. */
export function generationOf(meta: KeyValue | undefined): Generation {
  return new Generation(revisionOf(meta?.mod_revision), meta && decoder.decode(ofBase64(meta.value)));
}

/** The base64 of a text. */
export function textToBase64(text: string): string {
  return toBase64(encoder.encode(text));
}

/** So many random bytes, as hexadecimal digits. */
export function randomHex(bytes: number): string {
  return hexOf(crypto.getRandomValues(new Uint8Array(bytes)));
}
