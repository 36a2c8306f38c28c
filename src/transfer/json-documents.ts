/**
 * Takes JSON files apart: documents of any size, one a line or written over many lines, into the elements of the lists
 * that hold records (`{"resourceSpans": [element, ...]}`), each small enough to be parsed at once.
 *
 * Follows brackets and strings only; whoever parses an element judges the rest. Where brackets do not fit, what is open is
 * given up, and reading goes on at the next line that is not indented: one broken line does not lose the file.
 */
import { MAX_JSON_DEPTH, MAX_OTLP_BYTES } from '../wire/otlp/limits.ts'
import { PendingBytes } from '../wire/pending-bytes.ts'
import type { Problem } from './found.ts'

/** Lists whose elements are handed out: OTLP's, and Jaeger's. */
const RECORD_LISTS = ['resourceSpans', 'resourceLogs', 'resourceMetrics', 'data'] as const
export type RecordList = (typeof RECORD_LISTS)[number]

/** `line` is where it begins, from 1. Bytes are a view, good until the next push. */
export type JsonPart =
  | { readonly kind: 'element'; readonly list: RecordList; readonly line: number; readonly bytes: Uint8Array }
  | { readonly kind: 'problem'; readonly line: number; readonly problem: Problem }

const [NEWLINE, QUOTE, BACKSLASH, COMMA, COLON] = [0x0a, 0x22, 0x5c, 0x2c, 0x3a]
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d]
const BOM = [0xef, 0xbb, 0xbf]
const SPACES: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d])
/** What the value of a list begins with: a bracket, or that of `null`, which stands for none (proto3 JSON). */
const LIST_VALUES: ReadonlySet<number> = new Set([0x5b, 0x6e])
/** What may stand before a text. */
const BEFORE_TEXT: ReadonlySet<number> = new Set([COLON, COMMA, OPEN_BRACKET, OPEN_BRACE])
/** What may stand between the elements of a list, which are objects, and at both its ends. */
const IN_LIST_BYTES: ReadonlySet<number> = new Set([COMMA, OPEN_BRACE, CLOSE_BRACKET])
/** Longest name worth keeping, in bytes: that of no list is longer. */
const MAX_NAME_BYTES = 16
/** Depth within the root, within a list of it, and within an element of that. */
const [IN_ROOT, IN_LIST, IN_ELEMENT] = [1, 2, 3]

export class JsonDocuments {
  /** The list that was found last. */
  list: RecordList | undefined
  readonly #open = new Uint8Array(MAX_JSON_DEPTH)
  readonly #pending = new PendingBytes()
  /** `lost`: given up, until a line begins with a brace. */
  #state: 'token' | 'string' | 'lost' = 'token'
  #depth = 0
  #line = 1
  /** The last byte of what was pushed before; a file begins as a line does. */
  #before = NEWLINE
  /** The last byte of a token, that of a string being its first quote; 0 at the beginning of a document. */
  #last = 0
  #lastLine = 1
  /** The line on which something was given up last. */
  #toldLine = 0
  #isEscaped = false
  #isName = false
  #name = ''
  /** The name in the root that was read last is that of a list of records. */
  #namesList = false
  #hasNames = false
  /** One of its names is that of a list of records, whatever its value. */
  #isKnown = false
  #isInList = false
  #element: { readonly line: number; isTooLarge: boolean } | undefined;

  *push(bytes: Uint8Array): Generator<JsonPart> {
    let at = this.#line === 1 && this.#before === NEWLINE && BOM.every((byte, i) => bytes[i] === byte) ? BOM.length : 0
    let elementAt = 0
    while (at < bytes.length) {
      if (this.#state === 'lost') {
        at = this.#seekDocument(bytes, at)
        continue
      }
      const hadElement = this.#element !== undefined
      const next = this.#state === 'string' ? this.#passString(bytes, at) : this.#passToken(bytes[at] as number, at)
      if (typeof next !== 'number') {
        yield this.#giveUp(next)
        continue
      }
      if (!hadElement && this.#element !== undefined) elementAt = at
      at = next
      if (this.#element !== undefined && this.#depth < IN_ELEMENT)
        yield this.#finishElement(bytes.subarray(elementAt, at))
      if (this.#depth === 0 && this.#last !== 0) yield* this.#finishDocument()
    }
    if (this.#element !== undefined) this.#keep(bytes.subarray(elementAt))
    this.#before = bytes.at(-1) ?? this.#before
  }

  *finish(): Generator<JsonPart> {
    if (this.#state !== 'lost' && this.#depth > 0) yield this.#giveUp(problem('the file ends inside a document'))
  }

  /** @returns where to go on, or what is wrong with this byte */
  #passToken(byte: number, at: number): number | Problem {
    if (byte === NEWLINE) this.#line++
    if (SPACES.has(byte)) return at + 1
    const last = this.#last
    const isListValue = this.#namesList && this.#depth === IN_ROOT && last === COLON
    if (isListValue && !LIST_VALUES.has(byte)) return problem('a list of records is no list')
    if (this.#isInList && this.#depth === IN_LIST && !IN_LIST_BYTES.has(byte)) return problem('an element is no object')
    if (byte === QUOTE) {
      if (this.#depth === 0 || !BEFORE_TEXT.has(last)) return problem('a text stands where none may')
      this.#startString(last)
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (!this.#mayOpen(byte)) return problem('brackets do not fit')
      if (this.#depth === MAX_JSON_DEPTH) return problem(`it nests deeper than ${MAX_JSON_DEPTH}`)
      this.#enter(byte)
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      const opened = byte === CLOSE_BRACE ? OPEN_BRACE : OPEN_BRACKET
      if (this.#depth === 0 || this.#open[this.#depth - 1] !== opened) return problem('brackets do not fit')
      this.#depth--
      if (this.#depth < IN_LIST) this.#isInList = false
    } else if (this.#depth === 0) {
      return problem('not a JSON document')
    }
    this.#last = byte
    this.#lastLine = this.#line
    return at + 1
  }

  /** In an object behind a colon; in a list at its beginning and behind a comma. */
  #mayOpen(bracket: number): boolean {
    if (this.#depth === 0) return bracket === OPEN_BRACE
    if (this.#open[this.#depth - 1] === OPEN_BRACE) return this.#last === COLON
    return this.#last === COMMA || this.#last === OPEN_BRACKET
  }

  #startString(last: number): void {
    this.#state = 'string'
    this.#isName = this.#depth === IN_ROOT && last !== COLON
    if (!this.#isName) return
    this.#hasNames = true
    this.#namesList = false
    this.#name = ''
  }

  /** Up to the end of a string, or of the bytes. Most bytes of a file are in strings: this is what has to be fast. */
  #passString(bytes: Uint8Array, from: number): number | Problem {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at] as number
      if (byte === NEWLINE) return problem('a text does not end on its line')
      if (this.#isEscaped) this.#isEscaped = false
      else if (byte === BACKSLASH) this.#isEscaped = true
      else if (byte === QUOTE) {
        this.#state = 'token'
        if (this.#isName) this.#namesList = listNamed(this.#name) !== undefined
        this.#isKnown ||= this.#namesList
        return at + 1
      }
      if (this.#isName && this.#name.length < MAX_NAME_BYTES) this.#name += String.fromCharCode(byte)
    }
    return bytes.length
  }

  #enter(bracket: number): void {
    this.#open[this.#depth++] = bracket
    if (this.#depth === IN_LIST && bracket === OPEN_BRACKET) {
      const list = listNamed(this.#name)
      if (list === undefined) return
      this.list = list
      this.#isInList = true
    } else if (this.#isInList && this.#depth === IN_ELEMENT) {
      this.#element = { line: this.#line, isTooLarge: false }
    }
  }

  #finishElement(rest: Uint8Array): JsonPart {
    this.#keep(rest)
    const { line, isTooLarge } = this.#element as { line: number; isTooLarge: boolean }
    const bytes = this.#pending.view()
    this.#forgetElement()
    if (isTooLarge) return { kind: 'problem', line, problem: tooLarge() }
    return { kind: 'element', list: this.list as RecordList, line, bytes }
  }

  *#finishDocument(): Generator<JsonPart> {
    // `{}` is a message without records; other names alone are another program's.
    if (this.#hasNames && !this.#isKnown) {
      yield { kind: 'problem', line: this.#lastLine, problem: problem('neither OTLP nor Jaeger: no list of records') }
    }
    this.#startDocument()
  }

  #startDocument(): void {
    this.#depth = this.#last = 0
    this.#hasNames = this.#isKnown = this.#isInList = this.#isEscaped = this.#namesList = false
  }

  /** The byte that does not fit may begin a line that does. */
  #giveUp(why: Problem): JsonPart {
    const line = this.#element?.line ?? (this.#depth > 0 ? this.#lastLine : this.#line)
    this.#forgetElement()
    this.#state = 'lost'
    this.#toldLine = this.#line
    return { kind: 'problem', line, problem: why }
  }

  #seekDocument(bytes: Uint8Array, from: number): number {
    let before = from === 0 ? this.#before : bytes[from - 1]
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at] as number
      if (before === NEWLINE && this.#mayBegin(byte)) {
        this.#state = 'token'
        this.#startDocument()
        return at
      }
      if (byte === NEWLINE) this.#line++
      before = byte
    }
    return bytes.length
  }

  /** A line that begins with a brace is a document; any other, unless it is part of one, is told to be none. */
  #mayBegin(byte: number): boolean {
    if (byte === OPEN_BRACE) return true
    return byte > 0x20 && byte !== CLOSE_BRACE && byte !== CLOSE_BRACKET && this.#line !== this.#toldLine
  }

  #keep(bytes: Uint8Array): void {
    const element = this.#element
    if (element === undefined || element.isTooLarge) return
    element.isTooLarge = this.#pending.length + bytes.length > MAX_OTLP_BYTES
    if (element.isTooLarge) this.#pending.drop(this.#pending.length)
    else this.#pending.append(bytes)
  }

  /** What is shown of it stays as it is until more is pushed. */
  #forgetElement(): void {
    this.#element = undefined
    this.#pending.drop(this.#pending.length)
  }
}

function listNamed(name: string): RecordList | undefined {
  return RECORD_LISTS.find((list) => list === name)
}

function problem(message: string): Problem {
  return { code: 'OTLP_JSON', message }
}

function tooLarge(): Problem {
  return { code: 'OTLP_TOO_LARGE', message: `bytes in an element: more than ${MAX_OTLP_BYTES}` }
}
