/**
 * The conditions of a search, made ready to be checked on the bytes of stored chunks: one pass over each record, one bit
 * for each condition, no objects. The answers are those of the rules in docs/spec/search.md, whatever an index said.
 */
import type { DeviceId } from '../../model/ids.ts'
import { MAX_UNIX_NANO } from '../../wire/otlp/limits.ts'
import type { ProtobufReader } from '../../wire/otlp/protobuf-reader.ts'
import { utf8 } from '../../base/bytes.ts'
import { AttributeTests, type AttributeTest } from './attribute-tests.ts'
import { BytePlaces } from './byte-places.ts'
import type { Condition, Test, TextTest } from './condition.ts'
import { LogHead, Nanos, SpanHead, type RecordParts } from './record-head.ts'
import { logTest, spanTest, type HeadTest } from './record-tests.ts'
import type { RecordQuery } from './search-query.ts'
import { TextSearch } from './text-search.ts'
import { walkRecords } from './walk-records.ts'

/** Where a chunk comes from. */
export interface ChunkOrigin {
  readonly deviceId: DeviceId
  readonly module: string
}
/** Whether a device is meant by a name, or by the first digits of an id. */
export type IsDevice = (deviceId: DeviceId, text: string) => boolean

export function spanFilter(query: RecordQuery, isDevice: IsDevice): RecordFilter<SpanHead> {
  return new RecordFilter(query, isDevice, {
    head: new SpanHead(),
    timeOf: (head) => head.start,
    testOf: spanTest,
    findTexts: (head, { bytes }, texts) => texts.found(bytes, head.name) | texts.found(bytes, head.statusMessage),
  })
}

export function logFilter(query: RecordQuery, isDevice: IsDevice): RecordFilter<LogHead> {
  return new RecordFilter(query, isDevice, {
    head: new LogHead(),
    timeOf: (head) => head.time,
    testOf: logTest,
    findTexts: (head, reader, texts) => {
      reader.seek(head.body.start, head.body.end)
      return texts.foundInValue(reader)
    },
  })
}

/** What differs between spans and log records. */
interface RecordShape<Head> {
  readonly head: Head
  readonly timeOf: (head: Head) => Nanos
  readonly testOf: (test: Test) => HeadTest<Head> | undefined
  readonly findTexts: (head: Head, reader: ProtobufReader, texts: TextSearch) => number
}

const RESOURCE_ATTRIBUTE = 0x0a
const SCOPE_ATTRIBUTE = 0x1a
const EVENT_NAME = 0x12
const EVENT_ATTRIBUTE = 0x1a
const NO_PARTS: RecordParts = {}
const LEAST_LITERAL_BYTES = 4

export class RecordFilter<Head extends SpanHead | LogHead> {
  readonly #shape: RecordShape<Head>
  readonly #isDevice: IsDevice
  readonly #tests: readonly { readonly bit: number; readonly test: Test }[]
  readonly #headTests: readonly { readonly bit: number; readonly holds: HeadTest<Head> }[]
  readonly #attributes: AttributeTests
  readonly #service: AttributeTests
  readonly #texts: TextSearch
  readonly #parts: RecordParts
  readonly #needsParts: boolean
  readonly #from: Nanos | undefined
  readonly #to: Nanos | undefined
  readonly #all: number
  readonly #negated: number
  /** Conditions that are known with the chunk's origin, with the resource, and with the record's own fields. */
  readonly #ofOrigin: number
  readonly #ofResource: number
  readonly #ofHead: number
  /** A text that has to stand in a record, or in what hangs above it, and the condition that it is asked for in. */
  readonly #literal: { readonly bit: number; readonly bytes: Uint8Array } | undefined
  /** Bits of the tests that hold for the record that is walked. */
  #found = 0

  constructor(query: RecordQuery, isDevice: IsDevice, shape: RecordShape<Head>) {
    const { conditions, fromUnixNano, toUnixNano } = query
    this.#shape = shape
    this.#isDevice = isDevice
    this.#tests = conditions.map(({ test }, i) => ({ bit: 1 << i, test }))
    this.#headTests = this.#tests.flatMap(({ bit, test }) => {
      const holds = shape.testOf(test)
      return holds === undefined ? [] : [{ bit, holds }]
    })
    this.#attributes = new AttributeTests(this.#tests.flatMap(attributeTest))
    this.#service = new AttributeTests(this.#tests.flatMap(serviceTest))
    this.#texts = new TextSearch(this.#tests)
    this.#parts = this.#partsToRead()
    this.#needsParts = Object.keys(this.#parts).length > 0
    this.#from = fromUnixNano === undefined ? undefined : Nanos.of(clamp(fromUnixNano))
    this.#to = toUnixNano === undefined ? undefined : Nanos.of(clamp(toUnixNano))
    this.#all = maskOf(conditions, () => true)
    this.#negated = maskOf(conditions, ({ not }) => not)
    this.#ofOrigin = maskOf(conditions, ({ test: { on } }) => on === 'module' || on === 'device')
    this.#ofResource = this.#ofOrigin | maskOf(conditions, ({ test: { on } }) => on === 'service')
    this.#ofHead = this.#headTests.reduce((mask, { bit }) => mask | bit, this.#ofResource)
    this.#literal = conditions.flatMap(literalOf).toSorted((a, b) => b.bytes.length - a.bytes.length)[0]
  }

  /**
   * Calls `visit` for every record that matches. The head is filled again for the next one.
   * @param onResource is called before the records of each resource, the reader narrowed to its message
   * @throws {OtlpError} for a payload that cannot be read; some of its records may have been visited then
   */
  walk(
    payload: Uint8Array,
    origin: ChunkOrigin,
    visit: (head: Head) => void,
    onResource?: (reader: ProtobufReader) => void,
  ): void {
    const ofOrigin = this.#testOrigin(origin)
    if (this.#isRuledOut(ofOrigin, this.#ofOrigin)) return
    const { bit = 0, bytes } = this.#literal ?? {}
    const places = bytes && new BytePlaces(payload, bytes)
    const mayMatch = ({ pos, end }: ProtobufReader): boolean =>
      places === undefined || (ofScope & bit) !== 0 || places.isIn(pos, end)
    let [ofResource, ofScope] = [0, 0]
    walkRecords(payload, {
      resource: (reader) => {
        const { pos, end } = reader
        ofResource = ofOrigin | this.#testResource(reader)
        reader.seek(pos, end)
        onResource?.(reader)
        return !this.#isRuledOut(ofResource, this.#ofResource)
      },
      scope: (reader) => {
        ofScope = ofResource | this.#testAttributes(reader, SCOPE_ATTRIBUTE)
      },
      record: (reader) => {
        if (mayMatch(reader) && this.#matches(reader, ofScope)) visit(this.#shape.head)
      },
    })
  }

  #matches(reader: ProtobufReader, ofScope: number): boolean {
    const { head, timeOf, findTexts } = this.#shape
    const { pos, end } = reader
    // Where its own fields can rule a record out, what hangs on it is not looked at before: that is most of the work.
    const isInSteps = this.#needsParts && this.#headTests.length > 0
    this.#found = ofScope
    head.read(reader, isInSteps ? NO_PARTS : this.#parts)
    if (!this.#isInRange(timeOf(head))) return false
    for (const { bit, holds } of this.#headTests) if (holds(head, reader.bytes)) this.#found |= bit
    if (this.#isRuledOut(this.#found, this.#ofHead)) return false
    if (isInSteps) {
      reader.seek(pos, end)
      head.read(reader, this.#parts)
    }
    if (!this.#texts.isEmpty) this.#found |= findTexts(head, reader, this.#texts)
    return !this.#isRuledOut(this.#found, this.#all)
  }

  #isRuledOut(found: number, known: number): boolean {
    return ((found ^ this.#negated) & known) !== known
  }

  #isInRange(time: Nanos): boolean {
    if (this.#from !== undefined && time.isBefore(this.#from)) return false
    return this.#to === undefined || time.isBefore(this.#to)
  }

  #testOrigin({ deviceId, module }: ChunkOrigin): number {
    let found = 0
    for (const { bit, test } of this.#tests) {
      if (test.on === 'module' && holdsText(module, test.value)) found |= bit
      if (test.on === 'device' && this.#isDevice(deviceId, test.device)) found |= bit
    }
    return found
  }

  #testResource(reader: ProtobufReader): number {
    const { pos, end } = reader
    const found = this.#testAttributes(reader, RESOURCE_ATTRIBUTE)
    reader.seek(pos, end)
    return found | this.#testAttributes(reader, RESOURCE_ATTRIBUTE, this.#service)
  }

  #testAttributes(reader: ProtobufReader, attributeTag: number, tests = this.#attributes): number {
    let found = 0
    while (!tests.isEmpty && reader.hasMore) {
      const tag = reader.tag()
      if (tag === attributeTag) found |= tests.found(reader)
      else reader.skip(tag & 7)
    }
    return found
  }

  /** What nobody asks for is passed over. */
  #partsToRead(): RecordParts {
    const readAttribute = (reader: ProtobufReader): void => {
      this.#found |= this.#attributes.found(reader)
    }
    const parts = this.#attributes.isEmpty ? {} : { attribute: readAttribute }
    const needsEvents = !this.#attributes.isEmpty || !this.#texts.isEmpty
    return needsEvents ? { ...parts, event: (reader) => this.#readEvent(reader) } : parts
  }

  #readEvent(reader: ProtobufReader): void {
    const outer = reader.enter()
    while (reader.hasMore) {
      const tag = reader.tag()
      if (tag === EVENT_NAME) this.#found |= this.#texts.foundInField(reader)
      else if (tag === EVENT_ATTRIBUTE) this.#readEventAttribute(reader)
      else reader.skip(tag & 7)
    }
    reader.leave(outer)
  }

  #readEventAttribute(reader: ProtobufReader): void {
    const { pos, end } = reader
    this.#found |= this.#texts.foundInAttribute(reader)
    reader.seek(pos, end)
    this.#found |= this.#attributes.found(reader)
  }
}

function attributeTest({ bit, test }: { bit: number; test: Test }): readonly AttributeTest[] {
  return test.on === 'attribute' ? [{ bit, key: test.key, value: test.value }] : []
}

/** Attributes that are texts stand in the bytes as they are; short ones stand there for other things too. */
function literalOf(
  { not, test }: Condition,
  i: number,
): readonly { readonly bit: number; readonly bytes: Uint8Array }[] {
  if (not || test.on !== 'attribute' || test.value.is !== 'equal' || test.value.value.type !== 'string') return []
  const bytes = utf8(test.value.value.text)
  return bytes.length < LEAST_LITERAL_BYTES ? [] : [{ bit: 1 << i, bytes }]
}

/** The service is what the resource says of it, and nothing else. */
function serviceTest({ bit, test }: { bit: number; test: Test }): readonly AttributeTest[] {
  if (test.on !== 'service') return []
  const { value } = test
  const key = 'service.name'
  return value.is === 'equal'
    ? [{ bit, key, value: { is: 'equal', value: { type: 'string', text: value.text } } }]
    : [{ bit, key, value }]
}

function holdsText(text: string, test: TextTest): boolean {
  return test.is === 'equal' ? text === test.text : text.toLowerCase().includes(test.part)
}

function maskOf(conditions: readonly Condition[], isMeant: (condition: Condition) => boolean): number {
  return conditions.reduce((mask, condition, i) => (isMeant(condition) ? mask | (1 << i) : mask), 0)
}

/** What a record's time can be, and the first moment behind it. */
function clamp(nano: bigint): bigint {
  if (nano < 0n) return 0n
  return nano > MAX_UNIX_NANO ? MAX_UNIX_NANO + 1n : nano
}
