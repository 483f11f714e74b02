/**
 * Progress on a terminal: a bar with the rate and the time left. It is on standard error, so it is in no pipe.
 *
 * @module
 */

import process from "node:process";
import { format as formatBytes } from "@std/fmt/bytes";
import { format as formatDuration } from "@std/fmt/duration";
import { type Options, SingleBar } from "cli-progress";
import { share } from "./histogram.ts";

/** The unit of the progress. */
export type Unit = "bytes" | "entries";

/** Shows the progress of a command. */
export interface Progress {
  /** `done` units of `total` are done; `total` may be unknown. */
  update(done: number, total?: number): void;
  /** Removes the bar. */
  stop(): void;
}

/** Shows nothing, because there is no terminal. */
const SILENT: Progress = { update: () => {}, stop: () => {} };

/** The time between two updates of the bar, in milliseconds. */
const REDRAW_MS = 100;

/** A number of bytes for people. */
export function bytesText(bytes: number): string {
  const whole = Math.round(bytes);
  return formatBytes(whole, whole < 1000 ? {} : { locale: "en", minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** A number for people. */
export function countText(count: number): string {
  return Math.round(count).toLocaleString("en");
}

/** A number with its unit, in the singular or plural. */
export function amountText(count: number, one: string, many: string): string {
  return count === 1 ? `1 ${one}` : `${countText(count)} ${many}`;
}

/** A number of entries. */
export function entriesText(count: number): string {
  return amountText(count, "entry", "entries");
}

/** Begins to show the progress of `name`. */
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
      // The average rate is steadier than the latest one.
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

/** A number of seconds for people. */
function timeText(seconds: number): string {
  return formatDuration(seconds * 1000, { ignoreZero: true }) || "0s";
}
