/**
 * Looks at what is left of a home after its process was stopped, against what that process had said: everything
 * acknowledged is there once, nothing raises an alarm that has no cause, and the device goes on.
 */
import { join } from 'node:path'
import { codeOf } from '../../src/base/errors.ts'
import { toHex } from '../../src/base/bytes.ts'
import type { Keeper } from '../../src/agent/keeper/keeper.ts'
import type { TraceId } from '../../src/model/ids.ts'
import { readSearchQuery } from '../../src/query/search/search-query.ts'
import { scopeOf } from '../../src/query/search/search-scope.ts'
import type { ChunkRef, StoredChunk } from '../../src/query/trace-source.ts'
import { openEncrypted } from '../../src/store/open-encrypted.ts'
import { segmentId } from '../../src/wire/segment-header.ts'
import { decodeLogRecords } from '../../src/wire/otlp/decode-logs.ts'
import { decodeSpans } from '../../src/wire/otlp/decode-traces.ts'
import { finish } from '../support/finish.ts'
import type { KeeperHome } from '../support/keeper-home.ts'
import { encodeNumbered, type NumberedBatch } from '../support/numbered-records.ts'
import { traceIdOf } from '../support/otlp-records.ts'
import type { StoredFacts } from '../support/stored-facts.ts'
import { goneBelow, nextNumbers, type WorkLine } from './work-lines.ts'

/** What a home must hold. */
export interface Expected {
  /** Before the work began. */
  readonly facts: StoredFacts | undefined
  readonly lines: readonly WorkLine[]
}

export interface Checked {
  /** What is wrong, in words: nothing, if all is well. */
  readonly problems: readonly string[]
  /** What the home holds since. */
  readonly lines: readonly WorkLine[]
}

export async function checkHome(home: KeeperHome, expected: Expected): Promise<Checked> {
  const problems: string[] = []
  let keeper: Keeper
  try {
    keeper = home.reopen()
  } catch (err) {
    return { problems: [`does not open: ${describe(err)}`], lines: [] }
  }
  const lines: WorkLine[] = []
  try {
    problems.push(...problemsOf(keeper, expected))
    lines.push(...(await takeMore(keeper, expected.lines)))
    keeper.close()
    keeper = home.reopen()
    const after = problemsOf(keeper, { ...expected, lines: [...expected.lines, ...lines] })
    problems.push(...after.map((text) => `at the next start: ${text}`))
  } catch (err) {
    problems.push(`fails: ${describe(err)}`)
  } finally {
    keeper.close()
  }
  problems.push(...damagedFiles(home))
  problems.push(...home.failures.map((err) => `fails in the background: ${describe(err)}`))
  return { problems, lines }
}

/** What SQLite itself says of its files. */
function damagedFiles({ folder, keys }: KeeperHome): readonly string[] {
  const damaged = (['store', 'audit'] as const).filter((name) => {
    const db = openEncrypted(join(folder, `${name}.db`), keys[name], { mustExist: true })
    try {
      return db.pragma('integrity_check', { simple: true }) !== 'ok'
    } finally {
      db.close()
    }
  })
  return damaged.map((name) => `${name}.db is damaged`)
}

function problemsOf(keeper: Keeper, expected: Expected): readonly string[] {
  const verdict = keeper.vouching.verifyAudit()
  return [
    ...keeper.vouching.alarms().map(({ code }) => `alarm ${code}`),
    ...(verdict.ok ? [] : [`the audit log does not verify: ${verdict.code}`]),
    ...factProblems(keeper, expected),
    ...recordProblems(keeper, expected),
    ...wordProblems(keeper, expected),
    ...servedProblems(keeper, expected.lines),
  ]
}

/** What was there before the work, unless it was dropped. */
function factProblems(keeper: Keeper, { facts, lines }: Expected): readonly string[] {
  const { mayBe, are } = goneBelow(lines)
  return (facts?.traces ?? []).flatMap(({ traceId, spans: count }) => {
    const { spans: there } = finish(keeper.records.chunksOf(traceId as TraceId))
    const isRight = are > 0 ? there === 0 : there === count || mayBe > 0
    return isRight ? [] : [`trace ${traceId} had ${count} spans and has ${there}`]
  })
}

function recordProblems(keeper: Keeper, { facts, lines }: Expected): readonly string[] {
  const sent = lines.flatMap((line) => (line.op === 'sent' ? [line] : []))
  const kept = new Set(lines.flatMap((line) => (line.op === 'kept' ? [line.id] : [])))
  const found = recordsOf(
    keeper,
    sent.map(({ batch }) => batch),
  )
  const problems = [...found.problems]
  const gone = goneBelow(lines)
  for (const { id, batch } of sent) {
    if (batch.signal === 'metrics') continue
    const numbers = batch.signal === 'traces' ? found.spans : found.logs
    const there = Array.from({ length: batch.size }, (_, i) => numbers.get(batch.first + i) ?? 0)
    const missing = there.filter((count) => count === 0).length
    if (there.some((count) => count > 1)) problems.push(`request ${id}: a record is there more than once`)
    if (batch.first < gone.are && missing < batch.size) problems.push(`request ${id}: dropped, and there`)
    if (batch.first < gone.mayBe) continue
    if (kept.has(id) && missing > 0) problems.push(`request ${id}: ${missing} of ${batch.size} acknowledged and lost`)
    if (!kept.has(id) && missing > 0 && missing < batch.size) problems.push(`request ${id}: only a part is there`)
  }
  return [...problems, ...countProblems(keeper, { facts, lines })]
}

/** Metrics are not looked up one by one: of all records together each is there, or counted as dropped. */
function countProblems({ store, writer }: Keeper, { facts, lines }: Expected): readonly string[] {
  const kept = new Set(lines.flatMap((line) => (line.op === 'kept' ? [line.id] : [])))
  const sizes = lines.flatMap((line) => (line.op === 'sent' ? [{ id: line.id, size: line.batch.size }] : []))
  const sum = (of: readonly { readonly size: number }[]): number => of.reduce((total, { size }) => total + size, 0)
  const dropped = store.dropped.all().reduce((total, { records }) => total + records, 0)
  const before = facts?.records ?? 0
  const count = store.segments.totals().records + writer.openRecords() + dropped - before
  const [least, most] = [sum(sizes.filter(({ id }) => kept.has(id))), sum(sizes)]
  const isWhole = count >= least && count <= most
  return isWhole ? [] : [`${count} records are there or dropped, of ${least} acknowledged and ${most} sent`]
}

interface Found {
  /** How often a number was found. */
  readonly spans: ReadonlyMap<number, number>
  readonly logs: ReadonlyMap<number, number>
  readonly problems: readonly string[]
}

function recordsOf(keeper: Keeper, batches: readonly NumberedBatch[]): Found {
  const problems: string[] = []
  const open = (refs: Iterable<ChunkRef>): readonly StoredChunk[] => {
    const chunks = [...refs].flatMap((ref) => finish(ref.open()) ?? [])
    for (const { provenance } of chunks) if (provenance !== 'verified') problems.push(`a segment is ${provenance}`)
    return chunks
  }
  const traces = new Set(batches.flatMap(({ signal, trace }) => (signal === 'traces' ? [traceIdOf(trace)] : [])))
  const spans = [...traces].flatMap((trace) =>
    open(finish(keeper.records.chunksOf(trace)).chunks)
      .flatMap(({ payload }) => decodeSpans(payload))
      .filter(({ traceId }) => traceId === trace)
      .map(({ spanId }) => Number(`0x${spanId}`)),
  )
  const allLogs = scopeOf(readSearchQuery({}, 'logs', 0), keeper.search.indexVersion, () => [])
  const logs = open(keeper.search.candidates(allLogs).chunks)
    .flatMap(({ payload }) => decodeLogRecords(payload))
    .flatMap(({ body }) => (typeof body === 'string' && body.startsWith('line ') ? [Number(body.slice(5))] : []))
  return { spans: countEach(spans), logs: countEach(logs), problems }
}

/** Single words that were given: stage, leaves, consent. */
function wordProblems(keeper: Keeper, { lines }: Expected): readonly string[] {
  const refs = new Set(
    keeper.audit
      .list({ types: ['pairing.failed'] })
      .map(({ payload }) => payload.kind === 'open' && payload.payload['ref']),
  )
  const grants = new Map(keeper.consents.records().map((record) => [String(record.grant.grantId), record]))
  return lines.flatMap((line) => {
    switch (line.op) {
      case 'leaf':
        return refs.has(line.ref) ? [] : [`${line.ref} is not in the audit log`]
      case 'stage':
        return keeper.stage === line.to ? [] : [`the stage is ${keeper.stage}`]
      case 'granted':
        return grants.has(line.grantId) ? [] : ['a grant is lost']
      case 'revoked':
        return grants.get(line.grantId)?.revokedBy === undefined ? ['a revocation is lost'] : []
      default:
        return []
    }
  })
}

/** What another device may hold must never be another segment here: that would be two histories under one signature. */
function servedProblems(keeper: Keeper, lines: readonly WorkLine[]): readonly string[] {
  const { crypto } = keeper.deps
  const here = new Set<string>()
  for (const { rowId, log } of keeper.store.logs.ofAuthor(keeper.card.deviceId)) {
    for (const { seq, header } of keeper.store.segments.downFrom(rowId, { from: 0, to: Number.MAX_SAFE_INTEGER })) {
      here.add(`${log}/${seq} ${toHex(segmentId(header, crypto.sha256))}`)
    }
  }
  const served = lines.flatMap((line) => (line.op === 'served' ? line.heads : []))
  return served.filter((head) => !here.has(head)).map((head) => `served and not there: ${head}`)
}

/** One request that stays open, one that is cut, and a leaf. */
async function takeMore(keeper: Keeper, lines: readonly WorkLine[]): Promise<readonly WorkLine[]> {
  const next = nextNumbers(lines)
  const batches = ([1, 300] as const).map((size, i): NumberedBatch => {
    return { signal: 'traces', service: 'after', trace: 9_000, first: next.number + i, size, text: '' }
  })
  for (const batch of batches) await keeper.intake.take('traces', encodeNumbered(batch), { kind: 'otlp' })
  const actor = { kind: 'device', ref: keeper.card.deviceId } as const
  const ref = `after ${next.id}`
  keeper.ledger.append({ type: 'pairing.failed', outcome: 'failure', actor, payload: { ref } })
  return [
    ...batches.flatMap((batch, i): WorkLine[] => [
      { op: 'sent', id: next.id + i, batch },
      { op: 'kept', id: next.id + i },
    ]),
    { op: 'leaf', ref },
  ]
}

function describe(err: unknown): string {
  const code = codeOf(err)
  return code !== undefined && code !== 'INTERNAL' ? code : String(err instanceof Error ? err.stack : err)
}

function countEach(numbers: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>()
  for (const n of numbers) counts.set(n, (counts.get(n) ?? 0) + 1)
  return counts
}
