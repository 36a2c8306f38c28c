/** Our part of Yjs's format, beside Yjs itself: the same bytes both ways, and nothing else taken. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { AnyWriter, MAX_ANY_DEPTH, MAX_ANY_VALUES, type AnyValue } from '../../../../src/wire/documents/any-value.ts'
import {
  decodeYjsUpdate,
  encodeYjsUpdate,
  MAX_UPDATE_BYTES,
  MAX_UPDATE_ITEMS,
  type YjsBlock,
} from '../../../../src/wire/documents/yjs-update.ts'
import * as fx from '../fixtures.ts'

const ROOT = 'entries'
const decode = (bytes: Uint8Array): unknown => decodeYjsUpdate(bytes, ROOT)
const key = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
const scalar: fc.Arbitrary<AnyValue> = fc.oneof(
  fc.constantFrom<AnyValue>(undefined, null, true, false),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'grapheme' }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.uint8Array({ maxLength: 20 }),
)
/** As JavaScript keeps them in order. */
const name = fc.stringMatching(/^[a-z]{1,8}$/)
/** Yjs has types of its own for what is no object. */
const value = fc
  .uniqueArray(fc.tuple(name, fc.oneof(scalar, fc.array(scalar, { maxLength: 4 }))), {
    maxLength: 5,
    selector: ([of]) => of,
  })
  .map((fields): AnyValue => new Map(fields))
const block = fc.record({
  client: fc.nat(2 ** 31 - 1).map((n) => n * 65_536 + 1),
  items: fc.uniqueArray(fc.record({ key, value }), { minLength: 1, maxLength: 4, selector: (item) => item.key }),
})
const blocks = fc.uniqueArray(block, { minLength: 1, maxLength: 4, selector: ({ client }) => client })

/** As plain objects, which is what Yjs has. */
function plain(given: AnyValue): unknown {
  if (given instanceof Map) return Object.fromEntries([...given].map(([field, each]) => [field, plain(each)]))
  return Array.isArray(given) ? given.map(plain) : given
}

/** What Yjs makes of edits that know nothing of each other. */
function yjsUpdate(given: readonly YjsBlock[]): Uint8Array {
  const updates = given.map(({ client, items }) => {
    const doc = new Y.Doc({ gc: false })
    doc.clientID = client
    const map = doc.getMap(ROOT)
    doc.transact(() => {
      for (const item of items) map.set(item.key, plain(item.value))
    })
    return Y.encodeStateAsUpdate(doc)
  })
  return Y.mergeUpdates(updates)
}

function written(write: (writer: AnyWriter) => void): Uint8Array {
  const writer = new AnyWriter()
  write(writer)
  return writer.finish()
}

/** One block of one item, some of it written otherwise. */
function crafted(changes: {
  readonly items?: number
  readonly clock?: number
  readonly info?: number
  readonly parent?: number
  readonly root?: string
  readonly values?: number
  readonly value?: (writer: AnyWriter) => void
  readonly deletes?: number
}): Uint8Array {
  const { items = 1, clock = 0, info = 0x28, parent = 1, root = ROOT, values = 1, deletes = 0 } = changes
  return written((writer) => {
    for (const n of [1, items, 7, clock]) writer.varuint(n)
    writer.byte(info)
    writer.varuint(parent)
    writer.text(root)
    writer.text('k')
    writer.varuint(values)
    if (changes.value) changes.value(writer)
    else writer.value('v')
    writer.varuint(deletes)
  })
}

const nested = (depth: number) => (writer: AnyWriter) => {
  for (let i = 0; i < depth; i++) {
    writer.byte(117)
    writer.varuint(1)
  }
  writer.value(null)
}

describe('updates', () => {
  test('[DO21] Yjs makes the same bytes of the same edits, and reads what we write', () => {
    fc.assert(
      fc.property(blocks, (given) => {
        const update = encodeYjsUpdate(ROOT, given)
        expect(fx.toHex(update)).toBe(fx.toHex(yjsUpdate(given)))
        const doc = new Y.Doc()
        Y.applyUpdate(doc, update)
        const keys = new Set(given.flatMap(({ items }) => items.map((item) => item.key)))
        expect(new Set(doc.getMap(ROOT).keys())).toEqual(keys)
      }),
    )
  })

  test('[DO21] what is written comes back, blocks in the order of Yjs', () => {
    fc.assert(
      fc.property(blocks, (given) => {
        const sorted = given.toSorted((a, b) => b.client - a.client)
        expect(decodeYjsUpdate(encodeYjsUpdate(ROOT, given), ROOT)).toEqual(sorted)
      }),
    )
  })

  test('[DO23] every prefix is refused, and noise is refused or read', () => {
    const encoded = encodeYjsUpdate(ROOT, [
      { client: 2 ** 40, items: [{ key: 'a', value: new Map<string, AnyValue>([['at', 1.5e12]]) }] },
      { client: 5, items: [{ key: 'b', value: ['x', 1, null] }] },
    ])
    expect(fx.acceptedPrefixes(encoded, decode)).toEqual([])
    expect(fx.surprises([encoded], decode)).toEqual([])
  })

  test('[DO23] a view on a larger buffer is read to its end and no further', () => {
    const encoded = crafted({ value: (writer) => writer.byte(119) })
    const larger = Uint8Array.of(...encoded.subarray(0, -1), 40, ...fx.bytes(65, 60))
    expect(fx.refusal(() => decode(larger.subarray(0, encoded.length)))).toBe('DOCUMENT_MALFORMED')
  })

  const refused: readonly { readonly name: string; readonly update: Uint8Array; readonly code: string }[] = [
    { name: 'nothing', update: Uint8Array.of(), code: 'DOCUMENT_MALFORMED' },
    { name: 'bytes behind it', update: Uint8Array.of(...crafted({}), 0), code: 'DOCUMENT_MALFORMED' },
    { name: 'a deletion of what others wrote', update: crafted({ deletes: 1 }), code: 'DOCUMENT_SHAPE' },
    { name: 'a text type', update: crafted({ info: 0x27 }), code: 'DOCUMENT_SHAPE' },
    { name: 'an item with a neighbour', update: crafted({ info: 0xa8 }), code: 'DOCUMENT_SHAPE' },
    { name: 'a gap', update: crafted({ info: 10 }), code: 'DOCUMENT_SHAPE' },
    { name: 'garbage collected structs', update: crafted({ info: 0 }), code: 'DOCUMENT_SHAPE' },
    { name: 'an item in another item', update: crafted({ parent: 0 }), code: 'DOCUMENT_SHAPE' },
    { name: 'another root', update: crafted({ root: 'other' }), code: 'DOCUMENT_SHAPE' },
    { name: 'a client that goes on', update: crafted({ clock: 1 }), code: 'DOCUMENT_SHAPE' },
    { name: 'an edit of nothing', update: Uint8Array.of(1, 0, 7, 0, 0), code: 'DOCUMENT_SHAPE' },
    { name: 'two values under a key', update: crafted({ values: 2 }), code: 'DOCUMENT_SHAPE' },
    { name: 'an unknown type of value', update: crafted({ value: (w) => w.byte(100) }), code: 'DOCUMENT_MALFORMED' },
    {
      name: 'text that is not UTF-8',
      update: crafted({
        value(writer) {
          for (const byte of [119, 1, 0xff]) writer.byte(byte)
        },
      }),
      code: 'DOCUMENT_MALFORMED',
    },
    {
      name: 'a number beyond 2^53',
      update: Uint8Array.of(...Array.from({ length: 9 }, () => 0xff), 1),
      code: 'DOCUMENT_MALFORMED',
    },
    { name: 'more structs than it has bytes', update: crafted({ items: 30_000_000 }), code: 'DOCUMENT_TOO_LARGE' },
    { name: 'items beyond the limit', update: crafted({ items: MAX_UPDATE_ITEMS + 1 }), code: 'DOCUMENT_TOO_LARGE' },
    { name: 'deep nesting', update: crafted({ value: nested(20_000) }), code: 'DOCUMENT_TOO_LARGE' },
    { name: 'a level too many', update: crafted({ value: nested(MAX_ANY_DEPTH + 1) }), code: 'DOCUMENT_TOO_LARGE' },
    {
      name: 'too many values',
      update: crafted({ value: (w) => w.value(Array.from({ length: MAX_ANY_VALUES }, () => null)) }),
      code: 'DOCUMENT_TOO_LARGE',
    },
    { name: 'too many bytes', update: new Uint8Array(MAX_UPDATE_BYTES + 1), code: 'DOCUMENT_TOO_LARGE' },
  ]
  test.each(refused)('[DO23] refused: $name', ({ update, code }) => {
    expect(fx.refusal(() => decode(update))).toBe(code)
  })

  test('[DO23] at its limits an update is read', () => {
    const items = Array.from({ length: MAX_UPDATE_ITEMS }, (_, n) => ({ key: String(n), value: null }))
    const [read] = decodeYjsUpdate(encodeYjsUpdate(ROOT, [{ client: 1, items }]), ROOT)
    expect(read?.items).toHaveLength(MAX_UPDATE_ITEMS)
    expect(decode(crafted({ value: nested(MAX_ANY_DEPTH) }))).toHaveLength(1)
  })

  test('[DO23] one client id twice is refused: the two might say different things', () => {
    const [one, other] = ['a', 'b'].map((each) =>
      encodeYjsUpdate(ROOT, [{ client: 7, items: [{ key: each, value: 1 }] }]),
    )
    const twice = Uint8Array.of(2, ...(one as Uint8Array).subarray(1, -1), ...(other as Uint8Array).subarray(1))
    expect(fx.refusal(() => decode(twice))).toBe('DOCUMENT_SHAPE')
  })

  test('[DO21] an edit is read whole by whoever has none of those before it', () => {
    const edits = ['open', 'solved'].map((status, at) =>
      encodeYjsUpdate(ROOT, [{ client: at + 1, items: [{ key: String(at), value: status }] }]),
    )
    const doc = new Y.Doc()
    Y.applyUpdate(doc, edits[1] as Uint8Array)
    expect(doc.getMap(ROOT).toJSON()).toEqual({ '1': 'solved' })
  })
})
