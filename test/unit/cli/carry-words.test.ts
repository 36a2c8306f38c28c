/** What is said of carrying. */
import { describe, expect, test } from 'vitest'
import type { CarrierView, CarryView } from '../../../src/agent/http-types/carry.ts'
import {
  behindLines,
  carriedTable,
  carrierLines,
  carryState,
  relayedLines,
} from '../../../src/cli/render/carry-words.ts'

const nameOf = (id: string): string => (id === 'b' ? 'box' : 'phone')
const view: CarryView = {
  on: true,
  maxBytes: 1 << 30,
  keepDays: 30,
  carried: [{ deviceId: 'p', standing: 'open', readers: [], segments: 3, bytes: 2048 }],
  carriers: [],
  relayed: [],
  behind: [],
}
const receipt = {
  log: '00',
  incarnation: '00',
  from: 0,
  to: 9,
  at: new Date(Date.now() - 3_600_000).toISOString(),
  keptUntil: '2026-12-24',
  signed: '00',
}
const carrier: CarrierView = { deviceId: 'b', standing: 'open', refused: null, refusedAt: null, receipts: [receipt] }

describe('[CA20] carrying in words', () => {
  test('whether it is on, and how much there is', () => {
    expect(carryState(view)).toContain('2 KiB of at most 1 GiB. It cannot read any of it.')
    expect(carryState({ ...view, on: false })).toBe(
      'This device carries nothing for others. Let it: aico-mesh carry on',
    )
  })

  test('of whom, for whom', () => {
    expect(carriedTable(view.carried, nameOf).rows).toEqual([['phone', 'nobody yet', '3', '2 KiB', 'in force']])
  })

  test('who carries for this device, and why one does not', () => {
    expect(carrierLines([carrier], nameOf)).toEqual(['box signed for 1 log, last 1 h ago.'])
    expect(carrierLines([{ ...carrier, receipts: [], refused: 'CARRY_OFF', refusedAt: receipt.at }], nameOf)).toEqual([
      'box has taken nothing yet. It takes nothing more since 1 h ago: it is not set to carry (there: aico-mesh carry on).',
    ])
    expect(carrierLines([{ ...carrier, refused: 'CARRY_LATER' }], nameOf)[0]).toContain('nothing more: CARRY_LATER.')
  })

  test('what an owner says there is, and who brings less', () => {
    expect(relayedLines([{ deviceId: 'p', at: receipt.at, missing: 0 }], nameOf)).toEqual([
      'phone, as of 1 h ago: everything it had for this device is here.',
    ])
    expect(relayedLines([{ deviceId: 'p', at: receipt.at, missing: 1 }], nameOf)[0]).toContain(
      '1 segment that it had for this device is not here.',
    )
    expect(behindLines([{ deviceId: 'b', segments: 2 }], nameOf)).toEqual([
      'box brought word of 2 segments more than it brought: it is behind, or keeps them back.',
    ])
  })
})
