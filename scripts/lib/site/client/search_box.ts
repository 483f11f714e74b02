/**
 * The search box of every page: reads the index with the first question.
 *
 * @module
 */

import { type Found, readIndex, search } from "../search.ts";

const root = document.body.dataset.root ?? "";
const input = document.querySelector<HTMLInputElement>("#question");
const list = document.querySelector<HTMLUListElement>("#results");
const status = document.querySelector("#found");

let index: Promise<ReturnType<typeof readIndex>> | undefined;
let selected = -1;

async function load(): Promise<ReturnType<typeof readIndex>> {
  const response = await fetch(`${root}search.json`);
  if (!response.ok) throw new Error(`Cannot load the index of the search: ${response.status}`);
  return readIndex(await response.text());
}

async function ask(): Promise<void> {
  if (!input) return;
  const question = input.value;
  if (question.trim() === "") return show([]);
  index ??= load();
  try {
    const found = search(await index, question);
    // A later question may be there already.
    if (input.value === question) show(found);
  } catch (error) {
    index = undefined;
    if (status) status.textContent = String(error);
  }
}

function show(found: readonly Found[]): void {
  if (!list || !input || !status) return;
  list.replaceChildren(...found.map(option));
  list.hidden = found.length === 0;
  input.setAttribute("aria-expanded", String(found.length > 0));
  status.textContent = input.value.trim() === "" ? "" : `${found.length} found`;
  select(-1);
}

function option({ id, page, title }: Found, number: number): HTMLLIElement {
  const item = document.createElement("li");
  item.id = `result-${number}`;
  item.role = "option";
  item.dataset.target = id;
  const [name, place] = [document.createElement("strong"), document.createElement("span")];
  name.textContent = title;
  place.textContent = title === page ? "" : page;
  item.append(name, place);
  item.addEventListener("click", () => go(item));
  return item;
}

function select(number: number): void {
  if (!list || !input) return;
  const items = [...list.children] as HTMLElement[];
  selected = number < 0 || items.length === 0 ? -1 : number % items.length;
  for (const [i, item] of items.entries()) item.ariaSelected = String(i === selected);
  if (selected < 0) input.removeAttribute("aria-activedescendant");
  else input.setAttribute("aria-activedescendant", `result-${selected}`);
  items[selected]?.scrollIntoView({ block: "nearest" });
}

function go(item: HTMLElement | undefined): void {
  if (item?.dataset.target !== undefined) location.href = `${root}${item.dataset.target}`;
}

// On a phone the list of all pages would come before the page itself.
const pages = document.querySelector<HTMLDetailsElement>(".pages details");
if (pages && matchMedia("(max-width: 48rem)").matches) pages.open = false;

input?.addEventListener("input", () => void ask());
input?.addEventListener("focus", () => {
  index ??= load().catch((error) => {
    index = undefined;
    throw error;
  });
  index.catch(() => {});
});
input?.addEventListener("keydown", (event) => {
  const items = [...(list?.children ?? [])] as HTMLElement[];
  if (event.key === "ArrowDown") select(selected + 1);
  else if (event.key === "ArrowUp") select(selected <= 0 ? items.length - 1 : selected - 1);
  else if (event.key === "Escape") show([]);
  else if (event.key === "Enter") go(items[Math.max(selected, 0)]);
  else return;
  event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  input?.focus();
});
