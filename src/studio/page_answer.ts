/**
 * The page as an answer: one document, whose script and style are the only ones that may run.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { type Answer, SAFE_HEADERS } from "./answers.ts";

/** The parts of the page. */
export interface Page {
  readonly script: string;
  readonly style: string;
}

/** The document. A script that contained its own end tag would end early, so the build refuses one. */
export function documentOf({ script, style }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>luge studio</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<div id="studio"></div>
<noscript>The studio needs JavaScript.</noscript>
<script type="module">${script}</script>
</body>
</html>
`;
}

/** The answer for the page. */
export function pageAnswer(page: Page): Answer {
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(page.script)}'`,
    `style-src '${hashOf(page.style)}'`,
    "img-src blob: data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  return {
    status: 200,
    type: "text/html; charset=utf-8",
    headers: { ...SAFE_HEADERS, "content-security-policy": policy },
    body: documentOf(page),
  };
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
