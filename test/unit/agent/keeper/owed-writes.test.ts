import { beforeEach, describe, expect, test } from 'vitest'
import { OWED_RETRY_MAX_MS, OWED_RETRY_MS, OwedWrites } from '../../../../src/agent/keeper/owed-writes.ts'
import { codeOf } from '../../../../src/base/errors.ts'
import { StoreError } from '../../../../src/store/store-error.ts'
import { manualClock, type ManualClock } from '../../../support/manual-clock.ts'

let clock: ManualClock
let owed: OwedWrites
let isFull: boolean
let written: string[]
let failures: unknown[]
let changes: (string | undefined)[]

beforeEach(() => {
  clock = manualClock()
  isFull = true
  written = []
  failures = []
  changes = []
  owed = new OwedWrites({
    clock,
    onFailure: (err) => failures.push(err),
    onChange: () => changes.push(owed.trouble),
  })
})

/** A write that a full disk refuses. */
const write = (name: string) => (): void => {
  if (isFull) throw new StoreError('STORE_FULL', 'no room')
  written.push(name)
}
const codeFrom = (work: () => void): string => {
  try {
    work()
    return 'nothing was thrown'
  } catch (err) {
    return codeOf(err)
  }
}

describe('with room', () => {
  test('[ST25] what is to be written is written at once', () => {
    isFull = false
    owed.write(write('started'))
    expect([written, owed.trouble, changes]).toEqual([['started'], undefined, []])
    expect(codeFrom(() => owed.requireSettled())).toBe('nothing was thrown')
  })

  test('[ST25] what is no trouble of the disk is thrown and owed to nobody', () => {
    const broken = (): void => {
      throw new StoreError('STORE_CORRUPT', 'damaged')
    }
    expect(codeFrom(() => owed.write(broken))).toBe('STORE_CORRUPT')
    isFull = false
    owed.write(write('next'))
    expect([written, owed.trouble]).toEqual([['next'], undefined])
  })
})

describe('on a full disk', () => {
  beforeEach(() => {
    for (const name of ['reconciled', 'started', 'opened']) owed.write(write(name))
  })

  test('[ST25] it is owed: told once, and everything that comes in is refused with the code of the disk', () => {
    expect([owed.trouble, failures.length, changes]).toEqual(['STORE_FULL', 1, ['STORE_FULL']])
    expect(codeFrom(() => owed.requireSettled())).toBe('STORE_FULL')
    expect(codeFrom(() => owed.settle())).toBe('STORE_FULL')
  })

  test('[ST25] it is tried ever more rarely, and told once a try', () => {
    const told = (ms: number): number => {
      const before = failures.length
      clock.advance(ms)
      return failures.length - before
    }
    expect([told(OWED_RETRY_MS - 1), told(1), told(2 * OWED_RETRY_MS - 1), told(1)]).toEqual([0, 1, 0, 1])
    told(10 * OWED_RETRY_MAX_MS)
    expect(told(10 * OWED_RETRY_MAX_MS)).toBe(10)
  })

  test('[ST25] once there is room it is written by itself, in order', () => {
    clock.advance(OWED_RETRY_MS)
    isFull = false
    clock.advance(2 * OWED_RETRY_MS)
    expect([written, owed.trouble]).toEqual([['reconciled', 'started', 'opened'], undefined])
    expect(changes).toEqual(['STORE_FULL', undefined])
    expect(codeFrom(() => owed.requireSettled())).toBe('nothing was thrown')
    clock.advance(OWED_RETRY_MAX_MS)
    expect(written.length).toBe(3)
  })

  test('[ST25] something that needs a leaf of its own has the owed ones written first', () => {
    isFull = false
    owed.settle()
    expect([written, owed.trouble]).toEqual([['reconciled', 'started', 'opened'], undefined])
    isFull = true
    owed.write(write('stopped'))
    clock.advance(OWED_RETRY_MS)
    expect(failures.length).toBe(3)
  })

  test('[ST25] a write that settles for itself is not kept waiting for itself', () => {
    isFull = false
    owed.write(() => {
      owed.settle()
      written.push('nested')
    })
    owed.settle()
    expect(written).toEqual(['reconciled', 'started', 'opened', 'nested'])
  })

  test('[ST25] nothing is tried any more after a stop', () => {
    owed.stop()
    isFull = false
    clock.advance(OWED_RETRY_MAX_MS)
    expect(written).toEqual([])
  })
})
