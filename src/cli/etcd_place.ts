/**
 * A store in etcd, as the command line names it: `etcd://user:password@host:2379,host:2379/prefix`; `etcds://` for TLS.
 *
 * @module
 */

import type { EtcdOptions } from "../servers/etcd/mod.ts";

const PLACE = /^(etcds?):\/\/(?:([^/@]*)@)?([^/?#]+)(?:\/([^?#]*))?$/i;

/** Whether a place is in etcd. */
export function isEtcd(place: string): boolean {
  return /^etcds?:\/\//i.test(place);
}

/** The options of a place. Throws `TypeError` if it is none. */
export function etcdOptions(place: string): EtcdOptions {
  const [, scheme = "", user, hosts, prefix] = PLACE.exec(place) ?? [];
  if (hosts === undefined) {
    const expected =
      "expected etcd://host:2379,host:2379/prefix, with user:password@ before the hosts if etcd asks for it";
    throw new TypeError(`Cannot read the address of etcd: ${expected}`);
  }
  const protocol = scheme.toLowerCase() === "etcds" ? "https" : "http";
  const endpoints = hosts.split(",").map((host) => `${protocol}://${host}`);
  const [username = "", password = ""] = user === undefined ? [] : user.split(/:(.*)/s).map(decodeURIComponent);
  return {
    endpoints,
    ...(prefix && { prefix: decodeURIComponent(prefix) }),
    ...(user !== undefined && { username, password }),
  };
}
