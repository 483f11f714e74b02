import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import {
  isSameProcess,
  onOtherMachine,
  ownIdentity,
  type ProcessIdentity,
  processState,
  sharesProcessIds,
} from "../../src/fs/process_identity.ts";

const KNOWN: ProcessIdentity = { pid: 1, runtime: "node", machine: "boot", namespace: "a", started: "100" };
const UNKNOWN: ProcessIdentity = { pid: 1, runtime: "deno" };

test("process ids are shared within one known machine and one namespace", () => {
  assert.equal(sharesProcessIds(KNOWN, { ...KNOWN, pid: 2 }), true);
  assert.equal(sharesProcessIds(KNOWN, { ...KNOWN, machine: "other" }), false);
  assert.equal(sharesProcessIds(KNOWN, { ...KNOWN, namespace: "b" }), false);
  assert.equal(sharesProcessIds(KNOWN, UNKNOWN), false);
  assert.equal(sharesProcessIds(UNKNOWN, UNKNOWN), false);
});

test("two identities with equal id and start are the same process", () => {
  assert.equal(isSameProcess(KNOWN, { ...KNOWN }), true);
  assert.equal(isSameProcess(KNOWN, { ...KNOWN, pid: 2 }), false);
  assert.equal(isSameProcess(KNOWN, { ...KNOWN, started: "101" }), false);
  assert.equal(isSameProcess(UNKNOWN, UNKNOWN), false);
});

test("only known machines can differ", () => {
  assert.equal(onOtherMachine(KNOWN, { ...KNOWN, machine: "other" }), true);
  assert.equal(onOtherMachine(KNOWN, { ...KNOWN, namespace: "b" }), false);
  assert.equal(onOtherMachine(KNOWN, UNKNOWN), false);
  assert.equal(onOtherMachine(UNKNOWN, UNKNOWN), false);
});

test("this process is running; without its start it could be a later process with the same id", () => {
  const { started, ...rest } = ownIdentity();
  assert.equal(rest.pid, process.pid);
  assert.equal(processState({ ...rest, started: started ?? "" }), started === undefined ? "unknown" : "running");
  assert.equal(processState(rest), "unknown");
});

test("the state of an impossible process id is gone", () => {
  assert.equal(processState({ ...KNOWN, pid: 2 ** 22 + 1 }), "gone");
});
