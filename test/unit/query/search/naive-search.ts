/** The rules of docs/spec/search.md once more, in the plainest words there are, on decoded records: what the fast way must equal. */
import type {
  Condition,
  NumberValue,
  Order,
  Scalar,
  Test,
  TextTest,
  ValueTest,
} from '../../../../src/query/search/condition.ts'
import type { ChunkOrigin } from '../../../../src/query/search/record-filter.ts'
import type { RecordQuery } from '../../../../src/query/search/search-query.ts'
import { wordsOf } from '../../../../src/wire/index/token.ts'
import type { Attributes, AttributeValue } from '../../../../src/wire/otlp/attributes.ts'
import type { DecodedLogRecord } from '../../../../src/wire/otlp/decode-logs.ts'
import type { DecodedSpan } from '../../../../src/wire/otlp/decode-traces.ts'

interface Facts {
  readonly time: bigint
  readonly name: string
  readonly attributes: Attributes
  readonly services: Attributes
  readonly texts: readonly string[]
  readonly traceId: string | undefined
  readonly kind?: string
  readonly status?: string
  readonly duration?: bigint
  readonly severity?: number
}

export function spanFacts(span: DecodedSpan): Facts {
  const { startUnixNano: start, endUnixNano: end } = span
  return {
    time: start,
    name: span.name,
    attributes: [
      ...span.attributes,
      ...span.resource.attributes,
      ...span.scope.attributes,
      ...span.events.flatMap((event) => event.attributes),
    ],
    services: span.resource.attributes,
    texts: [
      span.name,
      span.status.message,
      ...span.events.flatMap((event) => [event.name, ...event.attributes.flatMap(({ value }) => textsIn(value))]),
    ],
    traceId: span.traceId,
    kind: ['internal', 'internal', 'server', 'client', 'producer', 'consumer'][span.kind] ?? 'internal',
    status: ['unset', 'ok', 'error'][span.status.code] ?? 'unset',
    duration: end > start ? end - start : 0n,
  }
}

export function logFacts(log: DecodedLogRecord): Facts {
  return {
    time: log.timeUnixNano === 0n ? log.observedUnixNano : log.timeUnixNano,
    name: log.eventName,
    attributes: [...log.attributes, ...log.resource.attributes, ...log.scope.attributes],
    services: log.resource.attributes,
    texts: textsIn(log.body),
    traceId: log.traceId,
    severity: log.severityNumber,
  }
}

export function matches(facts: Facts, origin: ChunkOrigin, query: RecordQuery): boolean {
  const { fromUnixNano: from, toUnixNano: to } = query
  if (from !== undefined && facts.time < from) return false
  if (to !== undefined && facts.time >= to) return false
  return query.conditions.every(({ not, test }: Condition) => holds(test, facts, origin) !== not)
}

function holds(test: Test, facts: Facts, { deviceId, module }: ChunkOrigin): boolean {
  switch (test.on) {
    case 'attribute':
      return facts.attributes.some(({ key, value }) => key === test.key && holdsValue(value, test.value))
    case 'service':
      return facts.services.some(
        ({ key, value }) => key === 'service.name' && holdsValue(value, asValueTest(test.value)),
      )
    case 'name':
      return holdsText(facts.name, test.value)
    case 'module':
      return holdsText(module, test.value)
    case 'device':
      return deviceId.startsWith(test.device)
    case 'kind':
      return facts.kind === test.kind
    case 'status':
      return facts.status === test.status
    case 'duration':
      return facts.duration !== undefined && compare(facts.duration, test.order, test.nanos)
    case 'severity':
      return facts.severity !== undefined && facts.severity >= test.from && facts.severity <= test.to
    case 'text': {
      const { value } = test
      return facts.texts.some((text) =>
        value.is === 'contains'
          ? text.toLowerCase().includes(value.part)
          : ` ${wordsOf(text).join(' ')} `.includes(` ${value.words.join(' ')} `),
      )
    }
    case 'trace':
      return ['', '0'.repeat(16)].some((zeros) => facts.traceId?.startsWith(zeros + test.digits))
  }
}

function holdsValue(value: AttributeValue, test: ValueTest): boolean {
  if (test.is === 'exists') return true
  const values = Array.isArray(value) ? (value as readonly AttributeValue[]) : [value]
  return values.some((each) => holdsSingle(each, test))
}

function holdsSingle(value: AttributeValue, test: Exclude<ValueTest, { is: 'exists' }>): boolean {
  switch (test.is) {
    case 'contains':
      return typeof value === 'string' && value.toLowerCase().includes(test.part)
    case 'equal':
      return equals(value, test.value)
    case 'begins':
      return typeof value === 'string' && value.startsWith(test.text)
    case 'ordered':
      if (typeof value === 'string') {
        const isNumber = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value) && value.length <= 32
        if (!isNumber) return false
        return compare(/^-?\d+$/.test(value) ? BigInt(value) : Number(value), test.order, test.number)
      }
      return (typeof value === 'bigint' || typeof value === 'number') && compare(value, test.order, test.number)
  }
}

function equals(value: AttributeValue, scalar: Scalar): boolean {
  if (value === scalar.text) return true
  if (scalar.type === 'number' && (typeof value === 'bigint' || typeof value === 'number')) {
    return compare(value, '=', scalar.number)
  }
  return scalar.type === 'bool' && value === scalar.value
}

function compare(a: NumberValue, order: Order | '=', b: NumberValue): boolean {
  if (order === '=') return !(a < b) && !(a > b) && !Number.isNaN(a)
  if (order === '<') return a < b
  if (order === '<=') return a <= b
  return order === '>' ? a > b : a >= b
}

function holdsText(text: string, test: TextTest): boolean {
  return test.is === 'equal' ? text === test.text : text.toLowerCase().includes(test.part)
}

function asValueTest(test: TextTest | { readonly is: 'exists' }): ValueTest {
  return test.is === 'equal' ? { is: 'equal', value: { type: 'string', text: test.text } } : test
}

function textsIn(value: AttributeValue): readonly string[] {
  return typeof value === 'string' ? [value] : []
}
