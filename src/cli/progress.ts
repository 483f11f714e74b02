/**
 * Progress on a terminal: a bar with rate and time left, on standard error so that it is in no pipe.
 *
 * @module
 */

import process from "node:process";
import { format as formatBytes } from "@std/fmt/bytes";
import { format as formatDuration } from "@std/fmt/duration";
import { type Options, SingleBar } from "cli-progress";
import { share } from "./histogram.ts";

/** What is counted. */
export type Unit = "bytes" | "entries";

/** Says how far something is. */
export interface Progress {
  /** So much is done, of `total` where that is known. */
  update(done: number, total?: number): void;
  /** Removes the bar. */
  stop(): void;
}

/** Nothing is shown: there is no terminal to show it on. */
const SILENT: Progress = { update: () => {}, stop: () => {} };

/** Times between two pictures, in milliseconds. */
const REDRAW_MS = 100;

/** A number of bytes, as people read it. */
export function bytesText(bytes: number): string {
  const whole = Math.round(bytes);
  return formatBytes(whole, whole < 1000 ? {} : { locale: "en", minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** A number, as people read it. */
export function countText(count: number): string {
  return Math.round(count).toLocaleString("en");
}

/** So many of something. */
export function amountText(count: number, one: string, many: string): string {
  return count === 1 ? `1 ${one}` : `${countText(count)} ${many}`;
}

/** So many entries. */
export function entriesText(count: number): string {
  return amountText(count, "entry", "entries");
}

/** Begins to show how `name` goes. */
export function showProgress(name: string, unit: Unit, stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? new Bar(name, unit, stream) : SILENT;
}

class Bar implements Progress {
  readonly #bar: SingleBar;
  readonly #text: (amount: number) => string;
  readonly #started: number = performance.now();
  #drawn = 0;

  constructor(name: string, unit: Unit, stream: NodeJS.WriteStream) {
    this.#text = unit === "bytes" ? bytesText : countText;
    const options: Options = {
      stream,
      clearOnComplete: true,
      hideCursor: true,
      // The rate over all is steadier than what was last.
      format: (_, { progress, value, total }) => {
        const seconds = (performance.now() - this.#started) / 1000;
        const rate = value / Math.max(seconds, 0.001);
        const speed = `${this.#text(value)}, ${this.#text(rate)}/s`;
        if (total <= 0) return `${name} ${speed}`;
        const left = rate > 0 ? Math.max(0, Math.ceil((total - value) / rate)) : 0;
        const percent = Math.floor(Math.min(1, progress) * 100);
        return `${name} ${share(value, total)} ${percent}%, ${speed}, ${timeText(left)} left`;
      },
    };
    this.#bar = new SingleBar(options);
    this.#bar.start(0, 0);
  }

  update(done: number, total = 0): void {
    const now = performance.now();
    if (now - this.#drawn < REDRAW_MS) return;
    this.#drawn = now;
    this.#bar.setTotal(Math.max(total, total > 0 ? done : 0));
    this.#bar.update(done);
  }

  stop(): void {
    this.#bar.stop();
  }
}

/** A number of whole seconds, as people read it. */
function timeText(seconds: number): string {
  return formatDuration(seconds * 1000, { ignoreZero: true }) || "0s";
}
