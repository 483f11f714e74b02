/**
 * The view of keys and values: tree, list, and the chosen key.
 *
 * @module
 */

import { toBase64 } from "../../base64.ts";
import type { WireBranch, WireDivision, WirePlace, WireRange } from "../wire.ts";
import { ask, isAbort, textOfError } from "./api.ts";
import { Detail } from "./detail.ts";
import { html, isTyping, Problem, useEffect, useLoaded, useState, type VNode } from "./dom.ts";
import { DeleteDialog, DeleteRangeDialog, EditDialog } from "./edit.ts";
import { KeyList } from "./key_list.ts";
import { SearchView } from "./search_view.ts";
import { bytesOf, hexBytes, keyText, sizeText, utf8Bytes } from "./text.ts";
import { TimeSlider } from "./time_slider.ts";
import { exportRange, ImportDialog } from "./transfer.ts";
import { rangeOfBranch, Tree } from "./tree_view.ts";

type Asking =
  | { readonly kind: "edit"; readonly name: string | undefined }
  | { readonly kind: "delete"; readonly name: string }
  | { readonly kind: "delete-range" | "import" };

/** What the user typed to choose keys: a prefix, or a range as `from..to`. Text, or hex after `0x`. */
export function rangeOfText(text: string): WireRange | undefined {
  const bytes = (part: string) => (part.startsWith("0x") ? hexBytes(part.slice(2)) : utf8Bytes(part));
  const ends = text.split("..");
  if (ends.length === 1) {
    const prefix = bytes(text);
    return prefix && { prefix: toBase64(prefix) };
  }
  const [gte, lt] = [bytes(ends[0] ?? ""), bytes(ends.slice(1).join(".."))];
  if (!gte || !lt) return undefined;
  return { ...(gte.length > 0 && { gte: toBase64(gte) }), ...(lt.length > 0 && { lt: toBase64(lt) }) };
}

/** The view. */
export function Browse({ place, tell }: { readonly place: WirePlace; readonly tell: (text: string) => void }): VNode {
  const found = useLoaded((signal) => ask<{ division?: WireDivision }>("division", {}, signal), []);
  const [given, setGiven] = useState<WireDivision>();
  const [branch, setBranch] = useState<WireBranch>();
  const [filter, setFilter] = useState("");
  const [searched, setSearched] = useState("");
  const [search, setSearch] = useState("");
  const [at, setAt] = useState<number>();
  const [selected, setSelected] = useState<string>();
  const [asking, setAsking] = useState<Asking>();
  const [reload, setReload] = useState(0);
  const [exporting, setExporting] = useState<AbortController>();
  const division = given ?? found.value?.division;
  const asTuple = division?.kind === "tuple";
  const typed = filter === "" ? {} : rangeOfText(filter);
  const range: WireRange = filter === "" && branch ? rangeOfBranch(branch) : (typed ?? {});
  const title =
    filter !== ""
      ? `the keys of “${filter}”`
      : branch
        ? `the branch ${keyText(bytesOf(branch.start), asTuple)}`
        : "all keys";
  const changed = (text: string) => {
    setReload((count) => count + 1);
    tell(text);
  };
  const canChange = place.canWrite && at === undefined;

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]"))
        return;
      const acts: Readonly<Record<string, () => void>> = {
        "/": () => document.getElementById("filter")?.focus(),
        s: () => document.getElementById("search")?.focus(),
        l: () => document.querySelector<HTMLElement>(".list")?.focus(),
        r: () => changed("Reloaded"),
        ...(canChange && { n: () => setAsking({ kind: "edit", name: undefined }) }),
        ...(canChange && selected && { e: () => setAsking({ kind: "edit", name: selected }) }),
      };
      const act = acts[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [canChange, selected]);

  const runExport = () => {
    const leaving = new AbortController();
    setExporting(leaving);
    exportRange(range, at, (bytes) => tell(`Exported ${sizeText(bytes)}…`), leaving.signal).then(
      () => setExporting(undefined),
      (error) => {
        setExporting(undefined);
        tell(isAbort(error) ? "The export was stopped" : textOfError(error));
      },
    );
  };
  const field = (id: string, label: string, value: string, set: (text: string) => void, more: object = {}) =>
    html`<label class="search-field" for=${id}><span>${label}</span>
      <input id=${id} type="search" autocomplete="off" spellcheck=${false} value=${value} ...${more}
        onInput=${(event: Event) => set((event.currentTarget as HTMLInputElement).value)} /></label>`;
  const submit = (event: KeyboardEvent) => event.key === "Enter" && setSearch(searched.trim());

  return html`<div class=${`browse ${selected ? "has-detail" : ""}`}>
    <div class="toolbar" role="group" aria-label="Choose keys">
      ${field("filter", "Prefix, or from..to", filter, setFilter, { placeholder: "user/ or a..b or 0x02" })}
      ${field("search", "Search keys and values", searched, setSearched, { placeholder: "Text, then Enter", onKeyDown: submit })}
      <button type="button" onClick=${() => changed("Reloaded")}>Reload</button>
      ${
        exporting
          ? html`<button type="button" onClick=${() => exporting.abort()}>Stop the export</button>`
          : html`<button type="button" onClick=${runExport}>Export</button>`
      }
      ${canChange && html`<button type="button" onClick=${() => setAsking({ kind: "edit", name: undefined })}>New key</button>`}
      ${canChange && html`<button type="button" onClick=${() => setAsking({ kind: "import" })}>Import</button>`}
      ${canChange && html`<button type="button" class="danger" onClick=${() => setAsking({ kind: "delete-range" })}>Delete these keys…</button>`}
    </div>
    ${typed === undefined && html`<${Problem} text="Expected hex after 0x" />`}
    <${TimeSlider} at=${at} reload=${reload} onChange=${setAt} />
    <div class="panes">
      <details class="tree-pane" open=${innerWidth > 760}>
        <summary>Prefixes</summary>
        <${DivisionChoice} division=${division} onChange=${setGiven} />
        <${Problem} text=${found.error} />
        ${
          division &&
          html`<${Tree} key=${reload} division=${division} at=${at} chosen=${filter === "" ? branch?.start : ""}
          onChoose=${(chosen: WireBranch | undefined) => {
            setFilter("");
            setBranch(chosen);
          }} />`
        }
      </details>
      ${
        search !== ""
          ? html`<${SearchView} text=${search} range=${range} at=${at} asTuple=${asTuple} selected=${selected}
            onSelect=${setSelected} onClose=${() => setSearch("")} />`
          : html`<${KeyList} key=${reload} range=${range} at=${at} asTuple=${asTuple} selected=${selected} onSelect=${setSelected}
            onOpen=${() => document.getElementById("detail")?.focus()}
            onDelete=${canChange ? (name: string) => setAsking({ kind: "delete", name }) : undefined} />`
      }
      ${
        selected &&
        html`<${Detail} name=${selected} at=${at} asTuple=${asTuple} reload=${reload} onClose=${() => setSelected(undefined)}
        onEdit=${canChange ? (name: string) => setAsking({ kind: "edit", name }) : undefined}
        onDelete=${canChange ? (name: string) => setAsking({ kind: "delete", name }) : undefined} />`
      }
    </div>
    ${
      asking?.kind === "edit" &&
      html`<${EditDialog} name=${asking.name} start=${branch?.start ?? ""} onClose=${() => setAsking(undefined)}
      onDone=${(key: string) => {
        setSelected(key);
        changed("Put the value");
      }} />`
    }
    ${
      asking?.kind === "delete" &&
      html`<${DeleteDialog} name=${asking.name} asTuple=${asTuple} onClose=${() => setAsking(undefined)} onDone=${() => changed("Deleted the key")} />`
    }
    ${
      asking?.kind === "delete-range" &&
      html`<${DeleteRangeDialog} range=${range} title=${title} asTuple=${asTuple} onClose=${() => setAsking(undefined)}
      onDone=${() => changed("Deleted the keys")} />`
    }
    ${
      asking?.kind === "import" &&
      html`<${ImportDialog} onClose=${() => setAsking(undefined)} onDone=${(entries: number) => changed(`Imported ${entries} entries`)} />`
    }
  </div>`;
}

/** Chooses how keys are divided. */
function DivisionChoice({
  division,
  onChange,
}: {
  division: WireDivision | undefined;
  onChange: (chosen: WireDivision) => void;
}): VNode {
  const [own, setOwn] = useState("");
  const value = division?.kind === "tuple" ? "tuple" : (division?.separator ?? "");
  const choices = ["/", ":", "|", "#", ".", "-", "_", "\0"];
  const known = value === "" || value === "tuple" || choices.includes(value) ? choices : [...choices, value];
  return html`<div class="division">
    <label>Separator
      <select value=${value} onChange=${(event: Event) => {
        const chosen = (event.currentTarget as HTMLSelectElement).value;
        onChange(chosen === "tuple" ? { kind: "tuple" } : { kind: "text", separator: chosen });
      }}>
        ${value === "" && html`<option value="">None found</option>`}
        <option value="tuple">Tuples</option>
        ${known.map((each) => html`<option value=${each}>${each === "\0" ? "byte 0" : each}</option>`)}
      </select>
    </label>
    <label>Another one
      <input type="text" maxlength="8" value=${own} onInput=${(event: Event) => setOwn((event.currentTarget as HTMLInputElement).value)}
        onKeyDown=${(event: KeyboardEvent) => event.key === "Enter" && own && onChange({ kind: "text", separator: own })} />
    </label>
  </div>`;
}
