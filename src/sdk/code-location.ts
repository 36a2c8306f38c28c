/** Where in a module's code a record was written: OpenTelemetry's `code.*` attributes. Costs some microseconds, so only when asked for. */
import { fileURLToPath } from 'node:url'

/** A frame of V8's: a name if there is one, then where. */
const FRAME = /^\s*at (?:(?<name>.+?) \()?(?<file>(?:file:\/\/|\/|[A-Za-z]:\\|node:).*?):(?<line>\d+):\d+\)?$/

/**
 * @param below the function whose caller is asked for
 * @param further how many callers further up
 */
export function callerOf(below: (...args: never[]) => unknown, further = 0): Readonly<Record<string, string | number>> {
  const holder: { stack?: string } = {}
  const limit = Error.stackTraceLimit
  try {
    Error.stackTraceLimit = 1 + further
    Error.captureStackTrace(holder, below)
    return readFrame(String(holder.stack).split('\n')[1 + further] ?? '')
  } catch {
    return {} // stacks are made by a function of the module's own, which threw
  } finally {
    Error.stackTraceLimit = limit
  }
}

export function readFrame(frame: string): Readonly<Record<string, string | number>> {
  const { name, file, line } = FRAME.exec(frame)?.groups ?? {}
  if (file === undefined) return {}
  const path = file.startsWith('file://') ? pathOf(file) : file
  return {
    ...(name !== undefined && { 'code.function.name': name.replace(/^async /, '') }),
    'code.file.path': path,
    'code.line.number': Number(line),
  }
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    return url
  }
}
