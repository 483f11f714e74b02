/**
 * The search for text in keys and values.
 *
 * @module
 */

import type { WireRange, WireRow } from "../wire.ts";
import { askLines, isAbort, textOfError } from "./api.ts";
import { html, Problem, useEffect, useRef, useState, type VNode } from "./dom.ts";
import { bytesOf, countText, keyText, sizeText, startText } from "./text.ts";

interface SearchLine {
  readonly row?: WireRow;
  readonly visited?: number;
  readonly next?: string;
  readonly done?: boolean;
}

/** What is searched. */
export interface SearchProps {
  readonly text: string;
  readonly range: WireRange;
  readonly at: number | undefined;
  readonly asTuple: boolean;
  readonly selected: string | undefined;
  readonly onSelect: (key: string) => void;
  readonly onClose: () => void;
}

/** The hits, as they come. */
export function SearchView(props: SearchProps): VNode {
  const { text, range, at, asTuple, selected, onSelect, onClose } = props;
  const [hits, setHits] = useState<readonly WireRow[]>([]);
  const [visited, setVisited] = useState(0);
  const [state, setState] = useState<"running" | "stopped" | "done" | "more">("running");
  const [problem, setProblem] = useState<string>();
  const running = useRef(new AbortController());
  const next = useRef<string | undefined>(undefined);
  const run = (from: string | undefined, before: number) => {
    running.current.abort();
    const leaving = new AbortController();
    running.current = leaving;
    setState("running");
    const search = async () => {
      const fields = { text, range, at, from, inKeys: true, inValues: true, ignoreCase: true };
      for await (const line of askLines<SearchLine>("search", fields, leaving.signal)) {
        const { row } = line;
        if (row) setHits((found) => [...found, row]);
        if (line.visited !== undefined) setVisited(before + line.visited);
        next.current = line.next;
        if (line.done) setState("done");
        else if (line.next !== undefined) setState("more");
      }
    };
    search().catch((error) => isAbort(error) || setProblem(textOfError(error)));
  };
  useEffect(() => {
    setHits([]);
    setVisited(0);
    setProblem(undefined);
    run(undefined, 0);
    return () => running.current.abort();
  }, [text, JSON.stringify(range), at]);
  const stop = () => {
    running.current.abort();
    setState("stopped");
  };
  const told = { running: "Searching…", stopped: "Stopped.", done: "Done.", more: "There may be more." }[state];
  return html`<section class="list-pane" aria-label="Search">
    <p class="count" role="status">${countText(hits.length)} found in ${countText(visited)} entries. ${told}</p>
    <div class="actions">
      ${state === "running" && html`<button type="button" onClick=${stop}>Stop</button>`}
      ${state === "more" && html`<button type="button" onClick=${() => run(next.current, visited)}>Continue</button>`}
      <button type="button" onClick=${onClose}>Close the search</button>
    </div>
    <${Problem} text=${problem} />
    <ul class="hits" aria-label="Hits">
      ${hits.map(
        (
          row,
        ) => html`<li key=${row.key}><button type="button" class="row" aria-pressed=${row.key === selected} onClick=${() => onSelect(row.key)}>
        <span class="key">${keyText(bytesOf(row.key), asTuple)}</span>
        <span class="start">${startText(bytesOf(row.start))}</span>
        <span class="size">${sizeText(row.size ?? 0)}</span>
      </button></li>`,
      )}
    </ul>
  </section>`;
}
