/** The part of pino that this codebase uses for its own log. Fields carry ids, codes and counts, never payloads. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
