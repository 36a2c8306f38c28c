/**
 * Questions after every attribute and field of records: each key, each value of those that have few, a sample of the
 * others, pairs of conditions, and ranges of time.
 */
import type { Seeded } from '../../support/seeded.ts'
import { equals, has, isFoundBy, type Question } from './question.ts'
import { RecordSet } from './record-set.ts'
import type { Scalar, SourceRecord } from './source-record.ts'

/** Values of a key that are all asked for; of more, so many are. */
const FEW_VALUES = 12
const SAMPLED_VALUES = 8
const PAIRS = 25
const RANGES = 15
const NANOS_PER_MS = 1_000_000n

/** A record's number is its place in `records` and `first`. */
export function planQuestions(records: readonly SourceRecord[], first: number, random: Seeded): readonly Question[] {
  const single = [...byAttribute(records, first, random), ...byField(records, first, random)]
  return [...single, ...pairs(single, random)]
}

/** Between the times of two records. */
export function planRanges(records: readonly SourceRecord[], first: number, random: Seeded): readonly Question[] {
  return Array.from({ length: RANGES }, () => {
    const times = [random.pick(records), random.pick(records)].map(({ timeUnixNano }) => timeUnixNano / NANOS_PER_MS)
    const [since, until] = times.sort((a, b) => Number(a - b)) as [bigint, bigint]
    const isWithin = ({ timeUnixNano: at }: SourceRecord): boolean =>
      at >= since * NANOS_PER_MS && at < until * NANOS_PER_MS
    const wanted = RecordSet.of(records.flatMap((record, i) => (isWithin(record) ? [first + i] : [])))
    return { filter: '', sinceUnixMs: Number(since), untilUnixMs: Number(until), wanted }
  })
}

type Numbers = Map<Scalar, number[]>

function byAttribute(records: readonly SourceRecord[], first: number, random: Seeded): readonly Question[] {
  const keys = new Map<string, { readonly all: number[]; readonly values: Numbers }>()
  for (const [i, { attributes }] of records.entries()) {
    for (const { key, values } of attributes) {
      const known = keys.get(key) ?? { all: [], values: new Map<Scalar, number[]>() }
      keys.set(key, known)
      known.all.push(first + i)
      for (const value of values) note(known.values, value, first + i)
    }
  }
  return [...keys].flatMap(([key, { all, values }]) => [
    { filter: has(key), wanted: RecordSet.of(all) },
    ...chosen([...values.keys()], random).map((value) => ({
      filter: equals(key, value),
      wanted: foundBy(value, values),
    })),
  ])
}

function byField(records: readonly SourceRecord[], first: number, random: Seeded): readonly Question[] {
  const fields = new Map<string, Numbers>()
  for (const [i, record] of records.entries()) {
    for (const [field, word] of Object.entries(record.fields)) {
      const known = fields.get(field) ?? new Map<Scalar, number[]>()
      fields.set(field, known)
      note(known, word, first + i)
    }
  }
  return [...fields].flatMap(([field, words]) =>
    chosen([...words.keys()], random).map((word) => ({
      filter: `${field}=${JSON.stringify(word)}`,
      wanted: RecordSet.of(words.get(word) ?? []),
    })),
  )
}

function note(numbers: Numbers, value: Scalar, number: number): void {
  const list = numbers.get(value)
  if (list === undefined) numbers.set(value, [number])
  else list.push(number)
}

function foundBy(asked: Scalar, values: Numbers): RecordSet {
  const found = new RecordSet()
  for (const [value, list] of values) if (isFoundBy(asked, value)) for (const number of list) found.add(number)
  return found
}

function chosen<T>(all: readonly T[], random: Seeded): readonly T[] {
  if (all.length <= FEW_VALUES) return all
  return [...new Set(Array.from({ length: SAMPLED_VALUES }, () => random.pick(all)))]
}

/** Two conditions that both have to hold. */
function pairs(single: readonly Question[], random: Seeded): readonly Question[] {
  return Array.from({ length: PAIRS }, () => {
    const [one, other] = [random.pick(single), random.pick(single)]
    return { filter: `${one.filter} ${other.filter}`, wanted: one.wanted.and(other.wanted) }
  })
}
