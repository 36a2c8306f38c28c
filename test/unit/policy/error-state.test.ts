import { describe, expect, test } from 'vitest'
import { decideError, judgeError, type ErrorState, type KeptErrorState } from '../../../src/policy/error-state.ts'

const NOW_MS = 1_000
const nano = (ms: number): bigint => BigInt(ms) * 1_000_000n

interface Row {
  readonly name: string
  /** When it was seen last before somebody decided, and after it. */
  readonly seen: readonly [before: number, after: number]
  readonly decided: ErrorState
  readonly state: ErrorState
  readonly regressed: boolean
}
const ROWS: readonly Row[] = [
  {
    name: 'resolved and not seen since: resolved',
    seen: [900, 900],
    decided: 'resolved',
    state: 'resolved',
    regressed: false,
  },
  {
    name: 'resolved and seen later: open, and back',
    seen: [900, 1001],
    decided: 'resolved',
    state: 'open',
    regressed: true,
  },
  {
    name: 'recorded before it was resolved and come later: resolved',
    seen: [900, 999],
    decided: 'resolved',
    state: 'resolved',
    regressed: false,
  },
  {
    name: 'in the very moment it was resolved: resolved',
    seen: [900, 1000],
    decided: 'resolved',
    state: 'resolved',
    regressed: false,
  },
  {
    name: 'dated later by a clock that is ahead: resolved',
    seen: [5000, 5000],
    decided: 'resolved',
    state: 'resolved',
    regressed: false,
  },
  {
    name: 'seen again by that clock: open, and back',
    seen: [5000, 5001],
    decided: 'resolved',
    state: 'open',
    regressed: true,
  },
  { name: 'muted and seen again: muted', seen: [900, 2000], decided: 'muted', state: 'muted', regressed: false },
  {
    name: 'reopened: open, and nothing came back',
    seen: [900, 2000],
    decided: 'open',
    state: 'open',
    regressed: false,
  },
]

describe('the state of a group of errors', () => {
  test.each(ROWS)('[ER2] $name', ({ seen: [before, after], decided, state, regressed }) => {
    const kept = decideError(decided, nano(before), NOW_MS)
    expect(judgeError(kept, nano(after))).toMatchObject({ state, regressed })
  })

  test('[ER1] one that nobody decided about is open', () => {
    expect(judgeError(undefined, 5n)).toEqual({ state: 'open', regressed: false, stateSinceUnixMs: null })
  })

  test('[ER2] one that was found to be back stays open, also when that error is deleted', () => {
    const kept: KeptErrorState = { state: 'regressed', sinceUnixMs: 7, afterUnixNano: nano(1000) }
    expect(judgeError(kept, nano(900))).toEqual({ state: 'open', regressed: true, stateSinceUnixMs: 7 })
  })
})
