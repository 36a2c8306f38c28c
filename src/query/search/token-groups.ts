/**
 * What a stored chunk must contain for one of its records to match: of every group at least one token. Tokens only say
 * "maybe": whoever opens the chunk checks every record. A condition that no token stands for has no group.
 */
import { idBytes, type TraceId } from '../../model/ids.ts'
import {
  boolToken,
  doubleToken,
  EVENT_NAMES_SINCE,
  intToken,
  keyToken,
  nameToken,
  severityToken,
  spanKindToken,
  statusToken,
  stringToken,
  traceToken,
  wordToken,
  type Token,
} from '../../wire/index/token.ts'
import type { Condition, NumberValue, Scalar, SearchLane, Test, ValueTest } from './condition.ts'

const SERVICE_KEY = 'service.name'
const TRACE_DIGITS = 32
/** What an attribute's integer can be. */
const MIN_INT = -(2n ** 63n)
const MAX_INT = 2n ** 63n - 1n
/** By OpenTelemetry's numbers. `internal` and `unset` are not here: they also stand for numbers nobody knows. */
const KINDS: Readonly<Record<string, number>> = { server: 2, client: 3, producer: 4, consumer: 5 }
const STATUSES: Readonly<Record<string, number>> = { ok: 1, error: 2 }

/** @param indexVersion what the chunks' tokens were made by: what has none in it has no group */
export function tokenGroups(
  conditions: readonly Condition[],
  lane: SearchLane,
  indexVersion: number,
): readonly (readonly Token[])[] {
  return conditions.flatMap(({ not, test }) => (not ? [] : groupsOf(test, lane, indexVersion)))
}

function groupsOf(test: Test, lane: SearchLane, indexVersion: number): readonly (readonly Token[])[] {
  switch (test.on) {
    case 'attribute':
      return [valueTokens(test.key, test.value)]
    case 'service':
      return [test.value.is === 'equal' ? [stringToken(SERVICE_KEY, test.value.text)] : [keyToken(SERVICE_KEY)]]
    case 'name':
      if (test.value.is !== 'equal') return []
      // A log record without an event has no name, and no token of it.
      if (lane === 'logs' && (indexVersion < EVENT_NAMES_SINCE || test.value.text === '')) return []
      return [[nameToken(test.value.text)]]
    case 'kind':
      return oneOrNone(KINDS[test.kind], spanKindToken)
    case 'status':
      return oneOrNone(STATUSES[test.status], statusToken)
    case 'severity':
      return [Array.from({ length: Math.max(0, test.to - test.from + 1) }, (_, i) => severityToken(test.from + i))]
    case 'text':
      // Of texts, those of log bodies are indexed.
      return lane === 'logs' && test.value.is === 'words' ? test.value.words.map((word) => [wordToken(word)]) : []
    case 'trace':
      return lane === 'logs' && test.digits.length === TRACE_DIGITS
        ? [[traceToken(idBytes(test.digits as TraceId))]]
        : []
    case 'module':
    case 'device':
    case 'duration':
      return [] // the chunk's own: see SearchScope
  }
}

function valueTokens(key: string, value: ValueTest): readonly Token[] {
  return value.is === 'equal' ? scalarTokens(key, value.value) : [keyToken(key)]
}

function scalarTokens(key: string, scalar: Scalar): readonly Token[] {
  const asText = stringToken(key, scalar.text)
  switch (scalar.type) {
    case 'string':
      return [asText]
    case 'bool':
      return [boolToken(key, scalar.value), asText]
    case 'number':
      return [...numberTokens(key, scalar.number), asText]
  }
}

function numberTokens(key: string, number: NumberValue): readonly Token[] {
  const double = Number(number)
  // oxlint-disable-next-line eslint/eqeqeq -- the same number, whatever its type
  const doubles = double == number ? [doubleToken(key, double)] : []
  const zeros = double === 0 ? [doubleToken(key, -double)] : []
  const isInt = typeof number === 'bigint' && number >= MIN_INT && number <= MAX_INT
  return [...doubles, ...zeros, ...(isInt ? [intToken(key, number)] : [])]
}

function oneOrNone(number: number | undefined, token: (number: number) => Token): readonly (readonly Token[])[] {
  return number === undefined ? [] : [[token(number)]]
}
