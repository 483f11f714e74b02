/**
 * A PostgreSQL server of a test or a script: a cluster of its own in a temporary directory, on a free port of this machine.
 *
 * @module
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chownSync, existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { freePort } from "./free_port.ts";

/** How long the server may take to start, in milliseconds. */
const PATIENCE_MS = 60_000;
/** Users that may run PostgreSQL where this process is root, which PostgreSQL refuses. */
const USERS = ["postgres", "nobody"];

/** The folder with `initdb` and `postgres`: the newest of Debian's, or one on the PATH; `undefined` if there is none. */
export function postgresFolder(): string | undefined {
  const version = (path: string) => Number(/(\d+)\/bin$/.exec(path)?.[1] ?? 0);
  const debian = globSync("/usr/lib/postgresql/*/bin").sort((a, b) => version(b) - version(a));
  const folders = [...debian, ...(process.env.PATH ?? "").split(delimiter)];
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")));
}

/** A certificate and its private key, in PEM. */
export interface ServerCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** A server that this process has started. */
export class PostgresServer {
  readonly port: number;
  readonly #folder: string;
  readonly #directory: string;
  readonly #user: User | undefined;
  #child: ChildProcess | undefined;
  #output = "";

  private constructor(folder: string, directory: string, port: number) {
    this.#folder = folder;
    this.#directory = directory;
    this.port = port;
    this.#user = userOf();
  }

  /** Makes a cluster and starts it. With a certificate it takes TLS, and only that. */
  static async start(tls?: ServerCertificate): Promise<PostgresServer> {
    const folder = postgresFolder();
    if (folder === undefined) throw new Error("PostgreSQL is not installed: apt-get install postgresql-15");
    const directory = mkdtempSync(join(tmpdir(), "luge-postgres-"));
    const server = new PostgresServer(folder, directory, await freePort());
    try {
      server.#initialize();
      if (tls) server.#secure(tls);
      await server.restart();
      return server;
    } catch (error) {
      await server.end();
      throw error;
    }
  }

  /** A copy of a running server, which does not run yet: see {@linkcode PostgresServer.copy}. */
  static async standbyOf(primary: PostgresServer): Promise<PostgresServer> {
    const directory = mkdtempSync(join(tmpdir(), "luge-postgres-"));
    const server = new PostgresServer(primary.#folder, directory, await freePort());
    try {
      await server.copy(primary);
      return server;
    } catch (error) {
      await server.end();
      throw error;
    }
  }

  /** Where clients connect. */
  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  /**
   * Starts the server again after it ended. Settles once it answers. After a kill the other processes of the server may
   * take some time to notice that, and PostgreSQL does not start before.
   */
  async restart(): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    for (let child = this.#spawn(); !this.#isReady(); ) {
      if (Date.now() > end) throw new Error(`PostgreSQL does not start: ${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (child.exitCode !== null) child = this.#spawn();
    }
  }

  /**
   * Replaces all data of this server, which has ended, by a copy of another one. After
   * {@linkcode PostgresServer.restart} it follows that one: a standby.
   */
  async copy(primary: PostgresServer): Promise<void> {
    this.#giveDirectory();
    rmSync(this.#data, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    const place = ["-h", "127.0.0.1", "-p", `${primary.port}`, "-U", "postgres", "-D", this.#data];
    await this.#run("pg_basebackup", [...place, "-R", "-X", "stream", "--checkpoint=fast", "--no-sync"]);
  }

  /** Makes a standby take writes. Settles once it does. */
  async promote(): Promise<void> {
    await this.#run("pg_ctl", ["promote", "-w", "-D", this.#data]);
  }

  /** Kills the server, as a crash does. Settles once it has ended. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends the server at once, without a checkpoint. Its clients lose their connections. */
  async stopAtOnce(): Promise<void> {
    await this.#end("SIGQUIT");
  }

  /** Ends the server. Its clients lose their connections; what they have committed is kept. */
  async stop(): Promise<void> {
    await this.#end("SIGINT");
  }

  /** Stops the server without ending it: it does not answer until {@linkcode PostgresServer.resume}. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Ends the server, and removes its directory. */
  async end(): Promise<void> {
    await this.#end("SIGQUIT");
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  get #data(): string {
    return join(this.#directory, "data");
  }

  #spawn(): ChildProcess {
    const settings = {
      port: this.port,
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      max_connections: 200,
      shared_buffers: "64MB",
      log_min_messages: "fatal",
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const [command = "", ...args] = this.#command("postgres", ["-D", this.#data, ...options]);
    const child = spawn(command, args, { cwd: this.#directory, stdio: ["ignore", "ignore", "pipe"] });
    child.stderr?.on("data", (chunk: Uint8Array) => {
      this.#output = (this.#output + new TextDecoder().decode(chunk)).slice(-4096);
    });
    this.#child = child;
    return child;
  }

  #initialize(): void {
    this.#giveDirectory();
    const options = ["-D", this.#data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
    const [command = "", ...args] = this.#command("initdb", options);
    const { status, stderr, error } = spawnSync(command, args, { cwd: this.#directory, encoding: "utf8" });
    if (status !== 0) throw new Error(`initdb failed: ${error?.message ?? stderr}`);
  }

  /** Only connections with TLS are let in. */
  #secure({ certificate, key }: ServerCertificate): void {
    for (const [name, text] of Object.entries({ "server.crt": certificate, "server.key": key })) {
      const path = join(this.#data, name);
      writeFileSync(path, text, { mode: 0o600 });
      if (this.#user) chownSync(path, this.#user.uid, this.#user.gid);
    }
    writeFileSync(join(this.#data, "pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\n");
    appendFileSync(join(this.#data, "postgresql.conf"), "ssl = on\n");
  }

  #giveDirectory(): void {
    if (this.#user) chownSync(this.#directory, this.#user.uid, this.#user.gid);
  }

  /** Runs a program of PostgreSQL to its end, without blocking this process. */
  async #run(name: string, args: readonly string[]): Promise<void> {
    const [command = "", ...rest] = this.#command(name, args);
    const child = spawn(command, rest, { cwd: this.#directory, stdio: ["ignore", "ignore", "pipe"] });
    let output = "";
    child.stderr?.on("data", (chunk: Uint8Array) => {
      output = (output + new TextDecoder().decode(chunk)).slice(-4096);
    });
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`${name} failed: ${output}`);
  }

  #isReady(): boolean {
    const args = ["-q", "-h", "127.0.0.1", "-p", `${this.port}`, "-U", "postgres"];
    return spawnSync(join(this.#folder, "pg_isready"), args).status === 0;
  }

  /** A command as a user that PostgreSQL accepts. Bun cannot start a process as another user itself. */
  #command(name: string, args: readonly string[]): string[] {
    const command = [join(this.#folder, name), ...args];
    const user = this.#user;
    return user ? ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", ...command] : command;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** The user to run as; `undefined` for the one of this process. */
function userOf(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of USERS) {
    const [uid, gid] = ["-u", "-g"].map((which) => spawnSync("id", [which, name], { encoding: "utf8" }));
    if (uid?.status === 0 && gid?.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error(`PostgreSQL does not run as root, and there is none of the users ${USERS.join(", ")}`);
}
