/** The data points of a metric in OTLP/JSON that cannot be written: so that each is left out alone. */
import { asObject, type JsonObject } from './json-value.ts'
import type { OtlpError } from './otlp-error.ts'
import type { Field } from './schema.ts'
import { METRIC } from './schema.ts'

export interface MendedJson {
  readonly metric: JsonObject
  readonly refused: readonly OtlpError[]
}

/**
 * The metric without its bad points; undefined if it has none.
 * @param whyNot says why a point, of this field, cannot be written
 * @throws {OtlpError} if `value` is no object
 */
export function withoutBadPoints(
  value: unknown,
  whyNot: (field: Field, point: unknown) => OtlpError | undefined,
): MendedJson | undefined {
  const refused: OtlpError[] = []
  const fields = Object.entries(asObject(value, METRIC.name)).map(([name, data]) => {
    const field = METRIC.byName.get(name)?.message?.byName.get('dataPoints')
    const points = pointsIn(data)
    if (field === undefined || points === undefined) return [name, data] as const
    const good = points.filter((point) => {
      const why = whyNot(field, point)
      if (why !== undefined) refused.push(why)
      return why === undefined
    })
    return [name, { ...(data as JsonObject), dataPoints: good }] as const
  })
  return refused.length > 0 ? { metric: Object.fromEntries(fields), refused } : undefined
}

/** Points of one kind of data, if it is one. */
export function pointsIn(data: unknown): readonly unknown[] | undefined {
  const points: unknown = (data as { readonly dataPoints?: unknown } | null)?.dataPoints
  return Array.isArray(points) ? points : undefined
}
