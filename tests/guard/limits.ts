/**
 * How much each operation may cost, counted and not timed: what it is now and a small margin. A change that makes a figure
 * grow must show that it is worth it, and raises the limit here; one that makes it shrink lowers it.
 *
 * @module
 */

/** Numbers that are the same in every run have no margin. */
export const LIMITS = {
  /** Writes and syncs of a durable commit, whatever is in it, once the log has room. */
  commitWrites: 1,
  commitSyncs: 1,
  /** Calls into the engine. */
  putCalls: 1,
  batchCalls: 1,
  getCalls: 1,
  hasCalls: 1,
  deleteCalls: 1,
  /** The one flush or write-out that all puts of a turn share. */
  commitCalls: 1,
  /** Entries that a MemoryStore holds for each that lives, where all expire while writes go on. */
  expiredHeld: 1.01,
  /** How often a watch asks for changes for each that it tells, one at a time. */
  looksAChange: 2,
  /** Pages of a scan of 20,000 entries of 12 + 100 bytes. */
  scanCalls: 21,
  /** Keeps one version for a scan of several pages, and lets go of it. */
  scanExtraCalls: 2,
  /** The first step of a walk that is left there: a small page, and the version that is kept and let go. */
  firstStepCalls: 3,
  firstStepBytes: 512,
  /** A scan that fits into a page. */
  shortScanCalls: 1,
  /** Entries that one call of a walk looks at, those that do not live too. */
  visitsACall: 8200,
  /** Entries that the first step of a walk looks at in a queue of which thousands were taken. */
  queueVisits: 40,
  /** Bytes written for each byte of key and value of a random load that goes through several checkpoints. */
  loadWrittenBytes: 4.5,
  /** Syncs of that load. */
  loadSyncs: 440,
  /** Bytes of the engine's memory after that load. */
  loadMemoryBytes: 20_000_000,
  /** Calls of the file system. */
  createCalls: 66,
  /** Among them the syncs of what a killed process may have left unsynced. */
  openCalls: 145,
  closeCalls: 27,
  /** Bytes of garbage that a call leaves on Node, the value that it returns among them. */
  /** With a buffer of its own: a part of a shared one left 66 bytes less, and showed other values. */
  getGarbageBytes: 440,
  missGarbageBytes: 260,
  hasGarbageBytes: 260,
  putSyncGarbageBytes: 980,
  scanEntryGarbageBytes: 320,
  /** Bytes of files beside three times what lives, whatever was overwritten and deleted before, with the smallest write buffer. */
  overwrittenBytes: 134_217_728,
  /** Bytes that an open reads after a kill, with the smallest write buffer. */
  replayedBytes: 100_663_296,
  /** Pages of 31 versions of 40,000 bytes. */
  versionCalls: 11,
  /** The engine that every install downloads, and a cold start compiles. */
  artefactBytes: 750_000,
  artefactBrotliBytes: 250_000,
} as const;

/** The figures that are limited. */
export type Limited = keyof typeof LIMITS;
