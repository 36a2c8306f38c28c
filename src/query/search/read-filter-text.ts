/**
 * The text form of conditions, as people type it (docs/spec/search.md): `service=frontend duration>200ms "connection
 * refused"`. All of them have to hold. Time is linear in the text; every complaint names the column it is about.
 */
import { MAX_CONDITIONS, type Condition, type SearchLane } from './condition.ts'
import { readCondition, type Fail, type Operator, type RawCondition, type RawValue } from './read-condition.ts'
import { readTime, TIME_WORDS } from './read-duration.ts'
import { SearchError } from './search-error.ts'

/** Longest filter, in UTF-16 units: a few screens. */
export const MAX_FILTER_CHARS = 4096

export interface FilterText {
  readonly conditions: readonly Condition[]
  /** From `time>=`, `time>`; nanoseconds since 1970. */
  readonly fromUnixNano: bigint | undefined
  /** From `time<`, `time<=`: the first moment that is not meant any more. */
  readonly toUnixNano: bigint | undefined
}

/** @throws {SearchError} `SEARCH_FILTER` */
export function readFilterText(text: string, lane: SearchLane, nowUnixMs: number): FilterText {
  if (text.length > MAX_FILTER_CHARS) {
    throw new SearchError('SEARCH_FILTER', `a filter has at most ${MAX_FILTER_CHARS} characters`)
  }
  const conditions: Condition[] = []
  let fromUnixNano: bigint | undefined
  let toUnixNano: bigint | undefined
  for (const term of new Terms(text).all()) {
    if (!term.raw.isAttribute && term.raw.field === 'time') {
      const range = readTimeTerm(term, nowUnixMs)
      fromUnixNano = latest(fromUnixNano, range.from)
      toUnixNano = earliest(toUnixNano, range.to)
      continue
    }
    if (conditions.length === MAX_CONDITIONS) term.fail('field', `a search has at most ${MAX_CONDITIONS} conditions`)
    conditions.push(readCondition(term.raw, lane, term.fail))
  }
  return { conditions, fromUnixNano, toUnixNano }
}

interface Term {
  readonly raw: RawCondition
  readonly fail: Fail
}

const SPACE = /\s/
const OPERATOR_START = /[=!<>~]/
/** The longer ones first. */
const TYPED_OPERATORS: readonly Operator[] = ['!=', '!~', '<=', '>=', '=', '<', '>', '~']
/** Words other languages join conditions with; to find one of them, it is put in quotes. */
const JOINING_WORDS: Readonly<Record<string, string>> = {
  AND: 'all conditions have to hold: leave AND out',
  OR: 'there is no OR: search twice',
  NOT: 'there is no NOT: write !=, !~ or =* with a !',
}

class Terms {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  *all(): Generator<Term> {
    for (;;) {
      while (SPACE.test(this.#here())) this.#at++
      if (this.#here() === '') return
      yield this.#term()
    }
  }

  #term(): Term {
    const fieldAt = this.#at
    const first = this.#word((char) => OPERATOR_START.test(char))
    const opAt = this.#at
    const op = this.#operator()
    if (op === undefined) return this.#textTerm(first, fieldAt)
    const valueAt = this.#at
    const starts = { field: fieldAt, op: opAt, value: valueAt }
    const value = this.#word(() => false)
    if (value.text === '' && value.type === 'bare') this.#fail(valueAt, `a value is missing behind ${op}`)
    if (first.text === '') this.#fail(fieldAt, `a field is missing before ${op}`)
    const fail: Fail = (part, message, onlyOf) => this.#fail(starts[part], message, onlyOf)
    return { raw: toRaw(first, op, value), fail }
  }

  #textTerm(value: RawValue, at: number): Term {
    const joining = value.type === 'bare' ? JOINING_WORDS[value.text] : undefined
    if (joining !== undefined) this.#fail(at, joining)
    const fail: Fail = (_part, message) => this.#fail(at, message)
    return { raw: { field: 'text', isAttribute: false, op: '=', value: { ...value, type: 'string' } }, fail }
  }

  #operator(): Operator | undefined {
    const op = TYPED_OPERATORS.find((each) => this.#text.startsWith(each, this.#at))
    this.#at += op?.length ?? 0
    return op
  }

  /** A quoted text, or everything up to a space or where `ends` says so. */
  #word(ends: (char: string) => boolean): RawValue {
    const quote = this.#here()
    if (quote === '"' || quote === "'") return { type: 'string', text: this.#quoted(quote) }
    const start = this.#at
    for (let char = this.#here(); char !== '' && !SPACE.test(char) && !ends(char); char = this.#here()) this.#at++
    return { type: 'bare', text: this.#text.slice(start, this.#at) }
  }

  #quoted(quote: string): string {
    const start = this.#at++
    const parts: string[] = []
    for (let from = this.#at; ; this.#at++) {
      const char = this.#here()
      if (char === '') this.#fail(start, 'this quote is not closed')
      if (char !== quote && char !== '\\') continue
      parts.push(this.#text.slice(from, this.#at))
      if (char === quote) break
      this.#at++ // a backslash takes the next character as it is
      from = this.#at
    }
    this.#at++
    const next = this.#here()
    if (next !== '' && !SPACE.test(next) && !OPERATOR_START.test(next)) {
      this.#fail(this.#at, 'a space is missing behind the quote')
    }
    return parts.join('')
  }

  #here(): string {
    return this.#text.charAt(this.#at)
  }

  #fail(at: number, message: string, onlyOf?: SearchLane): never {
    const column = Array.from(this.#text.slice(0, at)).length + 1
    const details = onlyOf === undefined ? { column } : { column, onlyOf }
    throw new SearchError('SEARCH_FILTER', `column ${column}: ${message}`, { details })
  }
}

/** `=*` and `!=*` ask whether there is any; a leading dot or quotes say that an attribute is meant. */
function toRaw(field: RawValue, op: Operator, value: RawValue): RawCondition {
  const isAttribute = field.type === 'string' || field.text.startsWith('.')
  const name = field.type === 'bare' && isAttribute ? field.text.slice(1) : field.text
  const isAny = value.type === 'bare' && value.text === '*'
  if (isAny && op === '=') return { field: name, isAttribute, op: 'exists', value: undefined }
  if (isAny && op === '!=') return { field: name, isAttribute, op: 'missing', value: undefined }
  return { field: name, isAttribute, op, value }
}

function readTimeTerm({ raw, fail }: Term, nowUnixMs: number): { readonly from?: bigint; readonly to?: bigint } {
  const time = readTime(raw.value?.text ?? '', nowUnixMs)
  if (time === undefined) return fail('value', `a time is ${TIME_WORDS}`)
  switch (raw.op) {
    case '>=':
      return { from: time }
    case '>':
      return { from: time + 1n }
    case '<':
      return { to: time }
    case '<=':
      return { to: time + 1n }
    default:
      return fail('op', 'time takes <, <=, > and >=')
  }
}

function latest(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a
}

function earliest(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a
}
