/**
 * Log lines at four levels, as BadgerDB has them.
 *
 * @module
 */

/** The values of the `loggingLevel` option: luge does not log lines below the level. */
export const LoggingLevel: { readonly DEBUG: 0; readonly INFO: 1; readonly WARNING: 2; readonly ERROR: 3 } = {
  DEBUG: 0,
  INFO: 1,
  WARNING: 2,
  ERROR: 3,
};

/** One of the values of {@linkcode LoggingLevel}. */
export type LoggingLevel = (typeof LoggingLevel)[keyof typeof LoggingLevel];

/** Receives log lines; `console` is one. If a method throws, the call of the store throws, too. */
export interface Logger {
  /** Details of what the store does. */
  debug(message: string): void;
  /** The store was opened or closed. */
  info(message: string): void;
  /** Risks for durability. */
  warn(message: string): void;
  /** The store failed; the line has the reason. */
  error(message: string): void;
}
