/**
 * The messages of etcd's gateway, as far as luge uses them. Keys and values are base64, and numbers of 64 bits are
 * strings. etcd leaves out fields that are zero, false or empty.
 *
 * @module
 */

/** In front of every answer. */
export interface Header {
  readonly revision?: string;
  readonly member_id?: string;
}

/** A key and its value, as they were at some revision. */
export interface KeyValue {
  readonly key: string;
  readonly value?: string;
  readonly mod_revision?: string;
  readonly lease?: string;
}

/** What to read: one key, or a range. */
export interface RangeRequest {
  readonly key: string;
  readonly range_end?: string;
  readonly limit?: string;
  readonly revision?: string;
  readonly sort_order?: "DESCEND";
  readonly sort_target?: "KEY" | "MOD";
  readonly keys_only?: boolean;
  readonly count_only?: boolean;
}

/** The answer to it. */
export interface RangeResponse {
  readonly header?: Header;
  readonly kvs?: readonly KeyValue[];
  readonly more?: boolean;
  readonly count?: string;
}

/** A put. Without `lease` the value stays. */
export interface PutRequest {
  readonly key: string;
  readonly value: string;
  readonly lease?: string;
  readonly prev_kv?: boolean;
}

/** What must be true of a key, or of each key that a range has. */
export interface Compare {
  readonly key: string;
  readonly range_end?: string;
  readonly target: "MOD" | "CREATE" | "VALUE" | "LEASE";
  readonly result: "EQUAL" | "LESS" | "GREATER" | "NOT_EQUAL";
  readonly mod_revision?: string;
  readonly create_revision?: string;
  readonly value?: string;
  readonly lease?: string;
}

/** One operation of a transaction. */
export type RequestOp =
  | { readonly request_put: PutRequest }
  | { readonly request_range: RangeRequest }
  | { readonly request_delete_range: { readonly key: string; readonly range_end?: string } }
  | { readonly request_txn: TxnRequest };

/** `success` is done if all of `compare` is true, else `failure`. */
export interface TxnRequest {
  readonly compare?: readonly Compare[];
  readonly success?: readonly RequestOp[];
  readonly failure?: readonly RequestOp[];
}

/** The answer to it, with one response for each operation that was done. */
export interface TxnResponse {
  readonly header?: Header;
  readonly succeeded?: boolean;
  readonly responses?: readonly ResponseOp[];
}

/** The answer to one operation. */
export interface ResponseOp {
  readonly response_range?: RangeResponse;
  readonly response_put?: { readonly prev_kv?: KeyValue };
  readonly response_txn?: { readonly succeeded?: boolean; readonly responses?: readonly ResponseOp[] };
}

/** One line of a watch. */
export interface WatchLine {
  readonly result?: {
    readonly header?: Header;
    readonly created?: boolean;
    readonly canceled?: boolean;
    readonly compact_revision?: string;
    readonly cancel_reason?: string;
    readonly events?: readonly WatchEvent[];
  };
  readonly error?: { readonly grpc_code?: number; readonly message?: string; readonly http_code?: number };
}

/** A change of one key. etcd leaves out the type PUT. */
export interface WatchEvent {
  readonly type?: "DELETE";
  readonly kv: KeyValue;
}

/** An error of the gateway. */
export interface ErrorBody {
  readonly error?: string | { readonly message?: string; readonly grpc_code?: number };
  readonly message?: string;
  readonly code?: number;
}

/** A revision as a number. Without one it is 0. */
export function revisionOf(text: string | undefined): number {
  return text === undefined ? 0 : Number(text);
}
