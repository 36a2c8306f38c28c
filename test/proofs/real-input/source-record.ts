/**
 * What a file or a program says of its records, read by plain JSON.parse and nothing of this package: the truth that
 * answers are held against.
 */
export type Lane = 'traces' | 'logs'
/** A whole number is a bigint, whether it came as an integer or a double: searches compare what they are worth. */
export type Scalar = string | bigint | number | boolean

/** `values`: the value, or the elements of a list; none of a map and of bytes, which only their key finds. */
export interface SourceAttribute {
  readonly key: string
  readonly values: readonly Scalar[]
}
export interface SourceRecord {
  readonly lane: Lane
  /** Of a span: trace and span id. Of a log record: what its line in an answer is known by. */
  readonly id: string
  readonly traceId: string
  /** Of a span its start. */
  readonly timeUnixNano: bigint
  /** Its own, its resource's, its scope's and its events'. */
  readonly attributes: readonly SourceAttribute[]
  /** Fields of a search that is no attribute, such as `kind` or `name`, and the word that finds it. */
  readonly fields: Readonly<Record<string, string>>
  readonly severityNumber: number
  /** The body of a log record, if it is a text. */
  readonly text: string
}

export type Json = Readonly<Record<string, unknown>>

export function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? (value as Json[]) : []
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

export function readAttributes(value: unknown): readonly SourceAttribute[] {
  return listOf(value).map((each) => ({ key: textOf(each['key']), values: readValues(each['value'] as Json) }))
}

function readValues(value: Json): readonly Scalar[] {
  const list = (value['arrayValue'] as Json | undefined)?.['values']
  return list === undefined ? readScalar(value) : listOf(list).flatMap(readScalar)
}

function readScalar({ stringValue, intValue, doubleValue, boolValue }: Json): readonly Scalar[] {
  if (typeof stringValue === 'string') return [stringValue]
  if (typeof boolValue === 'boolean') return [boolValue]
  if (intValue !== undefined) return [BigInt(intValue as string)]
  return typeof doubleValue === 'number' ? [worthOf(doubleValue)] : []
}

export function worthOf(double: number): bigint | number {
  return Number.isInteger(double) ? BigInt(double) : double
}
