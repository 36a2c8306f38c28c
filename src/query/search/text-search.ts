/** The texts of a record, searched for what conditions on `text` ask for: the answer is a bit for each that holds. */
import type { ProtobufReader } from '../../wire/otlp/protobuf-reader.ts'
import type { Test } from './condition.ts'
import { Range } from './record-head.ts'
import { hasPart, hasPhrase, partNeedle, phraseNeedle } from './text-in-bytes.ts'

type Find = (bytes: Uint8Array, start: number, end: number) => boolean

/** Members of AnyValue's `oneof`: of several the last is the value. */
const LAST_MEMBER = 7

export class TextSearch {
  readonly #needles: readonly { readonly bit: number; readonly find: Find }[]
  readonly #text = new Range()

  constructor(bits: readonly { readonly bit: number; readonly test: Test }[]) {
    this.#needles = bits.flatMap(({ bit, test }) => (test.on === 'text' ? [{ bit, find: finderOf(test.value) }] : []))
  }

  get isEmpty(): boolean {
    return this.#needles.length === 0
  }

  found(bytes: Uint8Array, { start, end }: Pick<Range, 'start' | 'end'>): number {
    let found = 0
    for (const { bit, find } of this.#needles) if (find(bytes, start, end)) found |= bit
    return found
  }

  /** In the text field whose tag has just been read. */
  foundInField(reader: ProtobufReader): number {
    this.#text.read(reader)
    return this.found(reader.bytes, this.#text)
  }

  /** In an AnyValue that is a text, which the reader is narrowed to. */
  foundInValue(reader: ProtobufReader): number {
    let found = 0
    while (reader.hasMore) {
      const tag = reader.tag()
      if (tag === 0x0a) found = this.foundInField(reader)
      else {
        reader.skip(tag & 7)
        if (tag >>> 3 <= LAST_MEMBER) found = 0
      }
    }
    return found
  }

  /** In the value of a KeyValue, if it is a text; the KeyValue's tag has just been read. */
  foundInAttribute(reader: ProtobufReader): number {
    const outer = reader.enter()
    let found = 0
    while (reader.hasMore) {
      const tag = reader.tag()
      if (tag !== 0x12) {
        reader.skip(tag & 7)
        continue
      }
      const inner = reader.enter()
      found = this.foundInValue(reader)
      reader.leave(inner)
    }
    reader.leave(outer)
    return found
  }
}

function finderOf(value: Extract<Test, { on: 'text' }>['value']): Find {
  if (value.is === 'contains') {
    const part = partNeedle(value.part)
    return (bytes, start, end) => hasPart(bytes, start, end, part)
  }
  const phrase = phraseNeedle(value.words)
  return (bytes, start, end) => hasPhrase(bytes, start, end, phrase)
}
