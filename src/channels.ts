/**
 * The channels of `node:diagnostics_channel`. They are taken when the first store opens, because an import would be
 * loaded with the module. A runtime may not have them.
 *
 * @module
 */

import type { StoreEvents } from "./api/events.ts";
import { process } from "./process.ts";

/** A channel. */
interface Channel<T> {
  readonly hasSubscribers: boolean;
  publish(message: T): void;
}

/** By the names of {@linkcode StoreEvents}. */
type Channels = { [Name in keyof StoreEvents]: Channel<StoreEvents[Name]> };

/** A runtime's module. */
interface Module {
  channel(name: string): Channel<unknown>;
}

/** `undefined` while they are not loaded. */
export let channels: Channels | undefined;

let loading: Promise<void> | undefined;

/** Loads them. Settles when that is done; usually it is done already when this returns. */
export function loadChannels(): Promise<void> {
  loading ??= load();
  return loading;
}

async function load(): Promise<void> {
  try {
    // Node before 20.16 cannot do it without a promise.
    const builtin = process.getBuiltinModule?.("node:diagnostics_channel");
    take((builtin ?? (await import("node:diagnostics_channel"))) as Module);
  } catch {
    // The runtime has none. Nobody can subscribe.
  }
}

function take({ channel }: Module): void {
  const names = ["open", "commit", "sync", "background", "close", "error"].map((name) => `luge:${name}`);
  channels = Object.fromEntries(names.map((name) => [name, channel(name)])) as unknown as Channels;
}
