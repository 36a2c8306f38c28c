/** What every spool promises to whoever delivers from it. */
import { describe, expect, test } from 'vitest'
import type { Spool, SpooledBatch } from '../../src/sdk/spool/spool.ts'

const batch = (n: number, more: Partial<SpooledBatch> = {}): SpooledBatch => ({
  stream: 'a-stream',
  n,
  kind: 'logs',
  records: 3,
  size: 4,
  ...more,
})
const bytes = Uint8Array.of(1, 2, 3, 4)

/** @param laterRun what a run that begins after `spool`'s has ended would open */
export function spoolContract(
  name: 'in memory' | 'in a folder',
  open: () => { readonly spool: Spool; readonly laterRun: () => Spool },
): void {
  describe(`a spool ${name}`, () => {
    test('[BU70] what is written is read again, and what is removed is gone', async () => {
      const { spool } = open()
      await spool.write(batch(1), bytes)
      expect(await spool.read(batch(1))).toEqual(bytes)
      expect(await spool.read(batch(2))).toBeUndefined()
      expect(await spool.read(batch(1, { kind: 'audit' }))).toBeUndefined()
      await spool.remove(batch(1))
      await spool.remove(batch(1))
      expect(await spool.read(batch(1))).toBeUndefined()
      await spool.write(batch(2), bytes)
      expect(await spool.read(batch(2))).toEqual(bytes)
    })

    test('[BU70] a batch is written again in its place', async () => {
      const { spool, laterRun } = open()
      await spool.write(batch(1), bytes)
      await spool.write(batch(1, { records: 5, size: 1 }), Uint8Array.of(9))
      expect(await spool.read(batch(1))).toEqual(Uint8Array.of(9))
      expect(await laterRun().takeOver()).toEqual([batch(1, { records: 5, size: 1 })])
    })

    test('[BU70] a later run takes over what is left, in order, and can read it', async () => {
      const { spool, laterRun } = open()
      for (const n of [300, 2, 17]) await spool.write(batch(n), bytes)
      const later = laterRun()
      expect(await later.takeOver()).toEqual([batch(2), batch(17), batch(300)])
      expect(await later.read(batch(17))).toEqual(bytes)
    })
  })
}
