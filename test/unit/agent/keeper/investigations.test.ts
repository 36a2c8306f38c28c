/** Investigations of one device: what a change keeps, audits and refuses, and what is found again. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { investigationCalls } from '../../../../src/agent/keeper/investigation-calls.ts'
import type { Edit } from '../../../../src/agent/keeper/investigations.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { keeperApi } from '../../../../src/agent/keeper/keeper-api.ts'
import { storeCalls } from '../../../../src/agent/keeper/store-calls.ts'
import { toSpanId, type SpanId } from '../../../../src/model/ids.ts'
import { MAX_ENTRIES_OF_DEVICE, MAX_NOTE_BYTES } from '../../../../src/model/investigation.ts'
import type { StitchedTrace } from '../../../../src/query/stitched-trace.ts'
import { encodeDocumentRecord, KIND_INVESTIGATION } from '../../../../src/wire/documents/document-record.ts'
import { encodeEntries } from '../../../../src/wire/documents/entry-update.ts'
import { finish } from '../../../support/finish.ts'
import { auditPayloads, keeperHome, START_MS, takeSegment, type KeeperHome } from '../../../support/keeper-home.ts'
import { traceIdOf, traces } from '../../../support/otlp-records.ts'

const TRACE = traceIdOf(1)
const SPAN = toSpanId('00000000000000f1') as SpanId
const DAY_MS = 86_400_000
let home: KeeperHome
let keeper: Keeper
beforeEach(async () => {
  home = keeperHome()
  keeper = home.create()
  await keeper.setStage('developer')
  await takeSegment(keeper, 'traces', 'core', traces('app', { trace: 1, span: 1 }))
})
afterEach(() => home.remove())

const note = (text: string | null, of?: string): Edit => ({ about: 'note', text, note: of })
const edit = (change?: Edit, trace: string = TRACE) => investigationCalls(keeper).investigationEdit(trace, change)
const show = (of: Keeper = keeper, trace: string = TRACE) => investigationCalls(of).investigationShow(trace)
const leaves = (type: string) =>
  auditPayloads(keeper, type).map((payload) => (payload.kind === 'open' ? payload.payload : undefined))
const code = (expected: string) => expect.objectContaining({ code: expected })

describe('opening', () => {
  test('[DO1] [DO9] the first thing that is written opens it, once, and that is audited', async () => {
    await edit(note('dark'))
    await edit()
    expect(await show()).toMatchObject({ status: { status: 'open' }, notes: [{ text: 'dark' }], trace: { spans: 1 } })
    expect(leaves('investigation.opened')).toEqual([{ traceId: TRACE, status: 'open' }])
  })
  test('[DO1] not of a trace that is not here', async () => {
    await expect(edit(undefined, traceIdOf(7))).rejects.toThrow(code('TRACE_NOT_FOUND'))
    await expect(show()).rejects.toThrow(code('INVESTIGATION_NOT_FOUND'))
    expect(leaves('investigation.opened')).toEqual([])
  })
  test('[DO30] a trace is named by a start of its id, also when only the investigation is left of it', async () => {
    await edit(note('dark'))
    const rowId = keeper.store.logs.ofLane('traces')[0]?.rowId ?? 0
    keeper.store.transaction(() => {
      keeper.store.traces.deleteLog(rowId)
      keeper.store.segments.deleteLog(rowId)
    })
    expect(await show(keeper, TRACE.slice(0, 31))).toMatchObject({ traceId: TRACE, trace: null })
    expect(await edit(note('still'))).toMatchObject({ isChanged: true })
  })
  test('[DO7] below developer none is shown or changed', async () => {
    await edit()
    await keeper.setStage('pro')
    await expect(show()).rejects.toThrow(code('STAGE_TOO_LOW'))
    await expect(edit(note('x'))).rejects.toThrow(code('STAGE_TOO_LOW'))
    await keeper.setStage('casual')
    expect(() => keeper.intake.keepDocument(Uint8Array.of(1))).toThrow(code('STAGE_TOO_LOW'))
  })
})

describe('changing', () => {
  test('[DO4] [DO31] what is said already is not said again', async () => {
    const changes: readonly Edit[] = [
      { about: 'label', label: 'slow', isSet: true },
      { about: 'pin', spanId: SPAN, isSet: true },
      { about: 'hide', spanId: SPAN, isSet: true },
      { about: 'status', status: 'dismissed' },
    ]
    for (const change of changes) expect(await edit(change)).toMatchObject({ isChanged: true })
    const { history } = await show()
    for (const change of changes) expect(await edit(change)).toMatchObject({ isChanged: false })
    expect((await show()).history).toHaveLength(history.length)
    for (const change of changes) if ('isSet' in change) await edit({ ...change, isSet: false })
    expect(await show()).toMatchObject({ labels: [], pinned: [], hidden: [] })
    expect(await edit({ about: 'label', label: 'never there', isSet: false })).toMatchObject({ isChanged: false })
  })
  test('[DO3] a note is written anew or taken back by a start of its id', async () => {
    const written = await edit(note('dark'))
    const id = written.notes[0]?.note ?? ''
    await edit(note('light', id.slice(0, 6).toUpperCase()))
    const { note: second = '', text } = (await show()).notes[0] ?? {}
    expect([text, second === id]).toEqual(['light', false])
    await expect(edit(note(null, id))).rejects.toThrow(code('NOTE_NOT_FOUND'))
    expect(await edit(note(null, second))).toMatchObject({ notes: [], isChanged: true })
    expect((await show()).history.filter(({ about }) => about === 'note')).toHaveLength(3)
  })
  test('[DO9] closing and opening again is audited, a status between two closed ones is not', async () => {
    for (const status of ['solved', 'dismissed', 'open', 'open'] as const) await edit({ about: 'status', status })
    expect(leaves('investigation.closed')).toEqual([{ traceId: TRACE, status: 'solved' }])
    expect(leaves('investigation.opened')).toEqual([{ traceId: TRACE, status: 'open' }])
  })
  test('[DO24] a device that has written as much as one may is refused more', async () => {
    await edit()
    for (let n = 0; n < 4; n++) keeper.intake.keepDocument(entries(n * 250, 250 - (n === 3 ? 1 : 0)))
    await expect(edit(note('one more'))).rejects.toThrow(code('INVESTIGATION_FULL'))
    expect((await show()).devices).toMatchObject([{ self: true, entries: MAX_ENTRIES_OF_DEVICE, omitted: 0 }])
  })
  test('[DO24] and what is more is left out, update by update, and counted', async () => {
    for (let n = 0; n < 5; n++) keeper.intake.keepDocument(entries(n * 250, 250))
    expect((await show()).devices).toMatchObject([{ entries: MAX_ENTRIES_OF_DEVICE, omitted: 250 }])
  })
  test('[DO24] [DO23] whoever sends update after update that is none is not looked at for ever', async () => {
    await edit(note('mine'))
    keeper.writer.cut(() => true)
    for (let n = 0; n < MAX_ENTRIES_OF_DEVICE + 70; n++) keeper.intake.keepDocument(nonsense())
    keeper.writer.cut(() => true)
    for (let n = 0; n < 5; n++) keeper.intake.keepDocument(nonsense())
    const { notes, devices } = await show()
    expect(notes).toHaveLength(1)
    expect(devices).toMatchObject([
      { refused: [{ code: 'DOCUMENT_MALFORMED', count: MAX_ENTRIES_OF_DEVICE - 1 }], omitted: 70 + 1 + 5 },
    ])
  })
  test('[ST16] on a disk that is full nothing changes and nothing is said to be kept', async () => {
    await edit()
    keeper.store.db.exec("CREATE TRIGGER no BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'no'); END")
    await expect(edit(note('x'))).rejects.toThrow(code('STORE_FAILED'))
    keeper.store.db.exec('DROP TRIGGER no')
    expect((await show()).notes).toEqual([])
    expect(await edit(note('y'))).toMatchObject({ notes: [{ text: 'y' }] })
  })
})

describe('what is found again', () => {
  test('[DO2] before it is sealed it is not proven, afterwards it is', async () => {
    await edit(note('dark'))
    expect((await show()).notes).toMatchObject([{ evidence: 'unverified' }])
    keeper.writer.cut(() => true)
    expect((await show()).notes).toMatchObject([{ evidence: 'verified' }])
  })
  test('[DO25] edits of a few seconds become one record, and a kill loses none', async () => {
    await edit(note('one'))
    await edit(note('two'))
    const after = home.crashCopy().reopen()
    expect((await show(after)).notes.map(({ text }) => text)).toEqual(['one', 'two'])
    const { lanes } = await storeCalls(after, '').storeStats()
    expect(lanes.find(({ lane }) => lane === 'documents')).toMatchObject({ segments: 1, records: 1, openRecords: 0 })
  })
  test('[DO25] 64 edits are cut at once', async () => {
    for (let n = 0; n < 64; n++) await edit(note(`note ${n}`))
    const { lanes } = await storeCalls(keeper, '').storeStats()
    expect(lanes.find(({ lane }) => lane === 'documents')).toMatchObject({ segments: 1, records: 1, openRecords: 0 })
  })
  test('[DO1] the list, the last changed first', async () => {
    await takeSegment(keeper, 'traces', 'core', traces('app', { trace: 2, span: 2 }))
    for (const [at, trace] of [1, 2, 1].entries()) {
      home.clock.setWall(START_MS + at * 60_000)
      await edit(note(`${at}`), traceIdOf(trace))
      keeper.writer.cut(() => true)
    }
    const list = await investigationCalls(keeper).investigations(10)
    expect(list.map(({ traceId, notes, changedUnixMs }) => [traceId, notes, changedUnixMs])).toEqual([
      [traceIdOf(1), 2, START_MS + 120_000],
      [traceIdOf(2), 1, START_MS + 60_001], // opened a millisecond before
    ])
    expect(await investigationCalls(keeper).investigations(1)).toHaveLength(1)
  })
  test('[DO32] the picture of the trace says so', async () => {
    const stitched = async () => {
      const parts = await keeperApi(keeper, '').traceShow(TRACE, { attributes: false })
      return JSON.parse(Buffer.concat(parts as never).toString()) as StitchedTrace
    }
    expect(await stitched()).not.toHaveProperty('investigation')
    await edit({ about: 'pin', spanId: SPAN, isSet: true })
    expect((await stitched()).investigation).toEqual({
      status: 'open',
      notes: 0,
      labels: [],
      pinned: [SPAN],
      hidden: [],
    })
  })
  test('[DO10] it goes with its age, unless a hold is on its trace', async () => {
    await takeSegment(keeper, 'traces', 'core', traces('app', { trace: 2, span: 2 }))
    for (const trace of [1, 2]) {
      await edit(note('x'), traceIdOf(trace))
      keeper.writer.cut(() => true)
    }
    finish(keeper.retention.steps())
    storeCalls(keeper, '').placeHold({ trace: TRACE, reason: 'complaint' })
    for (let day = 6; day <= 372; day += 6) {
      home.clock.setWall(START_MS + day * DAY_MS)
      finish(keeper.retention.steps())
    }
    expect((await show()).notes).toHaveLength(1)
    await expect(show(keeper, traceIdOf(2))).rejects.toThrow(code('INVESTIGATION_NOT_FOUND'))
  })
  test('[IX30] an index that is made again finds it', async () => {
    await edit(note('dark'))
    keeper.writer.cut(() => true)
    await keeper.reindex.run()
    expect((await show()).notes).toHaveLength(1)
    expect(keeper.reindex.state().failure).toBeUndefined()
  })
  test('[ST27] what was altered on the disk is not shown, and is said to be missing', async () => {
    await edit(note('x'.repeat(MAX_NOTE_BYTES)))
    keeper.writer.cut(() => true)
    await edit(note('whole'))
    const [segment] = keeper.store.segments.downFrom(keeper.store.logs.ofLane('documents')[0]?.rowId ?? 0, {
      from: 0,
      to: 0,
    })
    const { at = 0, bytes = 0 } = segment ?? {}
    home.tamperPack((pack) => {
      pack[at + bytes - 1] = (pack[at + bytes - 1] ?? 0) ^ 1
      return pack
    })
    expect(await show()).toMatchObject({ unreadableChunks: 1, notes: [{ text: 'whole' }] })
  })
})

function nonsense(): Uint8Array {
  return encodeDocumentRecord({ kind: KIND_INVESTIGATION, subject: TRACE, atUnixMs: 1, update: Uint8Array.of(0xff) })
}

/** Notes of this device, without the work of writing them one by one. */
function entries(from: number, count: number): Uint8Array {
  const list = Array.from({ length: count }, (_, n) => ({
    id: (from + n).toString(16).padStart(16, '0'),
    change: { about: 'note', text: 'x' } as const,
    atUnixMs: 1,
    over: [],
  }))
  const update = encodeEntries(list, Uint8Array.of(0, 0, 0, 1, from >> 8, from & 255))
  return encodeDocumentRecord({ kind: KIND_INVESTIGATION, subject: TRACE, atUnixMs: 1, update })
}
