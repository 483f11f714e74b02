/**
 * The text of `BENCHMARKS.md` around its figures.
 *
 * @module
 */

/** Where another store is the better choice. */
export const PEER_CHOICE: string = `## Where another store is the better choice

- **Data that is larger than memory, with reads all over it:** take lmdb-js, if you can install a native
  addon. It reads pages that the operating system has mapped, without a copy and without a cache to size.
  Several processes can read and write one database at a time. luge has one owner for a directory.
- **Questions that are not about one key or a range of keys:** a second index, a join, an aggregate. Take
  SQLite: \`node:sqlite\` and \`bun:sqlite\` need no install, and other programs read their files.
- **A process that lives for one read:** the database of a runtime opens in a millisecond, a native addon
  in five to fifteen. luge compiles its engine first.
- **Walks over everything, on Bun:** \`bun:sqlite\` makes its rows in native code, inside the runtime.
- **One durable write at a time on a busy event loop:** a single awaited put costs luge a sync on another
  thread and the way back. A store that blocks can be quicker for one writer. Everything else that waits
  for the event loop pays for it.
- **Loads of many millions, with nothing else to do:** LevelDB sorts and writes in native code, and gains
  most from a larger write buffer. luge does the same in WebAssembly, which takes longer for it.
- **Data that lives as long as the process:** a \`Map\` is faster than every store here.`;

/** The facts that a reader needs to judge the figures. */
export const WHAT_IS_MEASURED: string = `## How it is measured

- Keys have 12 bytes and values 100 that do not compress, unless a line says something else. Every store
  gets the same keys in the same order, made before the time is taken. Every trial is a fresh process.
  Reads find a store that another process loaded and closed. luge is measured as the published package.
- *Load* ends when everything is durable. One by one: the trial makes the puts without waiting for each,
  and awaits the last one and a flush. In batches: at most eight are in flight. A store that commits each
  put on its own is left out if that takes minutes.
- *Hot* reads take 1,000 keys again and again. *Each key once* takes keys in random order, none of them
  twice, so that no cache of entries helps. All keys were read before, in another order, so that caches of
  blocks are as full as such reads keep them. All files are in the page cache of the operating system.
- *First entry of a walk*: each walk begins at another key in random order, and is left after its first
  entry.
- *Each awaited*: the next batch of a load is begun when the one before has settled, so that the event loop
  could turn in between. The delay of the event loop shows what the writes and the merges behind them
  leave of that.
- *Durable* writes are on the disk when they count. 64 in flight are like the requests of a server: each
  writer puts its next key when its last put is durable. A store that blocks serves the 64 one after the
  other. The event loop turns after that, as it does after the callbacks of 64 sockets. The delay of the
  event loop is how late timers of a millisecond are.
- *Cold start* is the time from before the import to after the first get, in a fresh process; the median
  of three for each trial.
- *Growth of memory* is that of the resident set of the process, with promises and garbage. If a store
  maps its files, they count, too. *Disk* is what the files of the closed store have allocated.
- YCSB counts operations with at most 64 writes in flight. E scans the 100 keys of a prefix.`;
