/** Reads the fields of a request's JSON: typed values, or an error that names the field. */
import { LANES, isLane, STORED_LANES, type Lane, type StoredLane } from '../model/lane.ts'
import { isStage, type Stage } from '../model/stage.ts'
import { isWithin, type Bounds } from '../policy/retention.ts'
import { HttpError } from './http-server.ts'

type Fields = Readonly<Record<string, unknown>>

export function textField(fields: Fields, name: string, maxBytes: number): string {
  const value = fields[name]
  if (typeof value !== 'string') throw bad(name, 'is a text')
  if (Buffer.byteLength(value) > maxBytes) throw bad(name, `has at most ${maxBytes} bytes`)
  return value
}

export function optionalText(fields: Fields, name: string, maxBytes: number): string | undefined {
  return fields[name] === undefined || fields[name] === null ? undefined : textField(fields, name, maxBytes)
}

export function textList(
  fields: Fields,
  name: string,
  maxCount: number,
  maxBytes: number,
): readonly string[] | undefined {
  const value = fields[name]
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value) || value.length === 0 || value.length > maxCount) {
    throw bad(name, `is a list of 1 to ${maxCount} texts`)
  }
  return value.map((item: unknown) => textField({ [name]: item }, name, maxBytes))
}

export function lanesField(fields: Fields, name: string): readonly Lane[] {
  const lanes = textList(fields, name, LANES.length, 32) ?? []
  const unknown = lanes.find((lane) => !isLane(lane))
  if (lanes.length === 0 || unknown !== undefined) throw bad(name, `names some of ${LANES.join(', ')}`)
  return lanes as readonly Lane[]
}

export function storedLaneField(fields: Fields, name: string): StoredLane {
  const known = STORED_LANES.find((lane) => lane === fields[name])
  if (known === undefined) throw bad(name, `is one of ${STORED_LANES.join(', ')}`)
  return known
}

export function numberField(fields: Fields, name: string, bounds: Bounds): number | undefined {
  const value = fields[name]
  if (value === undefined || value === null) return undefined
  if (!isWithin(value, bounds)) throw bad(name, `is a whole number from ${bounds.least} to ${bounds.most}`)
  return value
}

/** What a person names by a number, in the path. */
export function numberParam(params: Readonly<Record<string, string>>, name: string): number {
  const text = params[name] ?? ''
  if (!/^\d{1,15}$/.test(text)) throw new HttpError('HTTP_BAD_FIELD', `a ${name} is named by its number`)
  return Number(text)
}

export function stageField(fields: Fields, name: string): Stage {
  const value = fields[name]
  if (!isStage(value)) throw bad(name, 'is casual, pro or developer')
  return value
}

/** Unix milliseconds from a whole number; undefined if the field is absent. */
export function timeField(fields: Fields, name: string): number | undefined {
  const value = fields[name]
  if (value === undefined || value === null) return undefined
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw bad(name, 'is a time in Unix milliseconds')
  return value as number
}

export function bad(name: string, rule: string): HttpError {
  return new HttpError('HTTP_BAD_FIELD', `${name} ${rule}`, { details: { field: name } })
}
