import { expect, test } from 'vitest'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { Epochs, type OwnEpoch } from '../../../src/sync/epochs.ts'
import { OwnerClock } from '../../../src/sync/owner-clock.ts'
import { manualClock } from '../../support/manual-clock.ts'

test('[CO13] an epoch whose transaction was rolled back is not in force: records go on under a key that is stored', () => {
  const stored: OwnEpoch[] = []
  const epochs = new Epochs({
    crypto: nodeCrypto,
    ownerClock: new OwnerClock({
      clock: manualClock(),
      load: () => 0,
      save: () => undefined,
      onFailure: () => undefined,
    }),
    table: { current: () => stored.at(-1), insert: (epoch) => stored.push(epoch) },
    ledger: { append: () => undefined },
    self: 'aa'.repeat(32),
    boundaries: () => [],
  })
  const first = epochs.current('traces')
  epochs.commit(epochs.prepare('traces'))
  stored.pop() // the rest of the transaction failed, on a full disk for example
  expect(epochs.current('traces')).toEqual(first)
  expect(epochs.prepare('traces').n).toBe(1)
  epochs.commit(epochs.prepare('traces'))
  expect(epochs.current('traces').n).toBe(1)
})
