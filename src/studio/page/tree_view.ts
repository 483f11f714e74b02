/**
 * The tree of prefixes.
 *
 * @module
 */

import type { WireBranch, WireDivision, WireLevel, WireRange } from "../wire.ts";
import { ask, textOfError } from "./api.ts";
import { html, Problem, useEffect, useState, type VNode } from "./dom.ts";
import { countText, sizeText, visible } from "./text.ts";

/** The fields of a request for a division. */
export function divisionFields(division: WireDivision): object {
  return division.kind === "tuple" ? { tuple: true } : { separator: division.separator };
}

/** The range of a branch. */
export function rangeOfBranch({ gte, lt }: WireBranch): WireRange {
  return { gte, ...(lt !== undefined && { lt }) };
}

/** How many keys a branch has. */
export function branchCount({ count, isExact }: WireBranch): string {
  return `${isExact ? "" : "≈ "}${countText(count)}`;
}

/** What the tree shows. */
export interface TreeProps {
  readonly division: WireDivision;
  readonly at: number | undefined;
  readonly chosen: string | undefined;
  readonly onChoose: (branch: WireBranch | undefined) => void;
}

/** All levels. */
export function Tree(props: TreeProps): VNode {
  const { chosen, onChoose } = props;
  return html`<div class="tree">
    <button type="button" class="branch" aria-pressed=${chosen === undefined} onClick=${() => onChoose(undefined)}>All keys</button>
    <${Level} ...${props} start=${undefined} key=${JSON.stringify([props.division, props.at])} />
  </div>`;
}

interface LevelProps extends TreeProps {
  readonly start: string | undefined;
}

function Level(props: LevelProps): VNode {
  const { division, at, start } = props;
  const [branches, setBranches] = useState<readonly WireBranch[]>([]);
  const [next, setNext] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const [isLoading, setLoading] = useState(true);
  const load = (from: string | undefined) => {
    setLoading(true);
    const fields = { ...divisionFields(division), start, from, at };
    ask<WireLevel>("tree", fields).then(
      (level) => {
        setBranches((before) => [...before, ...level.branches]);
        setNext(level.next);
        setLoading(false);
      },
      (error) => {
        setProblem(textOfError(error));
        setLoading(false);
      },
    );
  };
  useEffect(() => load(undefined), []);
  return html`<ul>
    ${branches.map((branch) => html`<${BranchView} ...${props} branch=${branch} key=${branch.start} />`)}
    ${problem !== undefined && html`<li><${Problem} text=${problem} /></li>`}
    ${isLoading && html`<li class="note">Loading…</li>`}
    ${!isLoading && next !== undefined && html`<li><button type="button" class="more" onClick=${() => load(next)}>More</button></li>`}
  </ul>`;
}

function BranchView(props: LevelProps & { readonly branch: WireBranch }): VNode {
  const { branch, chosen, onChoose } = props;
  const [isOpen, setOpen] = useState(false);
  const label = visible(branch.label);
  return html`<li>
    <span class="branch-line">
      <button type="button" class="fold" aria-expanded=${isOpen} aria-label=${`${isOpen ? "Fold" : "Unfold"} ${label}`}
        onClick=${() => setOpen(!isOpen)}>${isOpen ? "▾" : "▸"}</button>
      <button type="button" class="branch" aria-pressed=${chosen === branch.start} onClick=${() => onChoose(branch)}>
        <span class="label">${label}</span>
        <span class="size">${branchCount(branch)}, ${sizeText(branch.bytes)}</span>
      </button>
    </span>
    ${isOpen && html`<${Level} ...${props} start=${branch.start} />`}
  </li>`;
}
