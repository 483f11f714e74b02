/**
 * The addresses of the studio.
 *
 * @module
 */

/** Names and addresses that are always this machine. */
const LOOPBACK: readonly string[] = ["127.0.0.1", "localhost", "[::1]"];

/** An address of four numbers, or one of IPv6 in brackets: no name server can point it elsewhere. */
const LITERAL = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/;

/** A host as addresses and the header `Host` have it. */
export function inAddress(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/**
 * Tells which values of the header `Host` are this server. On loopback: the names of loopback. On another host: that one,
 * too. A server on all addresses takes every number, but no other name: a name is what DNS rebinding needs.
 */
export function ownHosts(host: string, port: number): (value: string) => boolean {
  const isAll = host === "0.0.0.0" || host === "::";
  const names = new Set([...LOOPBACK, inAddress(host).toLowerCase()]);
  return (value) => {
    const [, name = "", digits] = /^(.+?)(?::(\d{1,5}))?$/.exec(value.toLowerCase()) ?? [];
    if (Number(digits ?? 80) !== port) return false;
    return names.has(name) || (isAll && LITERAL.test(name));
  };
}
