import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { PROBE_MS } from '../../../../src/agent/keeper/disk-guard.ts'
import { keeperApi } from '../../../../src/agent/keeper/keeper-api.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { toHex } from '../../../../src/base/bytes.ts'
import { codeOf } from '../../../../src/base/errors.ts'
import type { OpId } from '../../../../src/model/ids.ts'
import { stitchTrace } from '../../../../src/query/stitch-trace.ts'
import type { StitchedTrace } from '../../../../src/query/stitched-trace.ts'
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts'
import { CUT_RECORDS } from '../../../../src/store/segment-writer.ts'
import { decodeSpans } from '../../../../src/wire/otlp/decode-traces.ts'
import { keeperHome, type KeeperHome } from '../../../support/keeper-home.ts'
import { logs, manySpans, traceIdOf, traces } from '../../../support/otlp-records.ts'
import { finish, openAll, parseParts } from '../../../support/finish.ts'
import { statusesIn } from '../../../support/link-answers.ts'

const OTLP = { kind: 'otlp' } as const
let home: KeeperHome
let keeper: Keeper

beforeEach(async () => {
  home = keeperHome()
  keeper = home.create()
  await keeper.setStage('developer')
})
afterEach(() => {
  vi.restoreAllMocks()
  home.remove()
})

function spansOf(of: Keeper, trace: number): readonly string[] {
  return openAll(of.records.chunksOf(traceIdOf(trace)))
    .flatMap(({ payload }) => decodeSpans(payload))
    .flatMap(({ traceId, name }) => (traceId === traceIdOf(trace) ? [name] : []))
    .sort()
}

/** The same, of what is opened without harm. */
function shownSpans(of: Keeper, trace: number): readonly string[] {
  return stitched(of, trace).map(({ name }) => name)
}

function stitched(of: Keeper, trace: number): StitchedTrace['spans'] {
  const deps = { source: of.records, knowledge: { self: of.card.deviceId, members: [] }, sha256: nodeCrypto.sha256 }
  const parts = finish(stitchTrace(traceIdOf(trace), deps))
  return parts === undefined ? [] : (parseParts(parts) as StitchedTrace).spans
}

function provenanceOf(of: Keeper, trace: number): readonly string[] {
  return openAll(of.records.chunksOf(traceIdOf(trace))).map(({ provenance }) => provenance)
}

/** The disk is full: the database may not grow by a page, and no pack by a byte. */
function fillDisk(of: Keeper): void {
  const { db, packs } = of.store
  vi.spyOn(packs, 'append').mockImplementation(() => {
    throw Object.assign(new Error('no space left'), { code: 'ENOSPC', syscall: 'write' })
  })
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true }) as number}`)
}

function freeDisk(of: Keeper): void {
  vi.restoreAllMocks()
  of.store.db.pragma('max_page_count = 1000000')
}

describe('a full disk', () => {
  const incompressible = { trace: 1, span: 1, text: toHex(nodeCrypto.randomBytes(20_000)) }
  const large = { trace: 9, span: 9, text: toHex(nodeCrypto.randomBytes(30_000)) }

  test('[ST16] a batch that cannot be committed is refused with STORE_FULL and leaves memory and disk as they were', async () => {
    await keeper.intake.take('traces', traces('app', { trace: 1, span: 1 }), OTLP)
    fillDisk(keeper)
    const failed = keeper.intake.take('traces', traces('app', large), OTLP)
    expect(codeOf(await failed.catch((err: unknown) => err))).toBe('STORE_FULL')
    expect(spansOf(keeper, 1)).toEqual(['span 1'])
    expect(spansOf(keeper, 9)).toEqual([])
    expect(keeper.writer.openRecords()).toBe(1)
    expect(keeper.store.segments.totals().segments).toBe(0)
  })

  test('[ST16] once there is room again the same batch is taken, and everything is there once', async () => {
    await keeper.intake.take('traces', traces('app', { trace: 1, span: 1 }), OTLP)
    fillDisk(keeper)
    await keeper.intake.take('traces', traces('app', large), OTLP).catch(() => undefined)
    freeDisk(keeper)
    home.clock.advance(PROBE_MS)
    await keeper.intake.take('traces', traces('app', large), OTLP)
    expect([spansOf(keeper, 1), spansOf(keeper, 9)]).toEqual([['span 1'], ['span 9']])
    const again = home.crashCopy().reopen()
    expect([spansOf(again, 1), spansOf(again, 9)]).toEqual([['span 1'], ['span 9']])
  })

  test('[ST16] a cut that fails is told and tried again; nothing is lost meanwhile', async () => {
    await keeper.intake.take('traces', traces('app', incompressible), OTLP)
    fillDisk(keeper)
    home.clock.advance(5_000)
    expect(home.failures.map(codeOf)).toContain('STORE_FULL')
    expect(spansOf(keeper, 1)).toEqual(['span 1'])
    freeDisk(keeper)
    home.clock.advance(1_000)
    expect(keeper.store.segments.totals()).toEqual({ segments: 1, records: 1 })
    expect(provenanceOf(keeper, 1)).toEqual(['verified'])
  })

  test('[ST16] a cut that goes on failing is tried ever more rarely, told once a try, and works within half a minute of room', async () => {
    await keeper.intake.take('traces', traces('app', incompressible), OTLP)
    fillDisk(keeper)
    const told = (ms: number): number => {
      const before = home.failures.length
      home.clock.advance(ms)
      return home.failures.length - before
    }
    expect([told(4_999), told(1), told(199), told(1), told(399), told(1)]).toEqual([0, 1, 0, 1, 0, 1])
    told(60_000)
    expect([told(30_000), told(30_000), told(300_000)]).toEqual([1, 1, 10])
    freeDisk(keeper)
    expect(told(30_000)).toBe(0)
    expect(keeper.store.segments.totals()).toEqual({ segments: 1, records: 1 })
  })

  test('[ST16] after a cut that worked the next failure is tried again soon', async () => {
    await keeper.intake.take('traces', traces('app', incompressible), OTLP)
    fillDisk(keeper)
    home.clock.advance(120_000)
    freeDisk(keeper)
    home.clock.advance(30_000)
    await keeper.intake.take('traces', traces('app', incompressible), OTLP)
    fillDisk(keeper)
    home.clock.advance(5_000)
    const before = home.failures.length
    home.clock.advance(200)
    expect(home.failures.length).toBe(before + 1)
  })

  test('[ST16] closing ends the keeper even if the last cut fails: the journal still holds the records', async () => {
    await keeper.intake.take('traces', traces('app', incompressible), OTLP)
    fillDisk(keeper)
    keeper.close()
    expect(keeper.store.db.open).toBe(false)
    expect(home.failures.map(codeOf)).toContain('STORE_FULL')
    expect(spansOf(home.reopen(), 1)).toEqual(['span 1'])
  })

  test('[IN9] an OTLP request that cannot be kept is told to come back, and one that cannot be read why', async () => {
    const api = keeperApi(keeper, 'store.db')
    await keeper.intake.take('traces', traces('app', { trace: 1, span: 1 }), OTLP)
    fillDisk(keeper)
    const push = { signal: 'traces', encoding: 'protobuf', gzip: false } as const
    const frames = await api.takePushes([
      { ...push, request: 1, body: traces('app', large) },
      { ...push, request: 2, body: Uint8Array.of(0x0a, 0xff) },
    ])
    expect(statusesIn(frames)).toEqual([
      [1, 503],
      [2, 400],
    ])
  })
})

describe('evidence', () => {
  beforeEach(async () => {
    await keeper.intake.take('traces', manySpans('app', 1, 1, CUT_RECORDS), OTLP)
  })

  test('[ST17] own records are unverified while open and verified once chained', async () => {
    await keeper.intake.take('traces', traces('app', { trace: 2, span: 1 }), OTLP)
    expect(provenanceOf(keeper, 2)).toEqual(['unverified'])
    keeper.writer.cut(() => true)
    expect(provenanceOf(keeper, 2)).toEqual(['verified'])
  })

  test('[ST17] without its signed head a segment is unverified', () => {
    keeper.close()
    home.tamper((db) => db.exec('DELETE FROM head'))
    expect(provenanceOf(home.reopen(), 1)).toEqual(['unverified'])
  })

  test('[ST17] under a head that its author did not sign a segment is unverified', () => {
    keeper.close()
    home.tamper((db) => db.prepare('UPDATE head SET signature = ?').run(new Uint8Array(64)))
    expect(provenanceOf(home.reopen(), 1)).toEqual(['unverified'])
  })

  test('[ST17] [ST27] a body of which any byte is altered is tampered, and nothing of it is shown', () => {
    keeper.close()
    home.tamperPack((bytes) => bytes.fill((bytes.at(-1) as number) ^ 1, bytes.length - 1))
    const reopened = home.reopen()
    expect(provenanceOf(reopened, 1)).toEqual(['tampered'])
    expect(() => shownSpans(reopened, 1)).toThrow(expect.objectContaining({ code: 'TRACE_UNREADABLE' }))
  })

  test('[ST27] of a pack that is cut short or gone, what was in it is tampered, and new records come in', async () => {
    keeper.close()
    for (const change of [(bytes: Buffer) => bytes.subarray(0, -1), () => new Uint8Array(0)]) {
      home.tamperPack(change)
      const reopened = home.reopen()
      expect(provenanceOf(reopened, 1)).toEqual(['tampered'])
      await reopened.intake.take('traces', manySpans('app', 2, 5000, CUT_RECORDS), OTLP)
      expect(provenanceOf(reopened, 2).at(-1)).toBe('verified')
      reopened.close()
    }
  })

  const damages: readonly { name: string; sql: string }[] = [
    { name: 'a body that is said to lie elsewhere', sql: 'UPDATE segment SET at = at + 1' },
    { name: 'a body that is said to be longer than the file', sql: 'UPDATE segment SET bytes = 1000000' },
    { name: 'a body in a pack that is not there', sql: 'UPDATE segment SET pack = 77' },
    { name: 'a header that is none', sql: "UPDATE segment SET header = x'a0'" },
    { name: 'an epoch without a key', sql: 'UPDATE segment SET epoch = 77' },
  ]
  test.each(damages)('[ST17] $name makes its segment tampered and harms no other', async ({ sql }) => {
    await keeper.intake.take('traces', traces('other', { trace: 1, span: 5000, name: 'safe' }), OTLP)
    keeper.close()
    home.tamper((db) => db.exec(`${sql} WHERE id = 1`))
    const reopened = home.reopen()
    expect(provenanceOf(reopened, 1)).toEqual(['tampered', 'verified'])
    const spans = stitched(reopened, 1)
    expect(spans.find(({ name }) => name === 'safe')?.provenance).toBe('verified')
    expect(spans.filter(({ provenance }) => provenance === 'verified').length).toBe(1)
  })

  test('[ST17] an older segment put in the place of a newer one is tampered: a signed chain names another there', async () => {
    for (const from of [1000, 2000]) await keeper.intake.take('traces', manySpans('app', from, from, CUT_RECORDS), OTLP)
    keeper.close()
    home.tamper((db) =>
      db.exec(`UPDATE segment SET (header, pack, at, bytes) =
        (SELECT header, pack, at, bytes FROM segment WHERE seq = 0) WHERE seq = 1;
        DELETE FROM head WHERE seq = 1`),
    )
    const reopened = home.reopen()
    expect([1, 1000, 2000].map((trace) => provenanceOf(reopened, trace))).toEqual([
      ['verified'],
      ['tampered'],
      ['verified'],
    ])
  })

  test('[ST17] a segment between two heads is judged by the chain that leads to it', async () => {
    await keeper.intake.take('traces', manySpans('app', 2, 1000, CUT_RECORDS), OTLP)
    keeper.close()
    home.tamper((db) => db.exec('DELETE FROM head WHERE seq = 0'))
    expect(provenanceOf(home.reopen(), 1)).toEqual(['verified'])
    home.tamper((db) => db.exec("UPDATE segment SET header = header || x'00' WHERE seq = 1"))
    expect(provenanceOf(home.reopen(), 1)).toEqual(['unverified'])
  })
})

test.each(['store.db', 'audit.db'])('[ST6] a %s whose first page is altered is named', (file) => {
  keeper.close()
  const path = join(home.folder, file)
  const bytes = readFileSync(path)
  bytes[100] = (bytes[100] as number) ^ 1
  writeFileSync(path, bytes)
  expect(() => home.reopen()).toThrow(`${file} is damaged (the first page is damaged)`)
})

describe('what is not kept', () => {
  test('[ST10] a count that fails after the commit does not take back the answer', async () => {
    keeper.store.db.exec("CREATE TRIGGER no_count BEFORE INSERT ON counter BEGIN SELECT RAISE(FAIL, 'no'); END")
    const mixed = traces('app', { trace: 1, span: 1 }, { trace: 1, span: 2, isBad: true })
    expect(await keeper.intake.take('traces', mixed, OTLP)).toMatchObject({ accepted: 1 })
    home.clock.advance(5_000)
    expect(provenanceOf(keeper, 1)).toEqual(['verified'])
  })

  test('[ST18] records that the stage does not collect are dropped, counted, and never stored', async () => {
    await keeper.setStage('pro')
    const bus = { kind: 'bus', module: 'core' } as const
    const dropped = await keeper.intake.take('traces', traces('x', { trace: 1, span: 1 }), bus)
    expect(dropped).toMatchObject({ accepted: 0, dropped: 1 })
    const kept = await keeper.intake.take('logs', logs('x', 9, 17), bus)
    expect(kept).toMatchObject({ accepted: 2, dropped: 0 })
    expect(keeper.store.counters.all()).toMatchObject({ 'ingest.dropped_by_stage': 1 })
    expect(keeper.writer.openRecords()).toBe(2)
    expect(keeper.store.logs.all().map(({ lane }) => lane)).toEqual(['logs'])
  })

  test('[ST18] malformed records are counted by the code of their fault', async () => {
    const bad = traces('app', { trace: 1, span: 1 }, { trace: 1, span: 2, isBad: true })
    const admitted = await keeper.intake.take('traces', bad, OTLP)
    expect(admitted).toMatchObject({ accepted: 1, rejected: { count: 1 } })
    const code = admitted.rejected?.code ?? ''
    expect(keeper.store.counters.all()).toMatchObject({ [`ingest.rejected.${code}`]: 1 })
  })

  test('[ST18] names of OTLP sources end at 64 a lane, one after another', async () => {
    for (let i = 0; i < 66; i++) {
      await keeper.intake.take('traces', traces(`app-${i}`, { trace: 1, span: i + 1 }), OTLP)
    }
    const modules = keeper.store.logs.all().map(({ module }) => module)
    expect(modules.length).toBe(65)
    expect(modules).toContain('otlp/app-63')
    expect(modules).toContain('otlp/other')
    expect(modules).not.toContain('otlp/app-64')
    expect(spansOf(keeper, 1).length).toBe(66)
  })

  test('[ST18] and so they do when the requests wait for one commit', async () => {
    await Promise.all(
      Array.from({ length: 70 }, (_, i) =>
        keeper.intake.take('traces', traces(`app-${i}`, { trace: 1, span: i + 1 }), OTLP),
      ),
    )
    expect(keeper.store.logs.all().length).toBe(65)
  })
})

describe('audit and operations', () => {
  test('[AU16] a leaf whose operation never came is answered with audit.reconciled, once', () => {
    const lost = 'ab'.repeat(32) as OpId
    keeper.ledger.append({
      type: 'consent.granted',
      outcome: 'success',
      actor: { kind: 'user', ref: keeper.card.deviceId },
      object: { kind: 'consent', ref: lost },
    })
    keeper.close()
    const reconciled = (of: Keeper) => of.audit.list({ types: ['audit.reconciled'] }).map(({ leaf }) => leaf.object)
    const reopened = home.reopen()
    expect(reconciled(reopened)).toEqual([{ kind: 'consent', ref: lost }])
    reopened.close()
    const again = home.reopen()
    expect(reconciled(again)).toEqual([{ kind: 'consent', ref: lost }])
    expect(again.audit.verify().ok).toBe(true)
  })

  test('[AU16] operations that are there need no reconciling', async () => {
    keeper.close()
    const reopened = home.reopen()
    expect(reopened.audit.list({ types: ['audit.reconciled'] })).toEqual([])
    expect(reopened.audit.list().map(({ leaf }) => leaf.type)).toEqual(['device.created', 'stage.changed'])
  })

  test('[AU16] the leaf of a stage comes before the stage', async () => {
    const { db } = keeper.store
    db.exec(
      "CREATE TRIGGER no_stage BEFORE INSERT ON setting WHEN NEW.name = 'stage' BEGIN SELECT RAISE(FAIL, 'no'); END",
    )
    await expect(keeper.setStage('pro')).rejects.toThrow('SQLITE_CONSTRAINT_TRIGGER')
    expect(keeper.audit.list({ types: ['stage.changed'] }).length).toBe(2)
    expect(keeper.stage).toBe('developer')
  })
})
