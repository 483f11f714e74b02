/**
 * What `BENCHMARKS.md` says beside its figures.
 *
 * @module
 */

/** Where another store should be taken. */
export const PEER_CHOICE: string = `## Where another store is the better choice

- **Data that is larger than memory and read all over:** lmdb-js reads pages that the operating system has mapped, without a copy
  and without a cache of its own to size, and several processes can read and write one database at a time. luge has one
  owner for a directory. Where a native addon can be installed, and reads that miss every cache are most of the work, take lmdb-js.
- **Questions that are not about one key or a range of keys:** a second index, a join, an aggregate. Take SQLite: \`node:sqlite\` and
  \`bun:sqlite\` are there without any install, and other programs read their files.
- **A process that lives for one read:** what a runtime brings opens in a millisecond, a native addon in five to fifteen; luge compiles its engine first.
- **Walks over everything, on Bun:** \`bun:sqlite\` makes its rows in native code, inside of the runtime.
- **One durable write at a time on a busy event loop:** a single awaited put costs luge a sync on another thread and the way back.
  A store that blocks can be quicker for one writer, at the cost of everything else that waits for the event loop.
- **Values that compress well, on a disk that is small:** classic-level has Snappy; luge writes values as they are.
- **Loads of many millions, where nothing else runs:** LevelDB sorts and writes on a thread of its own, in native code, and gains most from a
  larger write buffer. luge does that work on the thread of its caller, between turns of the event loop.
- **Data that lives as long as the process:** a \`Map\` is faster than every store here.`;

/** What a reader must know to judge the figures. */
export const WHAT_IS_MEASURED: string = `## How it is measured

- Keys of 12 bytes and values of 100 that do not compress, unless said; the same keys in the same order for every store, made before
  the time is taken. Every trial is a fresh process; reads find a store that another process loaded and closed. luge is measured as the
  package that is published.
- *Load* ends when everything is durable. One by one: the puts are made without waiting for each, and the last one and a flush are awaited;
  in batches: up to eight are under way. A store that commits each put on its own is left out where that takes minutes.
- *Hot* reads take 1,000 keys again and again; *each key once* takes keys in random order, none of them twice, so that no cache of
  entries helps; all keys were read before, in another order, so that caches of blocks are as full as such reads keep them. All files are in the page cache of the operating system.
- *Durable* writes are on the disk when they count. 64 in flight are as many writers as a server has requests: each puts its next key when
  its last put is durable. A store that blocks serves the 64 one after the other, and the event loop turns after that, as it does after the
  callbacks of 64 sockets. The delay of the event loop is by how much timers of a millisecond are late.
- *Cold start* is from before the import to after the first get, in a fresh process; the median of three for each trial.
- *Growth of memory* is of the resident set of the process, promises and garbage included; of a store that maps its files, they count, too.
  *Disk* is what the files of the closed store have allocated.
- YCSB counts operations with 64 writes under way at most. E scans the 100 keys of a prefix.`;
