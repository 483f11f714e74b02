/**
 * The limits for the cost of each operation. Costs are counted, not timed. A limit is the present figure plus a small
 * margin. A change that raises a figure must show that it is worth it, and raise the limit here. A change that lowers a
 * figure lowers the limit.
 *
 * @module
 */

/** A number that is the same in every run has no margin. */
export const LIMITS = {
  /** Writes and syncs of a durable commit of any content, once the log has room. */
  commitWrites: 1,
  commitSyncs: 1,
  /** Calls into the engine. */
  putCalls: 1,
  batchCalls: 1,
  getCalls: 1,
  hasCalls: 1,
  /** A deletion first looks whether the key exists. */
  deleteCalls: 2,
  /** The one flush or write-out that all puts of a turn share. */
  commitCalls: 1,
  /** Calls that tell the engine that they are durable. */
  toldCalls: 1,
  /** How many entries a MemoryStore has for each live one, if all entries expire while writes continue. */
  expiredHeld: 1.01,
  /** How often a watch asks for changes for each delivered change, one at a time. */
  looksAChange: 2,
  /** Pages of a scan of 20,000 entries of 12 + 100 bytes. */
  scanCalls: 21,
  /** The calls that keep one version for a scan of several pages, and release it. */
  scanExtraCalls: 2,
  /** The first step of an iterator that is left then: a small page, and the version that is kept and released. */
  firstStepCalls: 3,
  firstStepBytes: 512,
  /** A scan that fits into one page. */
  shortScanCalls: 1,
  /** How many entries one call of an iterator looks at, including dead ones. */
  visitsACall: 8200,
  /** How many entries the first step of an iterator looks at, in a queue from which thousands were taken. */
  queueVisits: 40,
  /** Bytes written for each byte of key and value of a random load with several checkpoints. */
  loadWrittenBytes: 4.5,
  /** Syncs of that load. */
  loadSyncs: 440,
  /** Bytes of the engine's memory after that load. */
  loadMemoryBytes: 20_000_000,
  /** Calls of the file system. */
  createCalls: 66,
  /** Of these calls, the syncs of data that a killed process may have left unsynced. */
  openCalls: 145,
  closeCalls: 27,
  /** Bytes of garbage that a call leaves on Node, including its return value. */
  /** The value has its own buffer. A part of a shared buffer left 66 bytes less, but exposed other values. */
  getGarbageBytes: 440,
  missGarbageBytes: 260,
  hasGarbageBytes: 260,
  putSyncGarbageBytes: 980,
  /** In a batch of a hundred. A view of the buffer of each number left 265 bytes more, and took half of the time. */
  incrementGarbageBytes: 2560,
  scanEntryGarbageBytes: 320,
  /**
   * Bytes of files above three times the live data, after any overwrites and deletions, with the smallest write buffer.
   */
  overwrittenBytes: 134_217_728,
  /** How many bytes an open reads after a kill, with the smallest write buffer. */
  replayedBytes: 100_663_296,
  /** Pages of 31 versions of 40,000 bytes. */
  versionCalls: 11,
  /** The engine, which every install downloads and every cold start compiles, with the code of the worker. */
  artefactBytes: 728_000,
  /** Compression, jobs and syncs in two phases took 9 KB of it, operands 9 KB, times 1 KB, and the compiler gave 8 KB back. */
  artefactBrotliBytes: 260_000,
} as const;

/** The figures that have a limit. */
export type Limited = keyof typeof LIMITS;
