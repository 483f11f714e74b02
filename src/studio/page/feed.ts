/**
 * The live feed of changes.
 *
 * @module
 */

import { toBase64 } from "../../base64.ts";
import type { WireChange, WirePlace } from "../wire.ts";
import { ApiError, askLines, isAbort, textOfError } from "./api.ts";
import { html, Problem, useEffect, useRef, useState, type VNode } from "./dom.ts";
import { bytesOf, countText, keyText, sizeText, startText, utf8Bytes } from "./text.ts";

/** How many changes stay on the page, the latest ones. */
const KEPT = 500;
/** How long the page waits before it asks again, in milliseconds. */
const AGAIN_MS = 1000;
/** How often changes are drawn, in milliseconds. */
const DRAW_MS = 100;

interface FeedLine {
  readonly since?: number;
  readonly change?: WireChange;
  readonly done?: boolean;
}

/** Where a feed continues: after `skip` changes of the version after `since`. */
class Place {
  #version = 0;
  #count = 0;
  since: number | undefined;

  saw({ version }: WireChange): void {
    this.#count = version === this.#version ? this.#count + 1 : 1;
    this.#version = version;
  }

  /** The fields to continue with. Other changes of the last commit may still be missing, so they are asked for again. */
  get fields(): object {
    if (this.#version === 0) return this.since === undefined ? {} : { since: this.since };
    return { since: this.#version - 1, skip: this.#count };
  }
}

/** The view. */
export function Feed({ place }: { readonly place: WirePlace }): VNode {
  const [changes, setChanges] = useState<readonly WireChange[]>([]);
  const [total, setTotal] = useState(0);
  const [state, setState] = useState<"live" | "waiting" | "paused" | "ended">("waiting");
  const [isPaused, setPaused] = useState(false);
  const [since, setSince] = useState<number>();
  const [prefix, setPrefix] = useState("");
  const [problem, setProblem] = useState<string>();
  const position = useRef(new Place());
  useEffect(() => {
    position.current = new Place();
    position.current.since = since;
    setChanges([]);
    setTotal(0);
  }, [since, prefix]);
  useEffect(() => {
    if (isPaused) {
      setState("paused");
      return;
    }
    const leaving = new AbortController();
    const range = prefix === "" ? {} : { range: { prefix: toBase64(utf8Bytes(prefix)) } };
    // Past changes come in thousands: the page draws them together.
    let [coming, timer]: [WireChange[], ReturnType<typeof setTimeout> | undefined] = [[], undefined];
    const draw = () => {
      const [count, some] = [coming.length, coming.slice(-KEPT).reverse()];
      [coming, timer] = [[], undefined];
      setTotal((before) => before + count);
      setChanges((before) => [...some, ...before].slice(0, KEPT));
    };
    const follow = async () => {
      for await (const line of askLines<FeedLine>(
        "changes",
        { ...range, ...position.current.fields },
        leaving.signal,
      )) {
        if (!line.change) {
          setState(line.done ? "ended" : "live");
          setProblem(undefined);
        }
        if (line.since !== undefined) position.current.since ??= line.since;
        const { change } = line;
        if (!change) continue;
        position.current.saw(change);
        coming.push(change);
        timer ??= setTimeout(draw, DRAW_MS);
      }
    };
    const run = async () => {
      while (!leaving.signal.aborted) {
        try {
          await follow();
          if (!place.isLive) return;
        } catch (error) {
          if (isAbort(error) || leaving.signal.aborted) return;
          setProblem(textOfError(error));
          // The server refuses what it would refuse again.
          if (error instanceof ApiError) return setState("ended");
        }
        setState("waiting");
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    };
    void run();
    return () => {
      leaving.abort();
      if (timer !== undefined) {
        clearTimeout(timer);
        draw();
      }
    };
  }, [isPaused, since, prefix]);
  const told = {
    live: "Live.",
    waiting: "Connecting…",
    paused: "Paused. Nothing is missed: it continues where it stopped.",
    ended: place.isLive ? "Ended." : "Nobody can write while the studio has the store for reading only.",
  }[state];
  return html`<section class="feed" aria-label="Changes">
    <div class="toolbar" role="group" aria-label="The feed">
      <label class="search-field" for="feed-prefix"><span>Prefix</span>
        <input id="feed-prefix" type="search" value=${prefix} onChange=${(event: Event) => setPrefix((event.currentTarget as HTMLInputElement).value)} />
      </label>
      <button type="button" onClick=${() => setPaused(!isPaused)}>${isPaused ? "Resume" : "Pause"}</button>
      <button type="button" onClick=${() => setSince(0)}>From the beginning</button>
      <button type="button" onClick=${() => setSince(undefined)} disabled=${since === undefined}>From now on</button>
    </div>
    <p role="status" class="count"><span class=${`lamp ${state}`} aria-hidden="true"></span>${countText(total)} changes. ${told}</p>
    <${Problem} text=${problem} />
    <div class="scroll" role="region" aria-label="The latest changes" tabindex="0">
      <table>
        <thead><tr><th scope="col">Version</th><th scope="col">What</th><th scope="col">Key</th><th scope="col">Value</th><th scope="col">Size</th></tr></thead>
        <tbody>${changes.map(
          (change) => html`<tr key=${`${change.version} ${change.key}`}>
          <td>${change.version}</td>
          <td><span class=${`tag ${change.type}`}>${change.type}</span></td>
          <td class="key">${keyText(bytesOf(change.key), false)}</td>
          <td class="start">${change.start === undefined ? "" : startText(bytesOf(change.start))}</td>
          <td>${change.size === undefined ? "" : sizeText(change.size)}</td>
        </tr>`,
        )}</tbody>
      </table>
    </div>
  </section>`;
}
