import { describe, expect, test } from 'vitest'
import { MAX_GRANT_MODULES } from '../../../src/model/grant.ts'
import { toLogId, type LogId } from '../../../src/model/ids.ts'
import { LANES, MAX_MODULE_NAME_BYTES } from '../../../src/model/lane.ts'
import { decodeCbor, encodeCbor } from '../../../src/wire/cbor.ts'
import type { CborMap, CborValue } from '../../../src/wire/cbor-value.ts'
import { MAX_CONTROL_CIPHERTEXT_BYTES } from '../../../src/wire/control-entry.ts'
import {
  decodeKeyHandover,
  encodeKeyHandover,
  MAX_HANDOVER_LOGS,
  MAX_KEY_HANDOVER_BYTES,
  type KeyHandover,
  type ModuleHandover,
} from '../../../src/wire/key-handover.ts'
import * as fx from './fixtures.ts'

const row = { log: fx.log, incarnation: fx.incarnation, module: 'core', part: 'base', firstSeq: 4 }
const handover: ModuleHandover = {
  grantId: fx.grantId,
  lane: 'traces',
  epoch: 2,
  epochStartedUnixMs: 1_795_000_000_000,
  laneKey: undefined,
  modules: [
    { module: 'core', key: fx.bytes(1, 32) },
    { module: 'data', key: fx.bytes(2, 32) },
  ],
  logs: [row],
}
const encoded = encodeKeyHandover(handover)
const otherLog = (n: number) => toLogId(Uint8Array.of(n >> 8, n & 255, ...fx.bytes(0, 14))) as LogId

function changed(changes: Readonly<Record<number, CborValue | undefined>>): Uint8Array {
  const map = new Map(decodeCbor(encoded) as CborMap)
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) map.delete(Number(key))
    else map.set(Number(key), value)
  }
  return encodeCbor(map)
}
const wireRow = (...changes: [number, CborValue][]): CborValue => {
  const values: CborValue[] = [fx.bytes(0, 16), fx.bytes(0, 16), 'core', 'base', 4]
  for (const [at, value] of changes) values[at] = value
  return values
}

const refused: { name: string; changes: Readonly<Record<number, CborValue | undefined>>; code: string }[] = [
  { name: 'another version', changes: { 1: 2 }, code: 'WIRE_VERSION' },
  { name: 'an unknown lane', changes: { 3: LANES.length }, code: 'WIRE_FIELD_RANGE' },
  { name: 'no key at all', changes: { 7: undefined }, code: 'WIRE_FIELD_MISSING' },
  { name: 'no module', changes: { 7: [] }, code: 'WIRE_FIELD_RANGE' },
  { name: 'module keys beside the key of the lane', changes: { 6: fx.bytes(0, 32) }, code: 'WIRE_FIELD_RANGE' },
  { name: 'a short lane key', changes: { 6: fx.bytes(0, 31), 7: undefined }, code: 'WIRE_FIELD_RANGE' },
  { name: 'a short module key', changes: { 7: [['core', fx.bytes(0, 31)]] }, code: 'WIRE_FIELD_RANGE' },
  {
    name: 'two keys for a module',
    changes: {
      7: [
        ['core', fx.bytes(0, 32)],
        ['core', fx.bytes(1, 32)],
      ],
    },
    code: 'WIRE_FIELD_ORDER',
  },
  { name: 'a log said to be two modules', changes: { 8: [wireRow(), wireRow([2, 'data'])] }, code: 'WIRE_FIELD_ORDER' },
  {
    name: 'a log row of four',
    changes: { 8: [[fx.bytes(0, 16), fx.bytes(0, 16), 'core', 'base']] },
    code: 'WIRE_FIELD_RANGE',
  },
  { name: 'a log id of another length', changes: { 8: [wireRow([0, fx.bytes(0, 17)])] }, code: 'WIRE_FIELD_RANGE' },
  { name: 'a part name over the limit', changes: { 8: [wireRow([3, 'x'.repeat(33)])] }, code: 'WIRE_FIELD_RANGE' },
  { name: 'a log row that is a map', changes: { 8: [new Map()] }, code: 'WIRE_FIELD_TYPE' },
]

describe('key hand-over', () => {
  test.each(fx.vectors('key-handover'))('[CT10] golden: $name', ({ value, hex }) => {
    expect(fx.toHex(encodeKeyHandover(value as KeyHandover))).toBe(hex)
    expect(decodeKeyHandover(fx.hexBytes(hex))).toEqual(value)
  })

  test('[CT10] every prefix is refused, and noise is refused or read', () => {
    expect(fx.acceptedPrefixes(encoded, decodeKeyHandover)).toEqual([])
    expect(fx.surprises([encoded], decodeKeyHandover)).toEqual([])
    expect(fx.refusal(() => decodeKeyHandover(new Uint8Array(MAX_KEY_HANDOVER_BYTES + 1)))).toBe('WIRE_TOO_LARGE')
  })

  test.each(refused)('[CT10] refused: $name', ({ changes, code }) => {
    expect(fx.refusal(() => decodeKeyHandover(changed(changes)))).toBe(code)
  })

  test('[CT10] modules and logs are sorted whatever order they were given in', () => {
    const logs = [
      { ...row, log: otherLog(9) },
      { ...row, log: otherLog(2) },
    ]
    const decoded = decodeKeyHandover(encodeKeyHandover({ ...handover, modules: handover.modules.toReversed(), logs }))
    expect(decoded.modules).toEqual(handover.modules)
    expect(decoded.logs).toEqual(logs.toReversed())
  })

  test('[CT11] the largest hand-over fits one control entry, one log more is refused', () => {
    const longest = (i: number) => String(i).padStart(MAX_MODULE_NAME_BYTES, 'm')
    const logs = Array.from({ length: MAX_HANDOVER_LOGS }, (_, i) => ({
      log: otherLog(i),
      incarnation: fx.incarnation,
      module: longest(i),
      part: 'p'.repeat(32),
      firstSeq: Number.MAX_SAFE_INTEGER,
    }))
    const modules = Array.from({ length: MAX_GRANT_MODULES }, (_, i) => ({ module: longest(i), key: fx.bytes(i, 32) }))
    const largest = encodeKeyHandover({ ...handover, modules, logs })
    expect(largest.length + 16).toBeLessThanOrEqual(MAX_CONTROL_CIPHERTEXT_BYTES)
    const tooMany = { ...handover, logs: [...logs, { ...row, log: otherLog(999) }] }
    expect(fx.refusal(() => encodeKeyHandover(tooMany))).toBe('WIRE_FIELD_RANGE')
  })
})
