/**
 * What can come of a call to etcd's gateway, apart from an answer.
 *
 * @module
 */

import type { ErrorBody } from "./messages.ts";

/** The numbers of gRPC's errors that luge treats apart. */
const CODE = {
  cancelled: 1,
  unknown: 2,
  invalid: 3,
  deadline: 4,
  notFound: 5,
  denied: 7,
  exhausted: 8,
  outOfRange: 11,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** Messages of a token that is old, missing or of a user that changed. A new token helps. */
const OLD_TOKEN = /invalid auth token|user name is empty|revision in auth store is old|auth: revision in header/i;
/** Messages of a wrong user, password or right. Nothing helps. */
const DENIED = /permission denied|authentication failed|authentication is not enabled|user name not found/i;

/**
 * - `maybe`: etcd may have done the call, or will: no answer came in time, or the connection broke.
 * - `busy`: etcd did not do it, and may do it later or at another node.
 * - `token`: etcd did not do it, since the token is old.
 * - `denied`, `compacted`, `noLease`, `full`, `tooLarge`: etcd did not do it, and says why.
 * - `refused`: etcd did not do it, for another reason.
 */
export type FailureKind =
  | "maybe"
  | "busy"
  | "token"
  | "denied"
  | "compacted"
  | "noLease"
  | "full"
  | "tooLarge"
  | "refused";

/** A call that failed. It does not leave the folder: callers get a `StoreError`. */
export class EtcdFailure extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** The failure that an answer of the gateway tells: its status of HTTP, and its body. */
export function failureOf(status: number, text: string): EtcdFailure {
  let body: ErrorBody;
  try {
    body = JSON.parse(text) as ErrorBody;
  } catch {
    // Not etcd, but a proxy before it, or an answer that was cut.
    return new EtcdFailure("maybe", `HTTP ${status}: ${text.slice(0, 200)}`);
  }
  const { error } = body;
  const nested = typeof error === "object" ? error : undefined;
  const code = nested?.grpc_code ?? body.code ?? 0;
  const message = nested?.message ?? (typeof error === "string" ? error : undefined) ?? body.message ?? text;
  return new EtcdFailure(kindOf(code, message), message);
}

/** The failure of a call whose connection could not be made, or broke. */
export function brokenCall(cause: unknown): EtcdFailure {
  const { message = String(cause) } = cause as Partial<Error>;
  const inner = (cause as { cause?: Partial<Error & { code: string }> }).cause;
  const code = inner?.code ?? (cause as { code?: unknown }).code;
  const isRefused =
    code === "ECONNREFUSED" ||
    code === "ConnectionRefused" ||
    /connection refused/i.test(`${message} ${inner?.message}`);
  return new EtcdFailure(isRefused ? "busy" : "maybe", inner?.message || message, { cause });
}

function kindOf(code: number, message: string): FailureKind {
  if (OLD_TOKEN.test(message)) return "token";
  if (DENIED.test(message)) return "denied";
  switch (code) {
    case CODE.denied:
      return "denied";
    case CODE.unauthenticated:
      return "token";
    case CODE.notFound:
      return message.includes("lease not found") ? "noLease" : "refused";
    case CODE.outOfRange:
      return message.includes("compacted") ? "compacted" : "refused";
    case CODE.exhausted:
      if (message.includes("database space exceeded")) return "full";
      return message.includes("too many requests") ? "busy" : "tooLarge";
    case CODE.invalid:
      return message.includes("request is too large") ? "tooLarge" : "refused";
    case CODE.unknown:
    case CODE.cancelled:
    case CODE.deadline:
    case CODE.internal:
    case CODE.unavailable:
      return "maybe";
    default:
      return "refused";
  }
}
