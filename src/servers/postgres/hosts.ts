/**
 * The addresses of several servers in one: `postgres://user:password@host1:port1,host2:port2/database`.
 *
 * @module
 */

/** Where to connect. */
export interface Hosts {
  /** An address for each host. */
  readonly urls: readonly string[];
  /** Whether a standby is refused when luge connects to it. */
  readonly refusesStandbys: boolean;
}

/** The scheme, the user, the hosts, and the rest. */
const ADDRESS = /^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)$/s;
const TARGET = "target_session_attrs";
/** What luge does for the values of the parameter: whether a standby is refused. */
const TARGETS: Readonly<Record<string, boolean>> = { any: false, "read-write": true, primary: true };

/** Reads an address. Throws `RangeError` if it is wrong. No message has any of it: it may have a password. */
export function hostsOf(url: string): Hosts {
  const [, start, hosts = "", rest = ""] = ADDRESS.exec(url) ?? [];
  if (start === undefined) throw wrong("an address that begins with postgres://");
  const [path = "", ...query] = rest.split("?");
  const parameters = query.join("?").split("&");
  const target = parameters.find((each) => each.startsWith(`${TARGET}=`))?.slice(TARGET.length + 1);
  const list = hosts.split(",");
  const refusesStandbys = target === undefined ? list.length > 1 : TARGETS[target];
  if (refusesStandbys === undefined) {
    throw wrong(`${TARGET} to be ${Object.keys(TARGETS).join(", ")}: luge needs a server that takes writes`);
  }
  if (list.length > 1 && list.includes("")) throw wrong("a host before and after each comma");
  const others = parameters.filter((each) => each !== "" && !each.startsWith(`${TARGET}=`));
  const end = path + (others.length > 0 ? `?${others.join("&")}` : "");
  const urls = list.map((host) => start + host + end);
  if (!urls.every((each) => URL.canParse(each))) throw wrong("postgres://user:password@host:port,host:port/database");
  return { urls, refusesStandbys };
}

function wrong(expected: string): RangeError {
  return new RangeError(`Wrong option 'url': expected ${expected}`);
}
