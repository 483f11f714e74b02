/**
 * Log lines at four levels, as BadgerDB has them.
 *
 * @module
 */

/** The values of the `loggingLevel` option: lines below the level are not logged. */
export const LoggingLevel: { readonly DEBUG: 0; readonly INFO: 1; readonly WARNING: 2; readonly ERROR: 3 } = {
  DEBUG: 0,
  INFO: 1,
  WARNING: 2,
  ERROR: 3,
};

/** One of the values of {@linkcode LoggingLevel}. */
export type LoggingLevel = (typeof LoggingLevel)[keyof typeof LoggingLevel];

/** Where log lines go; `console` is one. A method that throws makes the store's call throw. */
export interface Logger {
  /** What the store does, step by step. */
  debug(message: string): void;
  /** That it was opened and closed. */
  info(message: string): void;
  /** What may not last as it should. */
  warn(message: string): void;
  /** That the store failed, and why. */
  error(message: string): void;
}
