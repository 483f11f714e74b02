/**
 * A call for each parameter of the public interface that takes an object with named properties.
 *
 * @module
 */

import {
  inspectBackup,
  MemoryFileSystem,
  MemoryStore,
  NodeFileSystem,
  open,
  readBackupHeader,
  type SledStore,
  utf8Codec,
} from "../../mod.ts";

/** The objects that the calls use. */
export interface Subjects {
  readonly store: SledStore;
  readonly fileSystem: MemoryFileSystem;
}

/** An object with correct or wrong names. */
export type Given = Record<string, unknown>;

/** Makes a call with an object as the argument. */
export type Call = (subjects: Subjects, given: never) => unknown;

const viewOf = ({ store }: Subjects) => store.view({ prefix: "v/", codec: utf8Codec });
const put = { type: "put", key: "key", value: "value" } as const;

/** By `Interface.method(parameter)`, as the types name them. */
export const CALLS: Readonly<Record<string, Call>> = {
  "Reader.getMany(options)": ({ store }, given) => store.getMany(["key"], given),
  "Reader.entries(range)": ({ store }, given) => store.entries(given),
  "Reader.keys(range)": ({ store }, given) => store.keys(given),
  "Reader.values(range)": ({ store }, given) => store.values(given),
  "Reader.count(range)": ({ store }, given) => store.count(given),
  "Reader.count(options)": ({ store }, given) => store.count({}, given),
  "Reader.countSync(range)": ({ store }, given) => store.countSync(given),
  "Reader.scan(options)": ({ store }, given) => store.scan("", given),
  "Transaction.put(options)": ({ store }, given) => store.transaction((tx) => tx.put("key", "value", given)),
  "Store.put(options)": ({ store }, given) => store.put("key", "value", given),
  "Store.putSync(options)": ({ store }, given) => store.putSync("key", "value", given),
  "Store.batch(operations)": ({ store }, given: Given) => store.batch([{ ...put, ...given }]),
  "Store.batchSync(operations)": ({ store }, given: Given) => store.batchSync([{ ...put, ...given }]),
  "Store.deleteRange(range)": ({ store }, given) => store.deleteRange(given),
  "Store.deleteRange(options)": ({ store }, given) => store.deleteRange({}, given),
  "Store.deleteRangeSync(range)": ({ store }, given) => store.deleteRangeSync(given),
  "Store.compareAndSet(options)": ({ store }, given) => store.compareAndSet("key", 0, "value", given),
  "Store.compareAndSetSync(options)": ({ store }, given) => store.compareAndSetSync("key", 0, "value", given),
  "Store.transaction(options)": ({ store }, given) => store.transaction(() => {}, given),
  "Store.snapshot(options)": ({ store }, given) => store.snapshot(given).dispose(),
  "Store.watch(range)": ({ store }, given) => store.watch(given),
  "Store.watch(options)": ({ store }, given) => store.watch({}, given),
  "Store.view(options)": ({ store }, given: Given) => store.view({ prefix: "v/", codec: utf8Codec, ...given }),
  "Store.compact(options)": ({ store }, given) => store.compact(given),
  "Store.verify(options)": ({ store }, given) => store.verify(given),
  "Store.backup(options)": ({ store }, given) => store.backup(given).cancel(),
  "Store.restore(options)": ({ store }, given) => new MemoryStore().restore(store.backup(), given),
  "View.put(options)": (subjects, given) => viewOf(subjects).put("key", "value", given),
  "View.putSync(options)": (subjects, given) => viewOf(subjects).putSync("key", "value", given),
  "View.batch(operations)": (subjects, given: Given) => viewOf(subjects).batch([{ ...put, ...given }]),
  "View.entries(range)": (subjects, given) => viewOf(subjects).entries(given),
  "View.keys(range)": (subjects, given) => viewOf(subjects).keys(given),
  "View.values(range)": (subjects, given) => viewOf(subjects).values(given),
  "View.count(range)": (subjects, given) => viewOf(subjects).count(given),
  "View.count(options)": (subjects, given) => viewOf(subjects).count({}, given),
  "View.deleteRange(range)": (subjects, given) => viewOf(subjects).deleteRange(given),
  "View.deleteRange(options)": (subjects, given) => viewOf(subjects).deleteRange({}, given),
  "View.view(options)": (subjects, given: Given) => viewOf(subjects).view({ prefix: "w/", codec: utf8Codec, ...given }),
  "SledStore.backupTo(options)": async (subjects, given) => {
    await subjects.store.backupTo(`/copy-${copies++}`, given);
  },
  "SledStore.fork(options)": async (subjects, given) => {
    await subjects.store.fork(`/copy-${copies++}`, given);
  },
  "MemoryStore.constructor(options)": (_, given) => new MemoryStore(given),
  "open(config)": async (_, given: Given) => {
    const store = await open({ path: "/other", fileSystem: new MemoryFileSystem(), ...defined(given) });
    await store.close();
  },
  "inspectBackup(options)": ({ store }, given) => inspectBackup(store.backup(), given),
  "readBackupHeader(options)": ({ store }, given) => readBackupHeader(store.backup(), given),
  "FileSystem.open(options)": ({ fileSystem }, given) => openFile(fileSystem, given),
  "MemoryFileSystem.open(options)": ({ fileSystem }, given) => openFile(fileSystem, given),
  "NodeFileSystem.open(options)": (_, given: Given) => new NodeFileSystem().open(import.meta.filename, given).close(),
};

let copies = 0;

function openFile(fileSystem: MemoryFileSystem, given: Given): void {
  fileSystem.open("/file", { ...given, write: true, create: true }).close();
}

/** Removes options without a default, so that the call uses its own. */
function defined(given: Given): Given {
  const needed = new Set(["path", "fileSystem"]);
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => !(needed.has(name) && value === undefined)),
  );
}
