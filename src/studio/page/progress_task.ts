/**
 * A call that takes long: its progress, and a way to stop it.
 *
 * @module
 */

import { askLines, isAbort, textOfError } from "./api.ts";
import { html, Problem, useEffect, useRef, useState, type VNode } from "./dom.ts";
import { sizeText } from "./text.ts";

/** A line of the answer. */
export interface TaskLine<T> {
  readonly ms: number;
  readonly done?: number;
  readonly total?: number;
  readonly result?: T;
}

/** What a task does. */
export interface TaskProps<T> {
  readonly label: string;
  readonly route: string;
  readonly fields?: object;
  readonly isPrimary?: boolean;
  /** What the result says. */
  readonly say: (result: T) => VNode | string;
  readonly onDone?: () => void;
}

/** A button that starts it, a bar while it runs, and its result. */
export function Task<T>({ label, route, fields = {}, say, onDone }: TaskProps<T>): VNode {
  const [line, setLine] = useState<TaskLine<T>>();
  const [isRunning, setRunning] = useState(false);
  const [problem, setProblem] = useState<string>();
  const leaving = useRef(new AbortController());
  useEffect(() => () => leaving.current.abort(), []);
  const run = async () => {
    leaving.current = new AbortController();
    setProblem(undefined);
    setLine(undefined);
    setRunning(true);
    try {
      for await (const each of askLines<TaskLine<T>>(route, fields, leaving.current.signal)) setLine(each);
      onDone?.();
    } catch (error) {
      setLine(undefined);
      setProblem(isAbort(error) ? "Stopped." : textOfError(error));
    }
    setRunning(false);
  };
  const { done = 0, total = 0, ms = 0 } = line ?? {};
  return html`<div class="task">
    ${
      isRunning
        ? html`<button type="button" onClick=${() => leaving.current.abort()}>Stop</button>
          <progress aria-label=${label} max=${total || 1} value=${total ? Math.min(done, total) : undefined}></progress>
          <span class="note">${(ms / 1000).toFixed(1)} s${total ? `, ${sizeText(done)} of ${sizeText(total)} read` : ""}</span>`
        : html`<button type="button" onClick=${run}>${label}</button>`
    }
    <div role="status">${line?.result !== undefined && say(line.result)}</div>
    <${Problem} text=${problem} />
  </div>`;
}
