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

/** Where log lines go; `console` is one. A method that throws makes the store's call throw. */
export interface Logger {
  /** The steps of the store. */
  debug(message: string): void;
  /** The open and the close of the store. */
  info(message: string): void;
  /** Risks for durability. */
  warn(message: string): void;
  /** The failure of the store, with its reason. */
  error(message: string): void;
}
