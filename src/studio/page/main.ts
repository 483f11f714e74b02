/**
 * Starts the page.
 *
 * @module
 */

import { render } from "preact";
import { takeToken } from "./api.ts";
import { App } from "./app.ts";
import { html } from "./dom.ts";

const root = document.getElementById("studio");
if (root) {
  const noToken = html`<main class="no-token"><h1>luge studio</h1>
    <p>The address lacks its token. Open the whole address that luge studio printed, with all after #.</p></main>`;
  render(takeToken() ? html`<${App} />` : noToken, root);
}
