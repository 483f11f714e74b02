/**
 * The studio as a server.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { tokenCheck } from "../listening.ts";
import { readJsonBody } from "./body.ts";
import { Fields } from "./fields.ts";
import { guard } from "./guard.ts";
import { inAddress, ownHosts } from "./hosts.ts";
import { type Asked, type HttpServer, listen, type ServerLimits } from "./http_server.ts";
import { type Page, pageAnswer } from "./page_answer.ts";
import type { StudioPlace } from "./place.ts";
import type { Context, Route } from "./route.ts";
import { ROUTES } from "./routes/index.ts";
import { Snapshots } from "./snapshots.ts";

/** The bytes of the token: nobody guesses 192 random bits. */
const TOKEN_BYTES = 24;
/** The most bytes of a body with keys only: the two ends of a range, as base64. */
const BODY_BYTES = 512 * 1024;

/** Options of a studio. */
export interface StudioOptions {
  readonly place: StudioPlace;
  readonly page: Page;
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  /** For tests: shorter deadlines, fewer connections. */
  readonly limits?: Partial<ServerLimits> & { readonly bodyMs?: number };
}

/** A studio that runs. */
export interface Studio {
  /** The address to open, with the token after `#`: browsers send that part to nobody. */
  readonly url: string;
  /** The same without the token. */
  readonly origin: string;
  readonly token: string;
  /** Ends all connections and snapshots. The store stays open. */
  close(): Promise<void>;
}

/** Serves a place. Rejects if the address cannot be used. */
export async function startStudio({ place, page, host, port, limits = {} }: StudioOptions): Promise<Studio> {
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  const isToken = await tokenCheck(token);
  const routes: ReadonlyMap<string, Route> = new Map(ROUTES.map((route) => [route.name, route]));
  const document = pageAnswer(page);
  const context: Context = { place, snapshots: new Snapshots(place.store) };
  const { bodyMs, ...ofServer } = limits;
  let isOwnHost = (_: string) => false;
  const server: HttpServer = await listen(
    { host, port },
    async (asked: Asked) => {
      const route = guard(asked, routes, { isToken, isOwnHost, canWrite: place.canWrite });
      if (!route) return document;
      const { bodyBytes = BODY_BYTES } = route;
      const body = await readJsonBody(asked.body, { bytes: bodyBytes, ...(bodyMs !== undefined && { ms: bodyMs }) });
      return await route.answer({ ...context, fields: new Fields(body, route.fields), signal: asked.signal });
    },
    ofServer,
  );
  isOwnHost = ownHosts(host, server.port);
  const origin = `http://${inAddress(host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host)}:${server.port}`;
  return {
    url: `${origin}/#${token}`,
    origin,
    token,
    close: async () => {
      await server.close();
      context.snapshots.close();
    },
  };
}
