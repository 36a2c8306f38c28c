/**
 * One record of traces or logs -> its row and tokens, checking all of it in the same pass. Spelled out by hand, loops and
 * all: this is where ingest spends its time. What it takes and refuses is what checkMessage says of the same schema
 * (test/unit/wire/otlp/scan-oracle.test.ts holds the two together); tags are `field << 3 | wire type`.
 *
 * Throws OtlpError for a record that must not be kept; the row and tokens it had begun are then not counted.
 */
import { addByte, ATTRIBUTE_STATE, finish, finishBool, finishDouble, finishInt, finishKey } from '../index/token.ts'
import { linkToken, NAME_STATE, severityToken, spanKindToken, statusToken, stringState } from '../index/token.ts'
import { traceToken } from '../index/token.ts'
import { checkField, type Budget, newBudget, spend } from './check-message.ts'
import type { Columns } from './columns.ts'
import { MAX_ATTRIBUTES, MAX_VALUE_DEPTH } from './limits.ts'
import { malformed, OtlpError, tooLarge } from './otlp-error.ts'
import type { ProtobufReader } from './protobuf-reader.ts'
import { ANY_VALUE, EVENT, KEY_VALUE, LINK, LOG_RECORD, SPAN, STATUS, type Schema } from './schema.ts'
import { addWords } from './word-tokens.ts'

/** What becomes of a value: nothing but the check, tokens with its key, or the words of its text. */
const INDEX_NOTHING = 0
const INDEX_VALUE = 1
const INDEX_WORDS = 2
/** High half of the first time past the year 2262: a signed 64-bit integer ends there. */
const TIME_HIGH_END = 0x8000_0000

export class RecordScanner {
  readonly #reader: ProtobufReader
  readonly #bytes: Uint8Array
  readonly #columns: Columns
  /** Where the next byte is read. */
  #at = 0
  /** Halves of the last 64-bit varint. */
  #low = 0
  #high = 0
  #budget: Budget = newBudget()

  constructor(reader: ProtobufReader, columns: Columns) {
    this.#reader = reader
    this.#bytes = reader.bytes
    this.#columns = columns
  }

  /** The span whose message lies between; its row is the one that `columns.count` points at. */
  span(from: number, end: number): void {
    const columns = this.#columns
    const row = columns.count
    this.#budget = newBudget()
    this.#at = from
    let traceAt = 0
    let traceEnd = 0
    let spanAt = 0
    let spanEnd = 0
    let parentAt = 0
    let parentEnd = 0
    let nameAt = from
    let nameEnd = from
    let nameState = NAME_STATE
    let kind = 0
    let status = 0
    let attributes = 0
    let startLow = 0
    let startHigh = 0
    let endLow = 0
    let endHigh = 0
    let hasStatus = false
    while (this.#at < end) {
      const tag = this.#tag(end)
      switch (tag) {
        case 0x4a: // attributes
          if (++attributes > MAX_ATTRIBUTES) throw tooLarge('attributes in Span', MAX_ATTRIBUTES)
          this.#attribute(end, 0, INDEX_VALUE)
          break
        case 0x0a: // trace_id
          traceEnd = this.#enter(end)
          traceAt = this.#at
          this.#at = traceEnd
          break
        case 0x12: // span_id
          spanEnd = this.#enter(end)
          spanAt = this.#at
          this.#at = spanEnd
          break
        case 0x22: // parent_span_id
          parentEnd = this.#enter(end)
          parentAt = this.#at
          this.#at = parentEnd
          break
        case 0x2a: // name
          nameEnd = this.#enter(end)
          nameAt = this.#at
          nameState = this.#hashText(nameEnd, NAME_STATE)
          break
        case 0x30: // kind
          kind = this.#int32(end)
          break
        case 0x39: // start_time_unix_nano
          startLow = this.#word(end)
          startHigh = this.#word(end)
          break
        case 0x41: // end_time_unix_nano
          endLow = this.#word(end)
          endHigh = this.#word(end)
          break
        case 0x7a: // status
          if (hasStatus) throw malformed('Span.status is given twice')
          hasStatus = true
          status = this.#status(end)
          break
        case 0x5a: // events
          this.#event(end)
          break
        case 0x6a: // links
          this.#link(end)
          break
        default:
          this.#other(SPAN, tag, end)
      }
    }
    if (startHigh >= TIME_HIGH_END || endHigh >= TIME_HIGH_END) throw badTime()
    columns.fromLow[row] = startLow
    columns.fromHigh[row] = startHigh
    columns.toLow[row] = endLow
    columns.toHigh[row] = endHigh
    columns.traceAt[row] = this.#id('trace_id', traceAt, traceEnd, 16)
    columns.spanAt[row] = this.#id('span_id', spanAt, spanEnd, 8)
    columns.parentAt[row] = this.#parentId(parentAt, parentEnd)
    columns.nameAt[row] = nameAt
    columns.nameEnd[row] = nameEnd
    columns.level[row] = status
    columns.addToken(spanKindToken(kind))
    columns.addToken(statusToken(status))
    columns.addToken(finish(nameState))
    addWords(columns, this.#bytes, nameAt, nameEnd)
  }

  logRecord(from: number, end: number): void {
    const columns = this.#columns
    const row = columns.count
    this.#budget = newBudget()
    this.#at = from
    let timeLow = 0
    let timeHigh = 0
    let observedLow = 0
    let observedHigh = 0
    let severity = 0
    let attributes = 0
    let traceAt = 0
    let traceEnd = 0
    let spanAt = 0
    let spanEnd = 0
    let hasBody = false
    let hasEventName = false
    let nameState = NAME_STATE
    while (this.#at < end) {
      const tag = this.#tag(end)
      switch (tag) {
        case 0x32: // attributes
          if (++attributes > MAX_ATTRIBUTES) throw tooLarge('attributes in LogRecord', MAX_ATTRIBUTES)
          this.#attribute(end, 0, INDEX_VALUE)
          break
        case 0x2a: // body
          if (hasBody) throw malformed('LogRecord.body is given twice')
          hasBody = true
          spend(this.#budget, 1)
          this.#value(this.#enter(end), 1, 0, INDEX_WORDS)
          break
        case 0x09: // time_unix_nano
          timeLow = this.#word(end)
          timeHigh = this.#word(end)
          break
        case 0x59: // observed_time_unix_nano
          observedLow = this.#word(end)
          observedHigh = this.#word(end)
          break
        case 0x10: // severity_number
          severity = this.#int32(end)
          break
        case 0x4a: // trace_id
          traceEnd = this.#enter(end)
          traceAt = this.#at
          this.#at = traceEnd
          break
        case 0x52: // span_id
          spanEnd = this.#enter(end)
          spanAt = this.#at
          this.#at = spanEnd
          break
        case 0x62: {
          // event_name
          const nameEnd = this.#enter(end)
          hasEventName = nameEnd > this.#at
          nameState = this.#hashText(nameEnd, NAME_STATE)
          break
        }
        default:
          this.#other(LOG_RECORD, tag, end)
      }
    }
    if (timeHigh >= TIME_HIGH_END || observedHigh >= TIME_HIGH_END) throw badTime()
    const hasTime = timeLow !== 0 || timeHigh !== 0
    columns.fromLow[row] = columns.toLow[row] = hasTime ? timeLow : observedLow
    columns.fromHigh[row] = columns.toHigh[row] = hasTime ? timeHigh : observedHigh
    columns.level[row] = severity
    columns.traceAt[row] = this.#isId(traceAt, traceEnd, 16) ? traceAt : 0
    columns.spanAt[row] = this.#isId(spanAt, spanEnd, 8) ? spanAt : 0
    columns.addToken(severityToken(severity))
    if (hasEventName) columns.addToken(finish(nameState))
    if (columns.traceAt[row] !== 0) columns.addToken(traceToken(this.#bytes, traceAt, traceEnd))
  }

  /** Tokens of the attributes of a resource or scope that was checked before, between `from` and `end`. */
  headAttributes(attributesTag: number, from: number, end: number): void {
    this.#budget = newBudget()
    this.#at = from
    while (this.#at < end) {
      const tag = this.#tag(end)
      if (tag === attributesTag) this.#attribute(end, 0, INDEX_VALUE)
      else this.#skip(tag & 7, end)
    }
  }

  #status(outer: number): number {
    const end = this.#message(outer)
    let code = 0
    while (this.#at < end) {
      const tag = this.#tag(end)
      if (tag === 0x18) code = this.#int32(end)
      else this.#other(STATUS, tag, end)
    }
    return code
  }

  #event(outer: number): void {
    const end = this.#message(outer)
    let attributes = 0
    while (this.#at < end) {
      const tag = this.#tag(end)
      if (tag === 0x1a) {
        if (++attributes > MAX_ATTRIBUTES) throw tooLarge('attributes in Event', MAX_ATTRIBUTES)
        this.#attribute(end, 0, INDEX_VALUE)
      } else this.#other(EVENT, tag, end)
    }
  }

  #link(outer: number): void {
    const end = this.#message(outer)
    let attributes = 0
    while (this.#at < end) {
      const tag = this.#tag(end)
      if (tag === 0x0a) {
        const idEnd = this.#enter(end)
        this.#columns.addToken(linkToken(this.#bytes, this.#at, idEnd))
        this.#at = idEnd
      } else if (tag === 0x22) {
        if (++attributes > MAX_ATTRIBUTES) throw tooLarge('attributes in Link', MAX_ATTRIBUTES)
        this.#attribute(end, 0, INDEX_VALUE)
      } else this.#other(LINK, tag, end)
    }
  }

  /** A KeyValue; its key and value become tokens if `index` says so. */
  #attribute(outer: number, depth: number, index: number): void {
    const end = this.#message(outer)
    let keyState = ATTRIBUTE_STATE
    let valueAt = 0
    let valueEnd = 0
    while (this.#at < end) {
      const tag = this.#tag(end)
      if (tag === 0x0a) {
        keyState = this.#hashText(this.#enter(end), ATTRIBUTE_STATE)
      } else if (tag === 0x12) {
        if (valueAt !== 0) throw malformed('KeyValue.value is given twice')
        spend(this.#budget, 1)
        valueEnd = this.#enter(end)
        valueAt = this.#at
        this.#at = valueEnd
      } else this.#other(KEY_VALUE, tag, end)
    }
    if (index === INDEX_VALUE) this.#columns.addToken(finishKey(keyState))
    if (valueAt === 0) return
    this.#at = valueAt
    this.#value(valueEnd, depth + 1, keyState, index)
    this.#at = end
  }

  /** An AnyValue up to `end`. */
  #value(end: number, depth: number, keyState: number, index: number): void {
    if (depth > MAX_VALUE_DEPTH) throw new OtlpError('OTLP_TOO_DEEP', `values nest deeper than ${MAX_VALUE_DEPTH}`)
    let hasArray = false
    let hasKeyValues = false
    while (this.#at < end) {
      const tag = this.#tag(end)
      switch (tag) {
        case 0x0a:
          this.#string(this.#enter(end), keyState, index)
          break
        case 0x18:
          this.#int64(end)
          if (index === INDEX_VALUE) this.#columns.addToken(finishInt(keyState, this.#low, this.#high))
          break
        case 0x10:
          this.#int64(end)
          if (index === INDEX_VALUE) {
            this.#columns.addToken(finishBool(keyState, this.#low !== 0 || this.#high !== 0))
          }
          break
        case 0x21:
          this.#low = this.#word(end)
          this.#high = this.#word(end)
          if (index === INDEX_VALUE) this.#columns.addToken(finishDouble(keyState, this.#low, this.#high))
          break
        case 0x2a:
          if (hasArray) throw malformed('AnyValue.arrayValue is given twice')
          hasArray = true
          this.#array(end, depth, keyState, index)
          break
        case 0x32:
          if (hasKeyValues) throw malformed('AnyValue.kvlistValue is given twice')
          hasKeyValues = true
          this.#keyValues(end, depth)
          break
        default:
          this.#other(ANY_VALUE, tag, end)
      }
    }
  }

  #string(end: number, keyState: number, index: number): void {
    const from = this.#at
    if (index === INDEX_VALUE) {
      const state = this.#hashText(end, stringState(keyState))
      this.#columns.addToken(finish(state))
    } else this.#text(end)
    if (index === INDEX_WORDS) addWords(this.#columns, this.#bytes, from, end)
  }

  /** Its elements count as values of the same key. */
  #array(outer: number, depth: number, keyState: number, index: number): void {
    const end = this.#message(outer)
    while (this.#at < end) {
      const tag = this.#tag(end)
      if (tag === 0x0a) this.#value(this.#message(end), depth + 1, keyState, index)
      else this.#skipUnknown(1, tag, end)
    }
  }

  #keyValues(outer: number, depth: number): void {
    const end = this.#message(outer)
    let attributes = 0
    while (this.#at < end) {
      const tag = this.#tag(end)
      if (tag === 0x0a) {
        if (++attributes > MAX_ATTRIBUTES) throw tooLarge('attributes in KeyValueList', MAX_ATTRIBUTES)
        this.#attribute(end, depth, INDEX_NOTHING)
      } else this.#skipUnknown(1, tag, end)
    }
  }

  /** A field that has no case of its own: checked by the schema, which knows what it must be. */
  #other({ fields }: Schema, tag: number, end: number): void {
    const field = fields[tag >>> 3]
    const reader = this.#reader
    reader.seek(this.#at, end)
    if (field === undefined) reader.skip(tag & 7)
    else checkField(reader, field, tag & 7, this.#budget, 0)
    this.#at = reader.pos
  }

  /** A field of a message whose only field is `known`. */
  #skipUnknown(known: number, tag: number, end: number): void {
    if (tag >>> 3 === known) throw malformed('values has the wrong wire type')
    this.#skip(tag & 7, end)
  }

  #skip(wire: number, end: number): void {
    this.#reader.seek(this.#at, end)
    this.#reader.skip(wire)
    this.#at = this.#reader.pos
  }

  #tag(end: number): number {
    const byte = this.#bytes[this.#at] as number // callers have looked: there is one
    if (byte < 0x80 && byte >= 8) {
      this.#at++
      return byte
    }
    this.#reader.seek(this.#at, end)
    const tag = this.#reader.tag()
    this.#at = this.#reader.pos
    return tag
  }

  /** Enters a message that counts as an element. @returns where it ends */
  #message(outer: number): number {
    spend(this.#budget, 1)
    return this.#enter(outer)
  }

  /** Reads a length. @returns where what it spans ends */
  #enter(outer: number): number {
    let at = this.#at
    let length = at < outer ? (this.#bytes[at++] as number) : 0x80
    if (length >= 0x80) {
      this.#reader.seek(this.#at, outer)
      length = this.#reader.length()
      at = this.#reader.pos
    }
    if (length > outer - at) throw malformed('a length reaches past the end')
    this.#at = at
    return at + length
  }

  /** Low 32 bits of a varint, signed. */
  #int32(end: number): number {
    if (this.#at < end) {
      const byte = this.#bytes[this.#at] as number
      if (byte < 0x80) {
        this.#at++
        return byte
      }
    }
    this.#int64(end)
    return this.#low | 0
  }

  /** A varint's low 64 bits, into `#low` and `#high`. */
  #int64(end: number): void {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= end) throw malformed('it ends inside a number')
      const byte = this.#bytes[this.#at++] as number
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else if (shift < 63) high |= bits << (shift - 32)
      else high |= bits << 31
      if (byte < 0x80) {
        this.#low = low >>> 0
        this.#high = high >>> 0
        return
      }
    }
    throw malformed('a number is longer than 10 bytes')
  }

  /** Four bytes, the lowest first, unsigned. */
  #word(end: number): number {
    const at = this.#at
    if (end - at < 4) throw malformed('it ends inside a number')
    const bytes = this.#bytes
    this.#at = at + 4
    const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)
    return (low | ((bytes[at + 3] as number) << 24)) >>> 0
  }

  /** Passes over text up to `end`, making sure that it is UTF-8. */
  #text(end: number): void {
    const bytes = this.#bytes
    let any = 0
    for (let i = this.#at; i < end; i++) any |= bytes[i] as number
    if (any >= 0x80) this.#reader.requireText(this.#at, end)
    this.#at = end
  }

  /** The same, and the text added to `state`. */
  #hashText(end: number, state: number): number {
    const bytes = this.#bytes
    let any = 0
    let hash = state
    for (let i = this.#at; i < end; i++) {
      const byte = bytes[i] as number
      any |= byte
      hash = addByte(hash, byte)
    }
    if (any >= 0x80) this.#reader.requireText(this.#at, end)
    this.#at = end
    return hash
  }

  /** @returns where the id is; throws if it is none */
  #id(field: string, at: number, end: number, length: number): number {
    if (this.#isId(at, end, length)) return at
    throw badId(field, length)
  }

  /** No bytes or zeros are no parent; another length is an error. */
  #parentId(at: number, end: number): number {
    if (this.#isId(at, end, 8)) return at
    if (end !== at && end - at !== 8) throw badId('parent_span_id', 8)
    return 0
  }

  /** Invalid ids of a log record mean that it belongs to no trace (logs.proto). */
  #isId(at: number, end: number, length: number): boolean {
    if (end - at !== length) return false
    for (let i = at; i < end; i++) if (this.#bytes[i] !== 0) return true
    return false
  }
}

function badId(field: string, length: number): OtlpError {
  return new OtlpError('OTLP_BAD_ID', `${field} must be ${length} bytes that are not all zero`)
}

function badTime(): OtlpError {
  return new OtlpError('OTLP_BAD_TIME', 'a time lies past the year 2262')
}
