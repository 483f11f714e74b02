/**
 * A call for each parameter of the public interface that takes an object with named properties.
 *
 * @module
 */

import {
  destroy,
  exists,
  inspectBackup,
  MemoryFileSystem,
  MemoryStore,
  NodeFileSystem,
  open,
  readBackupHeader,
  type SledStore,
  utf8Codec,
} from "../../mod.ts";
import { TOKEN } from "../support/served.ts";
import { withDirectory } from "../support/temporary.ts";

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

/** The walks of a reader. */
function walks(
  name: string,
  use: (subjects: Subjects, walk: (reader: Walks) => unknown) => unknown,
): Record<string, Call> {
  return Object.fromEntries(
    (["entries", "keys", "values", "records"] as const).map((walk) => [
      `${name}.${walk}(range)`,
      (subjects: Subjects, given: never) => use(subjects, (reader) => reader[walk](given)),
    ]),
  );
}

type Walks = Readonly<Record<"entries" | "keys" | "values" | "records", (range: never) => unknown>>;

/** By `Interface.method(parameter)`, as the types name them. */
export const CALLS: Readonly<Record<string, Call>> = {
  ...walks("AsyncReader", ({ store }, walk) => walk(store)),
  ...walks("Reader", ({ store }, walk) => walk(store)),
  ...walks("Store", ({ store }, walk) => walk(store)),
  ...walks("Snapshot", ({ store }, walk) => {
    using snapshot = store.snapshot();
    return walk(snapshot);
  }),
  ...walks("Transaction", ({ store }, walk) => store.transaction((tx) => void walk(tx))),
  ...walks("AsyncViewReader", (subjects, walk) => walk(viewOf(subjects))),
  ...walks("ViewReader", (subjects, walk) => walk(viewOf(subjects))),
  ...walks("View", (subjects, walk) => walk(viewOf(subjects))),
  ...walks("TransactionView", (subjects, walk) =>
    subjects.store.transaction((tx) => void walk(tx.view(viewOf(subjects)))),
  ),
  "AsyncReader.getMany(options)": ({ store }, given) => store.getMany(["key"], given),
  "AsyncReader.getEntries(options)": ({ store }, given) => store.getEntries(["key"], given),
  "AsyncReader.hasMany(options)": ({ store }, given) => store.hasMany(["key"], given),
  "AsyncReader.count(range)": ({ store }, given) => store.count(given),
  "AsyncReader.count(options)": ({ store }, given) => store.count({}, given),
  "Reader.countSync(range)": ({ store }, given) => store.countSync(given),
  "AsyncReader.scan(options)": ({ store }, given) => store.scan("", given),
  "AsyncTransaction.put(options)": ({ store }, given) => store.transaction((tx) => tx.put("key", "value", given)),
  "AsyncTransaction.increment(options)": ({ store }, given) => store.transaction((tx) => tx.increment("n", 1, given)),
  "AsyncTransaction.min(options)": ({ store }, given) => store.transaction((tx) => tx.min("n", 1, given)),
  "AsyncTransaction.max(options)": ({ store }, given) => store.transaction((tx) => tx.max("n", 1, given)),
  "AsyncTransaction.append(options)": ({ store }, given) => store.transaction((tx) => tx.append("n", "", given)),
  "AsyncStore.put(options)": ({ store }, given) => store.put("key", "value", given),
  "Store.putSync(options)": ({ store }, given) => store.putSync("key", "value", given),
  "AsyncStore.batch(operations)": ({ store }, given: Given) => store.batch([{ ...put, ...given }]),
  "Store.batchSync(operations)": ({ store }, given: Given) => store.batchSync([{ ...put, ...given }]),
  "AsyncStore.batch(options)": ({ store }, given) => store.batch([], given),
  "AsyncStore.commit(operations)": ({ store }, given: Given) => store.commit([{ ...put, ...given }]),
  "AsyncStore.commit(options)": ({ store }, given) => store.commit([], given),
  "AsyncStore.delete(options)": ({ store }, given) => store.delete("key", given),
  "AsyncStore.compareAndDelete(options)": ({ store }, given) => store.compareAndDelete("key", 0, given),
  "AsyncStore.increment(options)": ({ store }, given) => store.increment("number", 1, given),
  "AsyncStore.min(options)": ({ store }, given) => store.min("number", 1, given),
  "AsyncStore.max(options)": ({ store }, given) => store.max("number", 1, given),
  "AsyncStore.append(options)": ({ store }, given) => store.append("key", "", given),
  "AsyncStore.touch(options)": ({ store }, given) => store.touch("key", 1000, given),
  "AsyncStore.update(options)": ({ store }, given) => store.update("key", () => undefined, given),
  "Store.batchSync(options)": ({ store }, given) => store.batchSync([], given),
  "Store.commitSync(operations)": ({ store }, given: Given) => store.commitSync([{ ...put, ...given }]),
  "Store.commitSync(options)": ({ store }, given) => store.commitSync([], given),
  "Store.deleteSync(options)": ({ store }, given) => store.deleteSync("key", given),
  "Store.compareAndDeleteSync(options)": ({ store }, given) => store.compareAndDeleteSync("key", 0, given),
  "Store.touchSync(options)": ({ store }, given) => store.touchSync("key", 1000, given),
  "Store.updateSync(options)": ({ store }, given) => store.updateSync("key", () => undefined, given),
  "AsyncStore.deleteRange(range)": ({ store }, given) => store.deleteRange(given),
  "AsyncStore.deleteRange(options)": ({ store }, given) => store.deleteRange({}, given),
  "Store.deleteRangeSync(range)": ({ store }, given) => store.deleteRangeSync(given),
  "AsyncStore.compareAndSet(options)": ({ store }, given) => store.compareAndSet("key", 0, "value", given),
  "Store.compareAndSetSync(options)": ({ store }, given) => store.compareAndSetSync("key", 0, "value", given),
  "Store.transaction(options)": ({ store }, given) => store.transaction(() => {}, given),
  "AsyncStore.transaction(options)": ({ store }, given) => store.transaction(() => {}, given),
  "Store.snapshot(options)": ({ store }, given) => store.snapshot(given).dispose(),
  "AsyncStore.snapshot(options)": ({ store }, given) => store.snapshot(given).dispose(),
  "AsyncStore.watch(range)": ({ store }, given: Given) =>
    store.watch("ranges" in given ? { ...given, ranges: [{}] } : given),
  "AsyncStore.watch(options)": ({ store }, given) => store.watch({}, given),
  "Store.view(options)": ({ store }, given: Given) => store.view({ prefix: "v/", codec: utf8Codec, ...given }),
  "AsyncStore.view(options)": ({ store }, given: Given) => store.view({ prefix: "v/", codec: utf8Codec, ...given }),
  "Store.compact(options)": ({ store }, given) => store.compact(given),
  "Store.verify(options)": ({ store }, given) => store.verify(given),
  "AsyncStore.approximateSize(range)": ({ store }, given) => store.approximateSize(given),
  "AsyncStore.approximateSize(options)": ({ store }, given) => store.approximateSize({}, given),
  "AsyncStore.backup(options)": ({ store }, given) => store.backup(given).cancel(),
  "AsyncStore.restore(options)": ({ store }, given) => new MemoryStore().restore(store.backup(), given),
  "AsyncView.put(options)": (subjects, given) => viewOf(subjects).put("key", "value", given),
  "View.putSync(options)": (subjects, given) => viewOf(subjects).putSync("key", "value", given),
  "AsyncView.batch(operations)": (subjects, given: Given) => viewOf(subjects).batch([{ ...put, ...given }]),
  "AsyncViewReader.getMany(options)": (subjects, given) => viewOf(subjects).getMany(["key"], given),
  "AsyncViewReader.getEntries(options)": (subjects, given) => viewOf(subjects).getEntries(["key"], given),
  "AsyncViewReader.hasMany(options)": (subjects, given) => viewOf(subjects).hasMany(["key"], given),
  "ViewReader.countSync(range)": (subjects, given) => viewOf(subjects).countSync(given),
  "AsyncTransactionView.put(options)": (subjects, given) =>
    subjects.store.transaction((tx) => tx.view(viewOf(subjects)).put("key", "value", given)),
  "AsyncViewReader.count(range)": (subjects, given) => viewOf(subjects).count(given),
  "AsyncViewReader.count(options)": (subjects, given) => viewOf(subjects).count({}, given),
  "AsyncView.batch(options)": (subjects, given) => viewOf(subjects).batch([], given),
  "AsyncView.commit(operations)": (subjects, given: Given) => viewOf(subjects).commit([{ ...put, ...given }]),
  "AsyncView.commit(options)": (subjects, given) => viewOf(subjects).commit([], given),
  "AsyncView.delete(options)": (subjects, given) => viewOf(subjects).delete("key", given),
  "AsyncView.compareAndSet(options)": (subjects, given) => viewOf(subjects).compareAndSet("key", 0, "", given),
  "AsyncView.compareAndDelete(options)": (subjects, given) => viewOf(subjects).compareAndDelete("key", 0, given),
  "AsyncView.touch(options)": (subjects, given) => viewOf(subjects).touch("key", 1000, given),
  "AsyncView.update(options)": (subjects, given) => viewOf(subjects).update("key", () => undefined, given),
  "View.batchSync(operations)": (subjects, given: Given) => viewOf(subjects).batchSync([{ ...put, ...given }]),
  "View.batchSync(options)": (subjects, given) => viewOf(subjects).batchSync([], given),
  "View.commitSync(operations)": (subjects, given: Given) => viewOf(subjects).commitSync([{ ...put, ...given }]),
  "View.commitSync(options)": (subjects, given) => viewOf(subjects).commitSync([], given),
  "View.deleteSync(options)": (subjects, given) => viewOf(subjects).deleteSync("key", given),
  "View.compareAndSetSync(options)": (subjects, given) => viewOf(subjects).compareAndSetSync("key", 0, "", given),
  "View.compareAndDeleteSync(options)": (subjects, given) => viewOf(subjects).compareAndDeleteSync("key", 0, given),
  "View.touchSync(options)": (subjects, given) => viewOf(subjects).touchSync("key", 1000, given),
  "View.updateSync(options)": (subjects, given) => viewOf(subjects).updateSync("key", () => undefined, given),
  "View.deleteRangeSync(range)": (subjects, given) => viewOf(subjects).deleteRangeSync(given),
  "AsyncView.deleteRange(range)": (subjects, given) => viewOf(subjects).deleteRange(given),
  "AsyncView.deleteRange(options)": (subjects, given) => viewOf(subjects).deleteRange({}, given),
  "AsyncView.approximateSize(range)": (subjects, given) => viewOf(subjects).approximateSize(given),
  "AsyncView.approximateSize(options)": (subjects, given) => viewOf(subjects).approximateSize({}, given),
  "AsyncView.watch(range)": (subjects, given) => viewOf(subjects).watch(given),
  "AsyncView.watch(options)": (subjects, given) => viewOf(subjects).watch({}, given),
  "View.view(options)": (subjects, given: Given) => viewOf(subjects).view({ prefix: "w/", codec: utf8Codec, ...given }),
  "AsyncView.view(options)": (subjects, given: Given) =>
    viewOf(subjects).view({ prefix: "w/", codec: utf8Codec, ...given }),
  "SledStore.backupTo(options)": async (subjects, given) => {
    await subjects.store.backupTo(`/copy-${copies++}`, given);
  },
  "SledStore.fork(options)": async (subjects, given) => {
    await subjects.store.fork(`/copy-${copies++}`, given);
  },
  "SharedStore.listen(options)": async (_, given: Given) => {
    await withDirectory(async (path) => {
      await using store = await open({ path, shared: true });
      await store.listen({ token: TOKEN, port: 0, ...defined(given) });
    });
  },
  "MemoryStore.constructor(options)": (_, given) => new MemoryStore(given),
  "open(config)": async (_, given: Given) => {
    const store = await open({ path: "/other", fileSystem: new MemoryFileSystem(), ...defined(given) });
    await store.close();
  },
  "destroy(options)": async ({ fileSystem }, given: Given) => {
    await destroy("/other", { fileSystem, ...defined(given) });
  },
  "exists(options)": async ({ fileSystem }, given: Given) => {
    await exists("/other", { fileSystem, ...defined(given) });
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

/**
 * Removes options without a default, and those of stores on other machines, so that the call uses its own. The default
 * port may be in use.
 */
function defined(given: Given): Given {
  const needed = new Set(["path", "fileSystem", "address", "token", "ca", "connectTimeout", "port"]);
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => !(needed.has(name) && value === undefined)),
  );
}
