import * as fs from "node:fs";
import * as os from "node:os";
import { process } from "../process.ts";
import { errorCode } from "./node_errors.ts";

/** Identifies a process for other processes, as far as this runtime can find out without a question to the user. */
export interface ProcessIdentity {
  readonly pid: number;
  /** `"deno"`, `"bun"` or `"node"`. */
  readonly runtime: string;
  /** Identifies one run of a machine: on Linux the boot's id, elsewhere platform and host name. */
  readonly machine?: string;
  /** The scope in which process ids and start times are unique. A container has its own. */
  readonly namespace?: string;
  /** When the process started, in the kernel's units. Tells it from a later process with the same id. */
  readonly started?: string;
}

/** `"unknown"`: the runtime may not ask, or the id is in use but may have been reused. */
export type ProcessState = "running" | "gone" | "unknown";

/** The identity of this process. Never prompts on Deno: facts that need a missing permission are left out. */
export function ownIdentity(): ProcessIdentity {
  const known = process.platform === "linux" ? linuxIdentity() : otherIdentity();
  return { pid: process.pid, runtime: runtimeName(), ...known };
}

/** Whether both are known to see the same process ids. */
export function sharesProcessIds(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return onSameMachine(a, b) && a.namespace !== undefined && a.namespace === b.namespace;
}

/** Whether both are known to run on the same run of one machine, even in two containers. */
export function onSameMachine(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.machine !== undefined && a.machine === b.machine;
}

/** Whether both are known to run on different machines, or on different runs of one. */
export function onOtherMachine(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.machine !== undefined && b.machine !== undefined && a.machine !== b.machine;
}

/** Whether both are known to be one process. */
export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return sharesProcessIds(a, b) && a.pid === b.pid && a.started === b.started;
}

/** The state of a process whose id has the same meaning here: see {@linkcode sharesProcessIds}. */
export function processState(identity: ProcessIdentity): ProcessState {
  const exists = processExists(identity.pid);
  if (exists === undefined) return "unknown";
  if (!exists) return "gone";
  const now = linuxProcess(String(identity.pid));
  if (!now) return "unknown";
  // A dead process that its parent did not wait for keeps its id, in a container perhaps for ever.
  if (now.state === "Z" || now.state === "X") return "gone";
  if (identity.started === undefined) return "unknown";
  return now.started === identity.started ? "running" : "gone";
}

function processExists(pid: number): boolean | undefined {
  if (!mayAsk({ name: "run" })) return undefined;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ESRCH") return false;
    // Any other error means that the system refuses to tell.
    return code === "EPERM" ? true : undefined;
  }
}

type KnownIdentity = Pick<ProcessIdentity, "machine" | "namespace" | "started">;

function linuxIdentity(): KnownIdentity {
  const boot = readProc("sys/kernel/random/boot_id")?.trim();
  const own = linuxProcess("self");
  if (!boot) return {};
  // With the /proc of another namespace, the answers would be about other processes.
  if (own?.pid !== String(process.pid)) return { machine: boot };
  return {
    machine: boot,
    namespace: `${readProcLink("self/ns/pid")} ${readProcLink("self/ns/time")}`,
    started: own.started,
  };
}

function otherIdentity(): KnownIdentity {
  return mayAsk({ name: "sys", kind: "hostname" })
    ? { machine: `${process.platform} ${os.hostname()}`, namespace: "" }
    : {};
}

/** What /proc says of a process. `undefined` if it says nothing. */
export function linuxProcess(pid: string): { pid: string; state: string; started: string } | undefined {
  const stat = readProc(`${pid}/stat`);
  if (!stat) return undefined;
  // The second field is the program's name in parentheses. The name may have spaces and parentheses, too.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, started] = [fields[0], fields[19]];
  return state && started ? { pid: stat.slice(0, stat.indexOf(" ")), state, started } : undefined;
}

/** The text of a file of /proc. */
export function readProc(name: string): string | undefined {
  return fromProc(name, (path) => fs.readFileSync(path, "utf8"));
}

function readProcLink(name: string): string {
  return fromProc(name, (path) => fs.readlinkSync(path)) ?? "";
}

/** Reads a name of /proc. An unreadable file (no such process, no /proc, no permission) is an answer, not a failure. */
export function fromProc<T>(name: string, read: (path: string) => T): T | undefined {
  const path = `/proc/${name}`;
  if (process.platform !== "linux" || !mayAsk({ name: "read", path })) return undefined;
  try {
    return read(path);
  } catch {
    return undefined;
  }
}

/** A permission of Deno. */
export interface DenoPermission {
  readonly name: string;
  readonly path?: string;
  readonly kind?: string;
  readonly host?: string;
}

interface DenoApi {
  readonly permissions: { querySync(permission: DenoPermission): { readonly state: string } };
}

/** Whether a call that needs this permission is answered without a question to the user. Only Deno asks. */
export function mayAsk(permission: DenoPermission): boolean {
  const deno = (globalThis as { Deno?: DenoApi }).Deno;
  if (!deno?.permissions?.querySync) return true;
  return deno.permissions.querySync(permission).state === "granted";
}

function runtimeName(): string {
  if (process.versions.deno) return "deno";
  return process.versions.bun ? "bun" : "node";
}
