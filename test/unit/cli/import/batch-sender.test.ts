import { expect, test } from 'vitest'
import type { Pushed } from '../../../../src/cli/agent-client.ts'
import { AgentAnswerError } from '../../../../src/cli/cli-error.ts'
import {
  BatchSender,
  MAX_IN_FLIGHT,
  MAX_STALL_MS,
  type BatchSenderDeps,
} from '../../../../src/cli/import/batch-sender.ts'
import type { Batch } from '../../../../src/transfer/batcher.ts'
import { manualClock } from '../../../support/manual-clock.ts'

const batchOf = (...bytes: readonly number[]): Batch => ({
  signal: 'logs',
  bytes: Uint8Array.from(bytes),
  records: bytes.length,
  parts: bytes.map((byte) => ({ place: { unit: 'line', at: byte }, bytes: Uint8Array.of(byte) })),
})
const TAKEN: Pushed<unknown> = { ok: true, view: { accepted: 1, rejected: null } }
const BUSY: Pushed<unknown> = { ok: false, retryAfterMs: 1_000, reason: 'STORE_FULL' }

/** An agent whose answers are given one by one. */
function agent(answer: (bytes: Uint8Array, asked: number) => Promise<Pushed<unknown>> | Pushed<unknown>) {
  const clock = manualClock()
  const asked: string[] = []
  const taken: number[] = []
  const refused: string[] = []
  const waits: (string | undefined)[] = []
  const deps: BatchSenderDeps = {
    clock,
    client: {
      push: async <T>(path: string, bytes: Uint8Array) => {
        asked.push(`${path} ${bytes.join(',')}`)
        return (await answer(bytes, asked.length)) as Pushed<T>
      },
    },
    onTaken: (batch) => taken.push(...batch.bytes),
    onRefused: ({ parts }, { code }) => refused.push(...parts.map(({ place }) => `${place.at} ${code}`)),
    onWait: (reason) => waits.push(reason),
  }
  return { clock, asked, taken, refused, waits, sender: new BatchSender(deps) }
}
/** Everything that is ready to run has run. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('[IM2] so many batches are on their way at once, and the next waits for one of them', async () => {
  const open: ((answer: Pushed<unknown>) => void)[] = []
  const { sender, asked, taken } = agent(() => new Promise((resolve) => open.push(resolve)))
  for (let i = 0; i < MAX_IN_FLIGHT - 1; i++) await sender.send(batchOf(i))
  let isThrough = false
  const next = sender.send(batchOf(100)).then(() => (isThrough = true))
  await settled()
  expect([asked.length, isThrough]).toEqual([MAX_IN_FLIGHT, false])
  open[3]?.(TAKEN)
  await next
  for (const resolve of open) resolve(TAKEN)
  await sender.finish()
  expect(taken.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 100])
})

test('[IM3] under back-pressure a batch is kept, and comes again after the pause it was told', async () => {
  const { sender, clock, asked, taken, waits } = agent((_, count) => (count < 3 ? BUSY : TAKEN))
  await sender.send(batchOf(1))
  await settled()
  clock.advance(999)
  await settled()
  expect(asked).toHaveLength(1)
  clock.advance(1)
  await settled()
  expect(asked).toHaveLength(2)
  clock.advance(1_000)
  await sender.finish()
  expect(taken).toEqual([1])
  expect(waits).toEqual(['STORE_FULL', 'STORE_FULL', undefined])
})

test('[IM3] an agent that takes nothing for too long ends the import', async () => {
  const { sender, clock, asked } = agent(() => BUSY)
  await sender.send(batchOf(1))
  for (let waited = 0; waited <= MAX_STALL_MS; waited += 1_000) {
    await settled()
    clock.advance(1_000)
  }
  await expect(sender.finish()).rejects.toMatchObject({ code: 'IMPORT_STALLED' })
  expect(asked.length).toBeGreaterThan(MAX_STALL_MS / 1_000 - 1)
})

test('[IM5] a batch that the door cannot read is sent part by part, and the bad part is refused alone', async () => {
  const { sender, asked, taken, refused } = agent((bytes) => {
    if (bytes.includes(7)) throw new AgentAnswerError(400, 'OTLP_MALFORMED', 'no', {})
    return TAKEN
  })
  await sender.send(batchOf(6, 7, 8))
  await sender.finish()
  expect(asked).toEqual(['/v1/import/logs 6,7,8', '/v1/import/logs 6', '/v1/import/logs 7', '/v1/import/logs 8'])
  expect([taken, refused]).toEqual([[6, 8], ['7 OTLP_MALFORMED']])
})

test('[IM1] any other failure ends the import: nothing is sent after it', async () => {
  const { sender, asked } = agent(() => {
    throw new AgentAnswerError(403, 'STAGE_TOO_LOW', 'no', {})
  })
  await sender.send(batchOf(1))
  await settled()
  await expect(sender.send(batchOf(2))).rejects.toMatchObject({ code: 'STAGE_TOO_LOW' })
  await expect(sender.finish()).rejects.toMatchObject({ code: 'STAGE_TOO_LOW' })
  expect(asked).toHaveLength(1)
})
