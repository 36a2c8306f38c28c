/** Large answers as JSON, in steps and without ever being one string, which could be longer than the engine allows. */
import { concat, utf8 } from '../../base/bytes.ts'
import type { Steps } from '../../base/steps.ts'

/** Rows of a list made between two yields. */
const ROWS_PER_STEP = 512

/** UTF-8 of what `JSON.stringify` says of an object with lists in it; no field or row may be undefined. */
export function* jsonInSteps(value: object): Steps<Uint8Array> {
  const parts: Uint8Array[] = []
  let separator = '{'
  for (const [name, field] of Object.entries(value) as [string, unknown][]) {
    parts.push(utf8(`${separator}${JSON.stringify(name)}:`))
    separator = ','
    if (!Array.isArray(field)) {
      parts.push(utf8(JSON.stringify(field)))
      continue
    }
    for (let at = 0; at < field.length; at += ROWS_PER_STEP) {
      const rows = JSON.stringify(field.slice(at, at + ROWS_PER_STEP))
      parts.push(utf8(`${at === 0 ? '[' : ','}${rows.slice(1, -1)}`))
      yield
    }
    parts.push(utf8(field.length === 0 ? '[]' : ']'))
  }
  return concat(...parts, utf8(separator === '{' ? '{}' : '}'))
}
