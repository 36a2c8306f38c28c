/**
 * The one base class of every error thrown on purpose.
 *
 * Callers branch on `code`, never on `message`; `message` is for people and may
 * change. `details` must be safe to log: ids, counts and limits, no payloads.
 */
export class MeshError<Code extends string = string> extends Error {
  readonly code: Code
  readonly details: Readonly<Record<string, string | number | boolean>>

  constructor(
    code: Code,
    message: string,
    options: { cause?: unknown; details?: Record<string, string | number | boolean> } = {},
  ) {
    super(message, { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.details = options.details ?? {}
  }
}

/** The stable code of a thrown value, or `INTERNAL` for anything that was not thrown on purpose. */
export function codeOf(err: unknown): string {
  return err instanceof MeshError ? err.code : 'INTERNAL'
}
