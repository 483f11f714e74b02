/**
 * Addresses and configs of stores on other machines. No message has a token.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { open, type RemoteStoreConfig } from "../../mod.ts";
import { addressOf } from "../../src/shared/address.ts";

const TOKEN = "a+secret/token=of~36-characters%2Fab";

describe("an address", () => {
  test("has a host, a port, a token and perhaps TLS", () => {
    const short = (address: string | URL) => {
      const { host, port, isEncrypted, token, shown } = addressOf(address);
      return [host, port, isEncrypted, token, shown];
    };
    for (const [address, expected] of [
      ["luge://127.0.0.1:4444", ["127.0.0.1", 4444, false, undefined, "luge://127.0.0.1:4444"]],
      ["luges://db.example", ["db.example", 4444, true, undefined, "luges://db.example:4444"]],
      ["LUGE://db.example:1/", ["db.example", 1, false, undefined, "luge://db.example:1"]],
      ["luge://[::1]:65535?token=abc", ["::1", 65535, false, "abc", "luge://[::1]:65535"]],
      [`luge://h?token=${TOKEN}`, ["h", 4444, false, "a+secret/token=of~36-characters/ab", "luge://h:4444"]],
      [new URL("luges://h:5?token=a%26b"), ["h", 5, true, "a&b", "luges://h:5"]],
    ] as const) {
      assert.deepEqual(short(address), expected);
    }
  });

  test("that is wrong is refused, without its token in the message", async () => {
    const secret = "SECRET0123456789";
    for (const [address, message] of [
      [`http://h:1?token=${secret}`, /^Wrong address 'http:\/\/h:1': expected luge:\/\/host:port/],
      [`luge://?token=${secret}`, /^Wrong address 'luge:\/\/': expected/],
      [`luge://h:0?token=${secret}`, /^Wrong address 'luge:\/\/h:0': expected a port from 1 to 65535$/],
      [`luge://h:65536?token=${secret}`, /a port from 1 to 65535/],
      [`luge://h:x?token=${secret}`, /'luge:\/\/h:x': expected/],
      [`luge://::1:5?token=${secret}`, /expected luge:/],
      [`luge://h:1/path?token=${secret}`, /'luge:\/\/h:1\/path': expected/],
      [`luge://h:1?tokn=${secret}`, /the only thing that may follow it is \?token=…$/],
      [`luge://h:1?${secret}`, /the only thing/],
      [`luge://h:1?token=${secret}&token=${secret}`, /the only thing/],
      [`luge://h:1?token=${secret}#${secret}`, /the only thing/],
      ["luge://h:1?token=", /its token is empty/],
      [`luge://h:1?token=${secret}%`, /percent sign/],
      [`luge://${secret}@h:1`, /^Wrong address 'luge:\/\/…': it cannot have a user or a password; use \?token=…$/],
      [`luge://user:${secret}@h:1`, /user or a password/],
      [`luge://user:${secret.slice(0, 8)}?${secret.slice(8)}@h:1`, /^Wrong address 'luge:\/\/…'/],
      [5, /^Wrong option 'address': expected luge:\/\/host:port or luges:\/\/host:port, got the number 5$/],
      [undefined, /^Wrong option 'address': .* got undefined$/],
    ] as const) {
      const config = { address } as unknown as RemoteStoreConfig;
      await assert.rejects(open(config), (error: Error) => {
        assert.ok(error instanceof TypeError, String(error));
        assert.match(error.message, message);
        assert.doesNotMatch(`${error.message} ${error.stack}`, /SECRET01|23456789/);
        return true;
      });
    }
  });

  test("needs a good config", async () => {
    const address = "luge://127.0.0.1:9";
    const token = "0123456789abcdef";
    for (const [config, message] of [
      [{ address }, /^Cannot open 'luge:\/\/127.0.0.1:9': expected a token, as option 'token' or in \?token=…$/],
      [{ address, token: "short" }, /^Wrong option 'token': expected 16 to 1024 characters, got 5$/],
      [{ address, token: "" }, /got 0$/],
      [{ address, token: `${token} ` }, /without spaces$/],
      [{ address, token, path: "data" }, /^Unknown option 'path'/],
      [{ address, token, shared: true }, /^Unknown option 'shared'/],
      [{ address, token, ca: "x" }, /^Wrong option 'ca': 'luge:\/\/127.0.0.1:9' has no TLS/],
      [{ address: "luges://h", token, ca: 5 }, /^Wrong option 'ca': expected certificates as PEM/],
      [{ address, token, connectTimeout: 0 }, /^Wrong option 'connectTimeout'/],
      [{ address, token, syncWrites: 1 }, /^Wrong option 'syncWrites'/],
      [{ address, token, signal: {} }, /^Wrong option 'signal'/],
    ] as const) {
      await assert.rejects(open(config as unknown as RemoteStoreConfig), (error: Error) => {
        assert.ok(error instanceof TypeError || error instanceof RangeError, String(error));
        assert.match(error.message, message);
        return true;
      });
    }
    await assert.rejects(open("luge://127.0.0.1:9"), TypeError);
    const aborted = AbortSignal.abort(new Error("enough"));
    await assert.rejects(open({ address, token, signal: aborted }), /enough/);
  });
});
