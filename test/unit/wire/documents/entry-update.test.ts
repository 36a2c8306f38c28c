import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { toSpanId, type SpanId } from '../../../../src/model/ids.ts'
import {
  MAX_LABEL_BYTES,
  MAX_NOTE_BYTES,
  MAX_OVER,
  STATUSES,
  type Change,
  type Entry,
} from '../../../../src/model/investigation.ts'
import type { AnyValue } from '../../../../src/wire/documents/any-value.ts'
import { decodeEntries, encodeEntries, mergeUpdates } from '../../../../src/wire/documents/entry-update.ts'
import { encodeYjsUpdate } from '../../../../src/wire/documents/yjs-update.ts'
import * as fx from '../fixtures.ts'

const SPAN = toSpanId('b7ad6b7169203331') as SpanId
const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`))
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    about: fc.constant('note' as const),
    text: fc.option(fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' })),
  }),
  fc.record({ about: fc.constant('status' as const), status: fc.constantFrom(...STATUSES) }),
  fc.record({ about: fc.constant('label' as const), label: fc.stringMatching(/^[a-z]{1,20}$/), isSet: fc.boolean() }),
  fc.record({
    about: fc.constantFrom('pin' as const, 'hide' as const),
    spanId: fc.constant(SPAN),
    isSet: fc.boolean(),
  }),
)
const entry: fc.Arbitrary<Entry> = fc.record({
  id: hex(16),
  change,
  atUnixMs: fc.nat(2 ** 42),
  over: fc.array(hex(16), { maxLength: 3 }),
})
const entries = fc.uniqueArray(entry, { minLength: 1, maxLength: 6, selector: ({ id }) => id })
const random = fc.uint8Array({ minLength: 6, maxLength: 6 })

const ID = '0000000000000001'
const valueOf = (fields: Readonly<Record<string, AnyValue>>, key = ID): Uint8Array =>
  encodeYjsUpdate('entries', [{ client: 1, items: [{ key, value: new Map(Object.entries(fields)) }] }])

describe('entries', () => {
  test.each(fx.vectors('entry-update'))('[DO22] golden: $name', ({ value, hex: bytes }) => {
    const golden = value as { readonly entries: readonly Entry[]; readonly random: Uint8Array }
    expect(fx.toHex(encodeEntries(golden.entries, golden.random))).toBe(bytes)
    expect(decodeEntries(fx.hexBytes(bytes))).toEqual({ entries: golden.entries, unread: 0 })
  })

  test('[DO22] what is written comes back', () => {
    fc.assert(
      fc.property(entries, random, (given, bytes) => {
        expect(decodeEntries(encodeEntries(given, bytes))).toEqual({ entries: given, unread: 0 })
      }),
    )
  })

  test('[DO25] merged in any order, some of them again, updates say what they said one by one', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(random, { minLength: 1, maxLength: 5, selector: fx.toHex }),
        entries,
        (clients, given) => {
          const updates = clients.map((client, at) => encodeEntries([{ ...(given[0] as Entry), atUnixMs: at }], client))
          const merged = mergeUpdates([...updates, ...updates.slice(0, 2)])
          expect(merged).toEqual(mergeUpdates(updates.toReversed()))
          const times = decodeEntries(merged).entries.map(({ atUnixMs }) => atUnixMs)
          expect(times.sort((a, b) => a - b)).toEqual(clients.map((_, at) => at))
        },
      ),
    )
  })

  test('[DO21] all updates of a document, in any order and some of them again, are one Yjs document', () => {
    const edits = fc.uniqueArray(fc.tuple(entry, random), { minLength: 1, maxLength: 6, selector: ([{ id }]) => id })
    fc.assert(
      fc.property(edits, fc.nat(5), (given, again) => {
        const updates = given.map(([one, client], at) => encodeEntries([one], Uint8Array.of(...client.subarray(1), at)))
        const doc = new Y.Doc()
        for (const update of [...updates.slice(again), ...updates.toReversed()]) Y.applyUpdate(doc, update)
        const map = doc.getMap<Readonly<Record<string, unknown>>>('entries')
        expect([...map.keys()].sort()).toEqual(given.map(([{ id }]) => id).sort())
        for (const [{ id, atUnixMs }] of given) expect(map.get(id)).toMatchObject({ at: atUnixMs })
      }),
    )
  })

  test('[DO23] noise, and updates with bytes changed, are refused or read', () => {
    const samples = fx.vectors('entry-update').map(({ hex: bytes }) => fx.hexBytes(bytes))
    expect(fx.surprises(samples, decodeEntries)).toEqual([])
  })

  const at = 5
  const unread: readonly { readonly name: string; readonly update: Uint8Array }[] = [
    { name: 'about something of a newer version', update: valueOf({ at, vote: 1 }) },
    { name: 'without a time', update: valueOf({ note: 'x' }) },
    { name: 'with a time that is none', update: valueOf({ at: -1, note: 'x' }) },
    { name: 'with a time in text', update: valueOf({ at: '5', note: 'x' }) },
    { name: 'with a time beyond what an index holds', update: valueOf({ at: 2 ** 53 - 1, note: 'x' }) },
    { name: 'under an id that is none', update: valueOf({ at, note: 'x' }, 'ABCDEF0123456789') },
    { name: 'with an empty note', update: valueOf({ at, note: '' }) },
    { name: 'with a note that is too long', update: valueOf({ at, note: 'ä'.repeat(MAX_NOTE_BYTES / 2) + 'x' }) },
    { name: 'with a note that is no text', update: valueOf({ at, note: new Map([['text', 'x']]) }) },
    { name: 'with a status that there is none of', update: valueOf({ at, status: 'burnt' }) },
    {
      name: 'with a label that is too long',
      update: valueOf({ at, label: 'x'.repeat(MAX_LABEL_BYTES + 1), set: true }),
    },
    { name: 'with a label neither on nor off', update: valueOf({ at, label: 'x' }) },
    { name: 'with a pin on no span', update: valueOf({ at, pin: '0000000000000000', set: true }) },
    { name: 'with a pin in capitals', update: valueOf({ at, pin: 'B7AD6B7169203331', set: true }) },
    { name: 'over what is no id', update: valueOf({ at, note: 'x', over: ['1'] }) },
    { name: 'over too many', update: valueOf({ at, note: 'x', over: Array.from({ length: MAX_OVER + 1 }, () => ID) }) },
    { name: 'with fields of its prototype', update: valueOf({ ['__proto__']: new Map([['note', 'x']]), at }) },
    { name: 'that is a text', update: encodeYjsUpdate('entries', [{ client: 1, items: [{ key: ID, value: 'x' }] }]) },
  ]
  test.each(unread)('[DO22] an entry $name is passed over, and counted', ({ update }) => {
    expect(decodeEntries(update)).toEqual({ entries: [], unread: 1 })
  })

  test('[DO22] what one entry is does not touch the others, and unknown fields are ignored', () => {
    const update = encodeYjsUpdate('entries', [
      { client: 1, items: [{ key: ID, value: 7 }] },
      {
        client: 2,
        items: [
          {
            key: ID,
            value: new Map<string, AnyValue>([
              ['at', at],
              ['note', 'x'],
              ['mood', 1],
            ]),
          },
        ],
      },
    ])
    expect(decodeEntries(update)).toEqual({
      entries: [{ id: ID, change: { about: 'note', text: 'x' }, atUnixMs: at, over: [] }],
      unread: 1,
    })
  })

  test('[DO24] a note of the largest kind is read', () => {
    const { entries: read } = decodeEntries(valueOf({ at, note: 'x'.repeat(MAX_NOTE_BYTES) }))
    expect(read).toHaveLength(1)
  })
})
