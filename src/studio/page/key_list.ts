/**
 * The list of keys.
 *
 * @module
 */

import { toBase64 } from "../../base64.ts";
import type { WireLandmark, WireRange, WireRow, WireRows, WireSize } from "../wire.ts";
import { ask, isAbort, textOfError } from "./api.ts";
import { html, Problem, useEffect, useNow, useRef, useState, type VNode } from "./dom.ts";
import { keyAt } from "./landmarks.ts";
import { ListWindow, ROW } from "./list_window.ts";
import { SizeLine } from "./size_line.ts";
import { bytesOf, keyText, leftText, sizeText, startText } from "./text.ts";

/** How many rows a request asks for. */
const PAGE = 200;
/** How many rows beyond the visible ones are drawn. */
const OVERSCAN = 8;

/** What the list shows. */
export interface ListProps {
  readonly range: WireRange;
  /** The version to show; `undefined` for the newest one. */
  readonly at: number | undefined;
  readonly asTuple: boolean;
  readonly selected: string | undefined;
  readonly onSelect: (key: string) => void;
  /** Enter on a key. */
  readonly onOpen: () => void;
  /** Delete on a key; absent without `--write`. */
  readonly onDelete: ((key: string) => void) | undefined;
}

/** A list that loads what is in sight. */
export function KeyList(props: ListProps): VNode {
  const { range, at, asTuple, selected, onSelect, onOpen, onDelete } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const loader = useRef<ListLoader | undefined>(undefined);
  const [, redraw] = useState(0);
  const [size, setSize] = useState<WireSize>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    setProblem(undefined);
    setSize(undefined);
    const element = scroller.current;
    if (!element) return;
    const own = new ListLoader({ range, at }, element, {
      changed: () => redraw((count) => count + 1),
      measured: setSize,
      failed: (error) => setProblem(textOfError(error)),
    });
    loader.current = own;
    element.scrollTop = 0;
    own.start();
    return () => own.stop();
  }, [JSON.stringify(range), at]);

  const list = loader.current?.window ?? new ListWindow(0);
  const element = scroller.current;
  const from = (element?.scrollTop ?? 0) - OVERSCAN * ROW;
  const shown = list.visible(from, from + (element?.clientHeight ?? 600) + 2 * OVERSCAN * ROW);
  const now = useNow(shown.rows.some(({ expiresAt }) => expiresAt !== undefined));

  const move = (event: KeyboardEvent) => {
    const target = targetOf(event.key, list, selected, Math.floor((element?.clientHeight ?? 0) / ROW));
    if (event.key === "Enter" && selected) onOpen();
    else if (event.key === "Delete" && selected && onDelete) onDelete(selected);
    else if (event.key === "Home" || event.key === "End") {
      loader.current?.goTo(event.key === "Home" ? 0 : 1, onSelect);
    } else if (target) {
      onSelect(target.key);
      loader.current?.show(list.rows.indexOf(target));
    } else return;
    event.preventDefault();
  };
  const index = list.rows.findIndex(({ key }) => key === selected);
  const active = index >= shown.first && index < shown.first + shown.rows.length ? `row-${index}` : undefined;
  return html`<section class="list-pane" aria-label="Keys">
    <${SizeLine} range=${range} at=${at} size=${size} />
    <${Problem} text=${problem} />
    <div class="list" ref=${scroller} role="listbox" tabindex="0" aria-label="Keys" aria-activedescendant=${active}
      onScroll=${() => loader.current?.scrolled()} onKeyDown=${move}>
      <div class="strip" role="presentation" style=${{ height: `${list.height}px` }}>
        ${shown.rows.map((row, i) =>
          drawRow({
            row,
            index: shown.first + i,
            top: list.top,
            asTuple,
            now,
            isSelected: row.key === selected,
            onSelect,
          }),
        )}
      </div>
    </div>
    ${list.rows.length === 0 && !list.isEmpty && html`<p class="empty">No keys here.</p>`}
  </section>`;
}

interface DrawnRow {
  readonly row: WireRow;
  readonly index: number;
  readonly top: number;
  readonly asTuple: boolean;
  readonly now: number;
  readonly isSelected: boolean;
  readonly onSelect: (key: string) => void;
}

/** Rows as they were drawn last. The library leaves a node alone that it gets again. */
const drawn = new WeakMap<WireRow, { readonly of: string; readonly node: VNode }>();

function drawRow({ row, index, top, asTuple, now, isSelected, onSelect }: DrawnRow): VNode {
  const { key, size, start, expiresAt } = row;
  const left = expiresAt === undefined ? "" : leftText(expiresAt, now);
  const of = `${top} ${index} ${asTuple} ${isSelected} ${left}`;
  const before = drawn.get(row);
  if (before?.of === of) return before.node;
  const node = html`<div key=${key} id=${`row-${index}`} role="option" aria-selected=${isSelected} class="row"
    style=${{ transform: `translateY(${top + index * ROW}px)` }} onClick=${() => onSelect(key)}>
    <span class="key">${keyText(bytesOf(key), asTuple)}</span>
    <span class="start">${start === undefined ? "" : startText(bytesOf(start))}</span>
    ${expiresAt !== undefined && html`<span class="expiry">${left}</span>`}
    <span class="size">${size === undefined ? "" : sizeText(size)}</span>
  </div>`;
  drawn.set(row, { of, node });
  return node;
}

/** The row that a key of the keyboard leads to. */
function targetOf(
  pressed: string,
  { rows }: ListWindow,
  selected: string | undefined,
  page: number,
): WireRow | undefined {
  const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
  const step = steps[pressed];
  if (step === undefined) return undefined;
  const index = rows.findIndex(({ key }) => key === selected);
  if (index < 0) return rows[0];
  return rows[Math.min(rows.length - 1, Math.max(0, index + step))];
}

interface ListEvents {
  readonly changed: () => void;
  readonly measured: (size: WireSize) => void;
  readonly failed: (error: unknown) => void;
}

/** Fetches what a list needs, one request at a time. */
class ListLoader {
  window: ListWindow = new ListWindow(0);
  readonly #what: { readonly range: WireRange; readonly at: number | undefined };
  readonly #element: HTMLElement;
  readonly #events: ListEvents;
  readonly #leaving = new AbortController();
  #landmarks: Promise<readonly WireLandmark[]> | undefined;
  #isBusy = false;
  #frame = 0;
  /** Where the list was when it was drawn last. */
  #drawnAt = 0;

  constructor(what: { range: WireRange; at: number | undefined }, element: HTMLElement, events: ListEvents) {
    this.#what = what;
    this.#element = element;
    this.#events = events;
  }

  start(): void {
    const { signal } = this.#leaving;
    this.#run();
    ask<WireSize>("size", this.#what, signal).then((size) => {
      this.#events.measured(size);
      const sized = new ListWindow(size.count);
      this.window.height = this.window.atEnd ? this.window.height : Math.max(this.window.height, sized.height);
      this.#changed();
      if (size.count <= PAGE) return;
      this.#landmarks = ask<{ landmarks: WireLandmark[] }>("landmarks", { range: this.#what.range }, signal).then(
        ({ landmarks }) => landmarks,
      );
      this.#landmarks.catch(() => {});
    }, this.#fail);
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#leaving.abort();
  }

  /** The reader scrolled: draws once a frame. */
  scrolled(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      // The rows beyond the visible ones are there already.
      const moved = Math.abs(this.#element.scrollTop - this.#drawnAt);
      if (moved >= (OVERSCAN / 2) * ROW) this.#changed();
      this.#run();
    });
  }

  /** Brings a row into sight. */
  show(index: number): void {
    const element = this.#element;
    const top = this.window.top + index * ROW;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + ROW > element.scrollTop + element.clientHeight) element.scrollTop = top + ROW - element.clientHeight;
  }

  /** Goes to the first or the last row, and selects it. */
  goTo(part: 0 | 1, select: (key: string) => void): void {
    const element = this.#element;
    const isThere = part === 0 ? this.window.atStart : this.window.atEnd;
    const done = () => {
      element.scrollTop = part === 0 ? 0 : this.window.height;
      const row = this.window.rows.at(part === 0 ? 0 : -1);
      if (row) select(row.key);
    };
    if (isThere) done();
    else this.#jump(part).then(done, this.#fail);
  }

  #changed(): void {
    this.#drawnAt = this.#element.scrollTop;
    this.#events.changed();
  }

  readonly #fail = (error: unknown): void => {
    if (!isAbort(error)) this.#events.failed(error);
  };

  #run(): void {
    const { scrollTop, clientHeight } = this.#element;
    const need = this.window.need(scrollTop, clientHeight);
    if (!need || this.#isBusy || this.#leaving.signal.aborted) return;
    this.#isBusy = true;
    const loading = need.kind === "jump" ? this.#jump(need.part) : this.#extend(need.kind, need.key);
    loading.then(
      () => {
        this.#isBusy = false;
        this.#run();
      },
      (error) => {
        this.#isBusy = false;
        this.#fail(error);
      },
    );
  }

  async #jump(part: number): Promise<void> {
    const [isStart, isEnd] = [part <= 0, part >= 1];
    const landmarks = isStart || isEnd ? [] : ((await this.#landmarks) ?? []);
    const key = keyAt(landmarks, part);
    const rows = await this.#ask({ reverse: isEnd, ...(key && { from: toBase64(key) }) });
    const isFirst = isStart || !key;
    this.#moved(this.window.jumped(rows, this.#element.scrollTop, { isStart: isFirst && !isEnd, isEnd }));
  }

  async #extend(direction: "after" | "before", key: string): Promise<void> {
    const { rows, atEnd } = await this.#ask({ reverse: direction === "before", from: key });
    const others = { rows: rows.filter((row) => row.key !== key), atEnd };
    this.#moved(direction === "after" ? this.window.appended(others) : this.window.prepended(others));
  }

  async #ask(fields: object): Promise<WireRows> {
    return await ask<WireRows>("keys", { ...this.#what, limit: PAGE, ...fields }, this.#leaving.signal);
  }

  /** The strip must have its new length before the reader's place can be on it. */
  #moved(pixels: number): void {
    const strip = this.#element.firstElementChild;
    if (strip instanceof HTMLElement) strip.style.height = `${this.window.height}px`;
    if (pixels !== 0) this.#element.scrollTop += pixels;
    this.#changed();
  }
}
