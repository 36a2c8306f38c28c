/**
 * What was acknowledged survives `kill -9` at any moment, once, and nothing is corrupt afterwards.
 * One home over all rounds, so that every round begins with what the one before left behind.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openEncrypted } from '../../src/store/open-encrypted.ts'
import { decodeSpans } from '../../src/wire/otlp/decode-traces.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { traceIdOf } from '../support/otlp-records.ts'
import { openCrashKeeper } from './crash-keeper.ts'
import { openAll } from '../support/finish.ts'

const ROUNDS = 24
const MAX_LINES = 30
const WRITER = fileURLToPath(new URL('./crash-writer.ts', import.meta.url))
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crash-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the writer until it has said `lines` lines, kills it at that very moment, and returns what it acknowledged. */
async function runAndKill(round: number, lines: number): Promise<readonly number[]> {
  const child = spawn(process.execPath, [WRITER, folder, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal)))
  const acknowledged: number[] = []
  let said = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, first, size] = line.split(' ')
    if (word === 'ack') for (let i = 0; i < Number(size); i++) acknowledged.push(Number(first) + i)
    if (++said === lines) child.kill('SIGKILL')
  }
  expect(await gone).toBe('SIGKILL')
  return acknowledged
}

/** A small generator with a seed: the same rounds in every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function checkIntegrity(file: string, role: string): void {
  const db = openEncrypted(join(folder, file), nodeCrypto.sha256(utf8(`crash test ${role}`)))
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
  expect(db.pragma('foreign_key_check')).toEqual([])
  db.close()
}

function checkRecords(acknowledged: ReadonlyMap<number, readonly number[]>): void {
  const keeper = openCrashKeeper(folder)
  for (const [round, wanted] of acknowledged) {
    const chunks = openAll(keeper.records.chunksOf(traceIdOf(round)))
    const spans = chunks
      .flatMap(({ payload }) => decodeSpans(payload))
      .filter(({ traceId }) => traceId === traceIdOf(round))
      .map(({ spanId }) => Number(`0x${spanId}`))
    expect(new Set(spans).size, `round ${round}: a span is there twice`).toBe(spans.length)
    const there = new Set(spans)
    expect(
      wanted.filter((span) => !there.has(span)),
      `round ${round}: acknowledged and lost`,
    ).toEqual([])
    expect(chunks.every(({ provenance }) => provenance === 'verified')).toBe(true)
  }
  expect(keeper.audit.verify().ok).toBe(true)
  keeper.close()
}

test('[ST11] kill -9 at any moment loses nothing acknowledged and corrupts nothing', { timeout: 180_000 }, async () => {
  openCrashKeeper(folder).close()
  const random = seeded(20_261_122)
  const acknowledged = new Map<number, readonly number[]>()
  for (let round = 1; round <= ROUNDS; round++) {
    acknowledged.set(round, await runAndKill(round, 1 + random(MAX_LINES)))
    if (round % 4 === 0) {
      checkRecords(acknowledged)
      checkIntegrity('store.db', 'store')
      checkIntegrity('audit.db', 'audit')
    }
  }
  expect([...acknowledged.values()].flat().length).toBeGreaterThan(1_000)
})
