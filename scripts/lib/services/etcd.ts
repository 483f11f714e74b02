/**
 * etcd on this machine: one node or several, on free ports of 127.0.0.1, in a temporary directory.
 *
 * @module
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { freePort } from "../free_port.ts";
import { PeerProxy } from "./peer_proxy.ts";

/** No node takes longer to answer, in milliseconds. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 25;
const REQUEST_MS = 1000;
/** How much of a node's output is kept for messages, in characters. */
const KEPT_OUTPUT = 4000;

/** Whether the program `etcd` is installed. */
export function hasEtcd(): boolean {
  return spawnSync("etcd", ["--version"], { stdio: "ignore" }).status === 0;
}

/** Options of {@linkcode EtcdCluster.start}. */
export interface EtcdOptions {
  /** How many nodes. Default: 1. */
  readonly size?: number;
  /** More arguments of each node, such as `--max-txn-ops=1000`. */
  readonly args?: readonly string[];
  /** The nodes take TLS from clients, and only that. */
  readonly tls?: {
    readonly certificate: string;
    readonly key: string;
    /** A `fetch` that trusts the certificate. */
    readonly fetch: typeof fetch;
  };
}

/** One node. */
export class EtcdNode {
  readonly name: string;
  /** The address for clients. */
  readonly url: string;
  readonly #args: readonly string[];
  readonly #fetch: typeof fetch;
  #process: ChildProcess | undefined;
  #output = "";

  constructor(name: string, url: string, args: readonly string[], fetchFrom: typeof fetch = fetch) {
    this.name = name;
    this.url = url;
    this.#args = args;
    this.#fetch = fetchFrom;
  }

  /** The number of the process; `undefined` while it does not run. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts the process. It answers later: see {@linkcode EtcdNode.ready}. */
  start(): void {
    if (this.#process) throw new Error(`Cannot start the node ${this.name}: it runs`);
    const child = spawn("etcd", this.#args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (bytes) => {
        this.#output = (this.#output + bytes).slice(-KEPT_OUTPUT);
      });
    }
    child.on("close", () => {
      if (this.#process === child) this.#process = undefined;
    });
  }

  /** Settles once the node answers, and its cluster has a leader. */
  async ready(): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    while (!(await this.isHealthy())) {
      if (!this.#process) throw new Error(`The node ${this.name} ended: ${this.#output}`);
      if (Date.now() > end) throw new Error(`The node ${this.name} does not answer: ${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Whether the node says that it and its cluster work. */
  async isHealthy(): Promise<boolean> {
    try {
      const get = this.#fetch;
      const answer = await get(`${this.url}/health`, { signal: AbortSignal.timeout(REQUEST_MS) });
      return ((await answer.json()) as { health?: unknown }).health === "true";
    } catch {
      // Not yet, or not any more.
      return false;
    }
  }

  /** Its own number, and whether it leads the cluster; `undefined` if it does not answer. */
  async status(): Promise<{ readonly id: string; readonly isLeader: boolean } | undefined> {
    try {
      const post = this.#fetch;
      const answer = await post(`${this.url}/v3/maintenance/status`, {
        method: "POST",
        body: "{}",
        signal: AbortSignal.timeout(REQUEST_MS),
      });
      const { header, leader } = (await answer.json()) as { header: { member_id: string }; leader?: string };
      return { id: BigInt(header.member_id).toString(16), isLeader: leader === header.member_id };
    } catch {
      return undefined;
    }
  }

  /** Ends the process as a service manager does. */
  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  /** Ends the process as `kill -9` does. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Stops the process where it is, until {@linkcode EtcdNode.resume}. */
  pause(): void {
    this.#signal("SIGSTOP");
  }

  resume(): void {
    this.#signal("SIGCONT");
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#process;
    if (!child) return;
    const closed = once(child, "close");
    this.#signal(signal);
    // A process that is paused does not see SIGTERM.
    if (signal === "SIGTERM") this.#signal("SIGCONT");
    await closed;
  }

  /** Not by the child: Deno sends no second signal to one. */
  #signal(signal: NodeJS.Signals): void {
    const { pid } = this;
    if (pid !== undefined) process.kill(pid, signal);
  }
}

/**
 * Some nodes that know each other through proxies, so that single ways between them can be cut.
 *
 * ```ts no-run
 * await using cluster = await EtcdCluster.start({ size: 3 });
 * await (await cluster.leader()).kill();
 * ```
 */
export class EtcdCluster {
  readonly nodes: readonly EtcdNode[];
  readonly #directory: string;
  readonly #proxies: readonly PeerProxy[];
  /** The nodes that are cut from each other: two numbers each. */
  readonly #cuts: Set<string>;

  private constructor(nodes: readonly EtcdNode[], proxies: readonly PeerProxy[], cuts: Set<string>, directory: string) {
    this.nodes = nodes;
    this.#proxies = proxies;
    this.#cuts = cuts;
    this.#directory = directory;
  }

  /** Starts the nodes, and settles once all of them answer. */
  static async start({ size = 1, args = [], tls }: EtcdOptions = {}): Promise<EtcdCluster> {
    const directory = mkdtempSync(join(tmpdir(), "luge-etcd-"));
    const cuts = new Set<string>();
    const ids: (string | undefined)[] = Array.from({ length: size });
    const ports: { client: number; peer: number; proxy: number }[] = [];
    const proxies: PeerProxy[] = [];
    for (let to = 0; to < size; to++) {
      const [client, peer] = [await freePort(), await freePort()];
      const proxy = new PeerProxy(peer, (sender) => !cuts.has(pairOf(ids.indexOf(sender), to)));
      proxies.push(proxy);
      ports.push({ client, peer, proxy: await proxy.listen(0) });
    }
    const files = tls ? [join(directory, "certificate.pem"), join(directory, "key.pem")] : [];
    for (const [i, file] of files.entries()) writeFileSync(file, (i === 0 ? tls?.certificate : tls?.key) ?? "");
    const secure = files.map((file, i) => `--${i === 0 ? "cert" : "key"}-file=${file}`);
    const names = ports.map((_, i) => `n${i + 1}`);
    const peers = ports.map(({ proxy }, i) => `${names[i]}=http://127.0.0.1:${proxy}`).join(",");
    const nodes = ports.map(({ client, peer, proxy }, i) => {
      const url = `${tls ? "https" : "http"}://127.0.0.1:${client}`;
      const name = names[i] as string;
      const own = [
        `--name=${name}`,
        `--data-dir=${join(directory, name)}`,
        `--listen-client-urls=${url}`,
        `--advertise-client-urls=${url}`,
        `--listen-peer-urls=http://127.0.0.1:${peer}`,
        `--initial-advertise-peer-urls=http://127.0.0.1:${proxy}`,
        `--initial-cluster=${peers}`,
        "--initial-cluster-state=new",
        ...secure,
        ...args,
      ];
      return new EtcdNode(name, url, own, tls?.fetch);
    });
    const cluster = new EtcdCluster(nodes, proxies, cuts, directory);
    try {
      for (const node of nodes) node.start();
      await Promise.all(nodes.map((node) => node.ready()));
      for (const [i, node] of nodes.entries()) ids[i] = (await node.status())?.id;
    } catch (error) {
      await cluster.end();
      throw error;
    }
    return cluster;
  }

  /** The addresses of all nodes, also of those that do not run. */
  get endpoints(): string[] {
    return this.nodes.map(({ url }) => url);
  }

  /** The node that leads. Waits until one does. */
  async leader(): Promise<EtcdNode> {
    const end = Date.now() + PATIENCE_MS;
    while (Date.now() < end) {
      for (const node of this.nodes) {
        if (node.pid !== undefined && (await node.status())?.isLeader) return node;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    throw new Error("The cluster has no leader");
  }

  /** Cuts a node from all others, in both directions. Clients still reach it. */
  isolate(node: EtcdNode): void {
    const at = this.nodes.indexOf(node);
    for (const other of this.nodes.keys()) {
      if (other !== at) this.#cuts.add(pairOf(at, other));
    }
    for (const proxy of this.#proxies) proxy.cut();
  }

  /** Cuts two nodes from each other. Both still reach the others. */
  cut(one: EtcdNode, other: EtcdNode): void {
    this.#cuts.add(pairOf(this.nodes.indexOf(one), this.nodes.indexOf(other)));
    for (const proxy of this.#proxies) proxy.cut();
  }

  /** Ends all cuts. */
  heal(): void {
    this.#cuts.clear();
    for (const proxy of this.#proxies) proxy.reset();
  }

  /** Ends all nodes, and removes their files. */
  async end(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await Promise.all(this.#proxies.map((proxy) => proxy.end()));
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

/** The name of a cut, the same in both directions. */
function pairOf(one: number, other: number): string {
  return `${Math.min(one, other)}-${Math.max(one, other)}`;
}
