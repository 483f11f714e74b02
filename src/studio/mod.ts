/**
 * The studio: a page in the browser for one store. The command `luge studio` loads it when it starts.
 *
 * @module
 */

export { isLoopback } from "../listening.ts";
export { loadPage } from "./page_source.ts";
export type { Backups, Progress, StudioPlace } from "./place.ts";
export { Refusal } from "./refusal.ts";
export { type Studio, type StudioOptions, startStudio } from "./studio.ts";
export type { WireBackup, WireSlow } from "./wire.ts";
