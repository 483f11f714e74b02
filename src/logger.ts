/**
 * Where log lines go.
 *
 * @module
 */

import { type Logger, LoggingLevel } from "./api/logger.ts";

/** `logger` without the lines below `level`. */
export function leveled(logger: Logger, level: LoggingLevel): Logger {
  const pass = (at: LoggingLevel, log: (message: string) => void) => (at >= level ? log : () => {});
  return {
    debug: pass(LoggingLevel.DEBUG, (message) => logger.debug(message)),
    info: pass(LoggingLevel.INFO, (message) => logger.info(message)),
    warn: pass(LoggingLevel.WARNING, (message) => logger.warn(message)),
    error: pass(LoggingLevel.ERROR, (message) => logger.error(message)),
  };
}

/** Writes to the console. Each line begins with `luge`. */
export const consoleLogger: Logger = {
  debug: (message) => console.debug(`luge: ${message}`),
  info: (message) => console.info(`luge: ${message}`),
  warn: (message) => console.warn(`luge: ${message}`),
  error: (message) => console.error(`luge: ${message}`),
};
