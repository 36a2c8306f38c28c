import { describe, expect, test } from 'vitest'
import { BUSY_RETRY_MS, IntakeGate } from '../../../src/agent/intake-gate.ts'
import { MeshError } from '../../../src/base/errors.ts'

const BUSY = expect.objectContaining({ code: 'INGEST_BUSY' })

/** Work that ends when told to. */
function held(): { readonly work: () => Promise<string>; readonly end: () => void } {
  const { promise, resolve } = Promise.withResolvers<string>()
  return { work: () => promise, end: () => resolve('done') }
}

describe('IntakeGate', () => {
  test('[IN8] work passes up to the bound, one byte more is told to come back', async () => {
    const gate = new IntakeGate(100)
    const first = held()
    const waiting = gate.pass(60, first.work)
    await expect(gate.pass(41, async () => 'never')).rejects.toEqual(BUSY)
    expect(await gate.pass(40, async () => 'fits')).toBe('fits')
    first.end()
    expect(await waiting).toBe('done')
  })

  test('[IN8] a busy answer says when to come back', async () => {
    const gate = new IntakeGate(1)
    const first = held()
    const waiting = gate.pass(1, first.work)
    await expect(gate.pass(1, async () => 'never')).rejects.toMatchObject({ details: { retryAfterMs: BUSY_RETRY_MS } })
    first.end()
    await waiting
  })

  test('[IN8] one body larger than the bound passes alone: it would never fit otherwise', async () => {
    expect(await new IntakeGate(10).pass(11, async () => 'alone')).toBe('alone')
  })

  test('[IN8] room is given back when work fails', async () => {
    const gate = new IntakeGate(10)
    const failure = new MeshError('OTLP_MALFORMED', 'no')
    await expect(gate.pass(10, () => Promise.reject(failure))).rejects.toBe(failure)
    expect(await gate.pass(10, async () => 'again')).toBe('again')
  })

  test.each(['STORE_FULL', 'STORE_IO', 'STORE_LOCKED', 'WORKER_GONE'])(
    '[IN9] %s is nothing the sender did: it is told to come back',
    async (code) => {
      const gate = new IntakeGate(10)
      await expect(gate.pass(1, () => Promise.reject(new MeshError(code, 'no')))).rejects.toMatchObject({
        code: 'INGEST_BUSY',
        details: { retryAfterMs: BUSY_RETRY_MS, reason: code },
      })
    },
  )
})
