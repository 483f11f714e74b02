/**
 * How many keys a list has: an estimate for a long one, until the reader asks for the number.
 *
 * @module
 */

import type { WireRange, WireSize } from "../wire.ts";
import { askLines, isAbort, textOfError } from "./api.ts";
import { html, Problem, useEffect, useRef, useState, type VNode } from "./dom.ts";
import { countText, sizeText } from "./text.ts";

interface Counted {
  readonly counted: number;
  readonly done?: boolean;
}

/** What is counted. */
export interface SizeProps {
  readonly range: WireRange;
  readonly at: number | undefined;
  readonly size: WireSize | undefined;
}

/** The line above the list. */
export function SizeLine({ range, at, size }: SizeProps): VNode {
  const [counted, setCounted] = useState<Counted>();
  const [problem, setProblem] = useState<string>();
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => {
    setCounted(undefined);
    return () => running.current?.abort();
  }, [size]);
  const count = async () => {
    const leaving = new AbortController();
    running.current = leaving;
    setProblem(undefined);
    setCounted({ counted: 0 });
    try {
      for await (const line of askLines<Counted>("count", { range, at }, leaving.signal)) setCounted(line);
    } catch (error) {
      setCounted(undefined);
      if (!isAbort(error)) setProblem(textOfError(error));
    }
  };
  const isRunning = counted !== undefined && !counted.done;
  return html`<div class="size-line">
    <p class="count" role="status">${textOf(size, counted)}</p>
    ${size && !size.isExact && !counted && html`<button type="button" onClick=${count}>Count</button>`}
    ${isRunning && html`<button type="button" onClick=${() => running.current?.abort()}>Stop counting</button>`}
    <${Problem} text=${problem} />
  </div>`;
}

function textOf(size: WireSize | undefined, counted: Counted | undefined): string {
  if (!size) return "Counting…";
  if (counted && !counted.done) return `Counted ${countText(counted.counted)} keys…`;
  const [keys, isExact] = counted ? [counted.counted, true] : [size.count, size.isExact];
  return `${isExact ? "" : "about "}${countText(keys)} ${keys === 1 ? "key" : "keys"}, ${sizeText(size.bytes)}`;
}
