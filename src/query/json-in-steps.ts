/** Large answers as JSON, in steps: the rows of a list are made some at a time. */
import type { Steps } from '../base/steps.ts'
import { utf8 } from '../base/bytes.ts'
import { JsonBytes } from './json-bytes.ts'

/** Rows of a list made between two yields. */
const ROWS_PER_STEP = 512

/** UTF-8 of what `JSON.stringify` says of an object with lists in it, in parts; no field or row may be undefined. */
export function* jsonInSteps(value: object): Steps<readonly Uint8Array[]> {
  const json = new JsonBytes()
  json.raw(utf8('{'))
  yield* writeFields(json, value)
  json.raw(utf8('}'))
  return json.parts()
}

/** The inside of an object. */
export function* writeFields(json: JsonBytes, value: object): Steps<void> {
  for (const [i, [name, field]] of Object.entries(value).entries()) {
    json.raw(utf8(`${i === 0 ? '' : ','}${JSON.stringify(name)}:`))
    if (Array.isArray(field)) yield* writeList(json, field)
    else json.value(field)
  }
}

function* writeList(json: JsonBytes, rows: readonly unknown[]): Steps<void> {
  json.raw(utf8('['))
  for (let at = 0; at < rows.length; at += ROWS_PER_STEP) {
    const text = JSON.stringify(rows.slice(at, at + ROWS_PER_STEP))
    json.raw(utf8(`${at === 0 ? '' : ','}${text.slice(1, -1)}`))
    yield
  }
  json.raw(utf8(']'))
}
