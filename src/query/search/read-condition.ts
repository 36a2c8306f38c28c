/** Makes a condition of its three parts, whether they were typed or came as JSON; says which part is wrong, and why. */
import { utf8 } from '../../base/bytes.ts'
import { TOPIC_ATTRIBUTE } from '../../model/recording.ts'
import { wordsOf } from '../../wire/index/token.ts'
import {
  MAX_KEY_BYTES,
  MAX_TEXT_WORDS,
  MAX_VALUE_BYTES,
  type Condition,
  type Contains,
  type Order,
  type Scalar,
  type SearchLane,
  type Test,
  type TextTest,
  type ValueTest,
} from './condition.ts'
import { readNumber } from './number-value.ts'
import { DURATION_WORDS, readDuration } from './read-duration.ts'

export const OPERATORS = ['=', '!=', '<', '<=', '>', '>=', '~', '!~', 'exists', 'missing'] as const
export type Operator = (typeof OPERATORS)[number]

export interface RawCondition {
  readonly field: string
  /** The field is an attribute's key, whatever it is called. */
  readonly isAttribute: boolean
  readonly op: Operator
  /** Undefined for `exists` and `missing`. `bare` is what was typed without quotes, of any type. */
  readonly value: RawValue | undefined
}
export interface RawValue {
  readonly type: 'bare' | 'string' | 'number' | 'bool'
  readonly text: string
}
/** Throws what the form of the condition calls for. `onlyOf`: records of that lane alone have the field. */
export type Fail = (part: 'field' | 'op' | 'value', message: string, onlyOf?: SearchLane) => never

/** A condition whose negation was taken off. */
interface Plain extends RawCondition {
  readonly op: Exclude<Operator, '!=' | '!~' | 'missing'>
  readonly lane: SearchLane
  readonly fail: Fail
}

const OPPOSITES = { '!=': '=', '!~': '~', missing: 'exists' } as const

export function readCondition(raw: RawCondition, lane: SearchLane, fail: Fail): Condition {
  const { field, op, value } = raw
  if (value !== undefined && utf8(value.text).length > MAX_VALUE_BYTES) {
    fail('value', `a value has at most ${MAX_VALUE_BYTES} bytes`)
  }
  const isNegated = op === '!=' || op === '!~' || op === 'missing'
  const plain: Plain = { ...raw, op: isNegated ? OPPOSITES[op] : op, lane, fail }
  const read = raw.isAttribute || !Object.hasOwn(FIELDS, field) ? readAttributeTest : FIELDS[field]
  return { not: isNegated, test: (read as (raw: Plain) => Test)(plain) }
}

/** What is not one of these is the key of an attribute. */
const FIELDS: Readonly<Record<string, (raw: Plain) => Test>> = {
  name: (raw) => ({ on: 'name', value: textTest(raw) }),
  service: (raw) => ({ on: 'service', value: raw.op === 'exists' ? { is: 'exists' } : textTest(raw) }),
  module: (raw) => ({ on: 'module', value: textTest(raw) }),
  device: (raw) => ({ on: 'device', device: equalText(raw) }),
  session: (raw) => readAttributeTest({ ...raw, field: 'session.id' }),
  topic: readTopic,
  kind: (raw) => {
    requireLane(raw, 'traces')
    return { on: 'kind', kind: oneOf(raw, ['internal', 'server', 'client', 'producer', 'consumer']) }
  },
  status: (raw) => {
    requireLane(raw, 'traces')
    return { on: 'status', status: oneOf(raw, ['unset', 'ok', 'error']) }
  },
  duration: (raw) => {
    requireLane(raw, 'traces')
    const nanos = readDuration(valueOf(raw))
    if (nanos === undefined) return raw.fail('value', `a duration is ${DURATION_WORDS}`)
    return { on: 'duration', order: orderOf(raw), nanos }
  },
  severity: readSeverity,
  text: readText,
  trace: readTrace,
}

function readAttributeTest(raw: Plain): Test {
  const key = raw.field
  const bytes = utf8(key).length
  if (bytes === 0 || bytes > MAX_KEY_BYTES) raw.fail('field', `the key of an attribute has 1 to ${MAX_KEY_BYTES} bytes`)
  return { on: 'attribute', key, value: valueTest(raw) }
}

/** `=` is how it begins, as in a subscription. */
function readTopic(raw: Plain): Test {
  const key = TOPIC_ATTRIBUTE
  if (raw.op === 'exists') return { on: 'attribute', key, value: { is: 'exists' } }
  if (raw.op === '~') return { on: 'attribute', key, value: contains(raw) }
  return { on: 'attribute', key, value: { is: 'begins', text: equalText(raw) } }
}

function valueTest(raw: Plain): ValueTest {
  if (raw.op === 'exists') return { is: 'exists' }
  const text = valueOf(raw)
  if (raw.op === '~') return contains(raw)
  if (raw.op === '=') return { is: 'equal', value: scalarOf(raw.value as RawValue) }
  const number = raw.value?.type === 'string' || raw.value?.type === 'bool' ? undefined : readNumber(text)
  return number === undefined
    ? raw.fail('value', `${raw.op} compares with a number, such as ${raw.field}${raw.op}500`)
    : { is: 'ordered', order: raw.op, number }
}

function scalarOf({ type, text }: RawValue): Scalar {
  const number = type === 'bare' || type === 'number' ? readNumber(text) : undefined
  if (number !== undefined) return { type: 'number', text, number }
  const isBool = type === 'bool' || (type === 'bare' && (text === 'true' || text === 'false'))
  return isBool ? { type: 'bool', text, value: text === 'true' } : { type: 'string', text }
}

function textTest(raw: Plain): TextTest {
  return raw.op === '~' ? contains(raw) : { is: 'equal', text: equalText(raw) }
}

function contains(raw: Plain): Contains {
  const part = valueOf(raw).toLowerCase()
  return part === '' ? raw.fail('value', 'a part of a text is not empty') : { is: 'contains', part }
}

function equalText(raw: Plain): string {
  if (raw.op !== '=') raw.fail('op', `${raw.field} takes ${takes(raw, '=, !=')}`)
  return valueOf(raw)
}

function orderOf(raw: Plain): Order | '=' {
  const { op } = raw
  return op === '~' || op === 'exists' ? raw.fail('op', `${raw.field} takes =, !=, <, <=, > and >=`) : op
}

function takes({ field }: Plain, equality: string): string {
  if (field === 'name' || field === 'module') return `${equality}, ~ and !~`
  return field === 'service' || field === 'topic' ? `${equality}, ~, !~ and =* (it has one)` : `${equality} alone`
}

function oneOf<Word extends string>(raw: Plain, words: readonly Word[]): Word {
  const text = equalText(raw)
  return words.find((word) => word === text) ?? raw.fail('value', `${raw.field} is one of ${words.join(', ')}`)
}

const SEVERITY_WORDS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']
const NUMBERS_PER_WORD = 4
const MAX_SEVERITY = SEVERITY_WORDS.length * NUMBERS_PER_WORD

/** A word stands for its four numbers; `severity>warn` begins behind them. */
function readSeverity(raw: Plain): Test {
  requireLane(raw, 'logs')
  const [low, high] = severityNumbers(raw)
  switch (orderOf(raw)) {
    case '=':
      return { on: 'severity', from: low, to: high }
    case '<':
      return { on: 'severity', from: 1, to: low - 1 }
    case '<=':
      return { on: 'severity', from: 1, to: high }
    case '>':
      return { on: 'severity', from: high + 1, to: MAX_SEVERITY }
    case '>=':
      return { on: 'severity', from: low, to: MAX_SEVERITY }
  }
}

function severityNumbers(raw: Plain): readonly [number, number] {
  const text = valueOf(raw)
  const at = SEVERITY_WORDS.indexOf(text.toLowerCase())
  if (at >= 0) return [at * NUMBERS_PER_WORD + 1, (at + 1) * NUMBERS_PER_WORD]
  const number = /^\d{1,2}$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= MAX_SEVERITY) return [number, number]
  return raw.fail('value', `a severity is one of ${SEVERITY_WORDS.join(', ')}, or a number from 1 to ${MAX_SEVERITY}`)
}

function readText(raw: Plain): Test {
  if (raw.op === '~') return { on: 'text', value: contains(raw) }
  if (raw.op !== '=') raw.fail('op', 'text takes =, !=, ~ and !~')
  const words = wordsOf(valueOf(raw))
  if (words.length === 0 || words.length > MAX_TEXT_WORDS) {
    raw.fail('value', `a text has 1 to ${MAX_TEXT_WORDS} words of letters and digits; text~ finds other characters`)
  }
  return { on: 'text', value: { is: 'words', words } }
}

const TRACE_DIGITS = /^[0-9a-f]{4,32}$/

function readTrace(raw: Plain): Test {
  if (raw.op === 'exists') {
    requireLane(raw, 'logs')
    return { on: 'trace', digits: '' }
  }
  const digits = equalText(raw).toLowerCase()
  if (!TRACE_DIGITS.test(digits)) raw.fail('value', 'a trace is 4 to 32 hex digits, the first ones of its id')
  return { on: 'trace', digits }
}

function requireLane({ field, lane, fail }: Plain, wanted: SearchLane): void {
  if (lane === wanted) return
  const [of, other] = wanted === 'traces' ? ['spans', 'log records'] : ['log records', 'spans']
  fail('field', `only ${of} have a ${field}; an attribute of ${other} is written .${field}`, wanted)
}

function valueOf(raw: Plain): string {
  return raw.value?.text ?? raw.fail('op', `${raw.field} needs a value`)
}
