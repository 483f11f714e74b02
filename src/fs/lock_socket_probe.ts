/**
 * Asks an owner's socket whether the owner is alive.
 *
 * @module
 */

import { clearTimeout, setTimeout } from "../clock.ts";
import { greeting } from "./lock_socket.ts";
import { wayTo } from "./lock_socket_path.ts";
import { errorCode } from "./node_errors.ts";
import { mayAsk } from "./process_identity.ts";

/**
 * `"lives"`: the owner with this nonce listens, or one that is too busy to answer. `"refused"`: nobody listens; this
 * proves something only on the owner's machine. `"broken"`: the connection ended without a message; the owner may be
 * dying.
 */
export type SocketAnswer = "lives" | "refused" | "broken" | "unknown";

/** An owner that is stopped, or works without a pause, sends nothing. But the kernel still accepts the connection. */
const PATIENCE_MS = 1000;

/** Connects to the socket that a record names. Never prompts on Deno. */
export async function askSocket(directory: string, name: string, nonce: string): Promise<SocketAnswer> {
  const way = name.includes("/") ? { path: name, close: () => {} } : wayTo(directory, name);
  if (!way) return "unknown";
  try {
    if (!mayAsk({ name: "net", host: `unix:${way.path}` })) return "unknown";
    return await connect(way.path, greeting(nonce));
  } catch {
    return "unknown";
  } finally {
    way.close();
  }
}

async function connect(path: string, expected: string): Promise<SocketAnswer> {
  const net = await import("node:net");
  return await new Promise<SocketAnswer>((resolve) => {
    const socket = net.connect(path);
    let [said, isConnected] = ["", false];
    const end = (answer: SocketAnswer) => {
      clearTimeout(timer);
      resolve(answer);
      socket.destroy();
    };
    // `open` waits for this, so the timer keeps the process alive until then.
    const timer = setTimeout(() => end(said === "" && isConnected ? "lives" : "unknown"), PATIENCE_MS);
    socket.once("connect", () => {
      isConnected = true;
    });
    socket.on("data", (bytes) => {
      said += bytes;
      if (said.length >= expected.length) end(said === expected ? "lives" : "unknown");
    });
    socket.once("error", (error) => end(answerOf(errorCode(error))));
    socket.once("close", () => end("broken"));
  });
}

function answerOf(code: string | undefined): SocketAnswer {
  if (code === "ECONNREFUSED") return "refused";
  return code === "ECONNRESET" || code === "EPIPE" ? "broken" : "unknown";
}
