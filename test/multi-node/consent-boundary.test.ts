/**
 * What leaves a device: nothing before its owner consents, what the grant says while it lasts, nothing new after it.
 * Judged by the bytes before Noise and by everything the other homes hold, opened with their own keys.
 */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { CUT_RECORDS } from '../../src/store/segment-writer.ts'
import type { SyncMessage } from '../../src/wire/sync-message-types.ts'
import { AgentLab, grantsOf, meetAgain, pair, shows, type TestAgent } from '../support/agents.ts'
import { newSpan, newSpans, newTraceId } from '../support/otlp-spans.ts'
import { waitFor } from '../support/wait-for.ts'
import { FrameTap } from './frame-tap.ts'
import { HomeSearch, secretsOf } from './home-search.ts'

/** Messages that say nothing of anybody's records: who is a member, where consent logs end, what time it is. */
const HARMLESS: ReadonlySet<SyncMessage['type']> = new Set([
  'hello',
  'addresses',
  'members',
  'member-ops',
  'control-heads',
  'heads-digest',
  'in-sync',
  'ping',
  'pong',
  'bye',
])
const PURPOSE = 'canary-purpose'

const lab = new AgentLab()
const tapFileOf = (name: string): string => join(lab.folder, `${name}.tap`)
const tapOf = ({ name }: TestAgent): FrameTap => FrameTap.read(tapFileOf(name))
const traceId = newTraceId()
let phone: TestAgent
let laptop: TestAgent
let tablet: TestAgent

beforeAll(async () => {
  const start = (name: string): Promise<TestAgent> => lab.device(name, { tapFile: tapFileOf(name) })
  ;[phone, laptop, tablet] = await Promise.all([start('phone'), start('laptop'), start('tablet')])
  await pair(phone, laptop)
  await pair(phone, tablet)
})
afterAll(() => lab.close())

/** Records one span at the phone with words that nobody else knows, in every place that can hold one. */
async function speak(time: string): Promise<readonly string[]> {
  const [service, name, key, value] = ['module', 'span', 'key', 'value'].map((what) => `canary-${what}-${time}`)
  const span = newSpan({ traceId, name: name as string, attributes: { [key as string]: value as string } })
  // A full segment is cut at once, and that is when readers are told.
  await phone.record(service as string, [span, ...newSpans(CUT_RECORDS - 1, { traceId: newTraceId() })])
  await waitFor('the span to be chained', async () => {
    const spans = (await phone.spansOf(phone, traceId)).filter(({ spanId }) => spanId === span.spanId)
    return spans[0]?.provenance === 'verified'
  })
  return [service, name, key, value] as readonly string[]
}

function tellingTypes(tap: FrameTap): readonly string[] {
  return [...tap.types()].filter((type) => !HARMLESS.has(type))
}

/** Which of them a place holds, as text. */
function found(place: { holds(needle: Uint8Array): boolean }, needles: readonly (Uint8Array | string)[]) {
  return needles
    .filter((needle) => place.holds(typeof needle === 'string' ? utf8(needle) : needle))
    .map((needle) => (typeof needle === 'string' ? needle : toHex(needle)))
}

test('[CO8] before a grant nobody gets a segment, a key, a log id or a word of the owner', async () => {
  const words = await speak('before')
  await Promise.all([meetAgain(laptop, phone), meetAgain(tablet, phone)])

  const { logIds, epochKeys } = await secretsOf(phone.home)
  expect([logIds.length, epochKeys.length]).toEqual([1, 1])
  for (const { name } of [phone, laptop, tablet]) {
    const tap = FrameTap.read(tapFileOf(name))
    expect(tellingTypes(tap)).toEqual([])
    expect(tap.messages().filter((each) => each.type === 'control-heads' && (each.mine ?? each.yours))).toEqual([])
    expect(found(tap, [...logIds, ...epochKeys, ...words])).toEqual([])
  }
  for (const reader of [laptop, tablet]) {
    expect(found(await HomeSearch.of(reader.home), [...logIds, ...epochKeys, ...words])).toEqual([])
    expect(await reader.trace(traceId)).toBeUndefined()
  }
})

let grantId: string

test('[CO9] a grant opens the whole trace, and the same searches find it; a third device still has nothing', async () => {
  const { logIds, epochKeys } = await secretsOf(phone.home)
  grantId = await phone.grant({ to: laptop, sinceUnixMs: 0, purpose: PURPOSE })
  const words = ['module', 'span', 'key', 'value'].map((what) => `canary-${what}-before`)

  await shows(laptop, phone, traceId, 1)
  const [span] = (await laptop.trace(traceId, { attributes: true }))?.spans ?? []
  expect(span).toMatchObject({
    module: 'otlp/canary-module-before',
    name: 'canary-span-before',
    provenance: 'verified',
    attributes: { 'canary-key-before': 'canary-value-before' },
  })

  for (const device of [phone, laptop]) {
    const tap = tapOf(device)
    expect(tellingTypes(tap)).toEqual(
      expect.arrayContaining(['control-entries', 'heads', 'want', 'segment', 'run-end']),
    )
    expect(found(tap, logIds)).toEqual(logIds.map((id) => toHex(id)))
  }
  const home = await HomeSearch.of(laptop.home)
  const all = [...words, PURPOSE, ...logIds, ...epochKeys]
  expect(found(home, all)).toHaveLength(all.length)

  // Neither keys nor words ever travel in the clear, and nobody but the recipient gets them at all.
  await meetAgain(tablet, phone)
  for (const device of [phone, laptop, tablet])
    expect(found(tapOf(device), [...epochKeys, ...words, PURPOSE])).toEqual([])
  expect(tellingTypes(tapOf(tablet))).toEqual([])
  expect(found(await HomeSearch.of(tablet.home), all)).toEqual([])
})

test('[CO10] after a revocation nothing new leaves; its owner still sees it', async () => {
  const known = await secretsOf(phone.home)
  await phone.revoke(grantId)
  await waitFor('the laptop to know', async () => {
    return (await grantsOf(laptop)).every(({ state }) => state === 'revoked')
  })
  const before = new Map([phone, laptop, tablet].map((device) => [device, tapOf(device)]))
  const words = await speak('after')
  await Promise.all([meetAgain(laptop, phone), meetAgain(tablet, phone)])

  const isNew = (bytes: Uint8Array, old: readonly Uint8Array[]): boolean =>
    !old.some((each) => toHex(each) === toHex(bytes))
  const now = await secretsOf(phone.home)
  const logIds = now.logIds.filter((id) => isNew(id, known.logIds))
  const epochKeys = now.epochKeys.filter((key) => isNew(key, known.epochKeys))
  expect([logIds.length, epochKeys.length]).toEqual([1, 1])
  for (const [device, earlier] of before) {
    const news = tapOf(device).since(earlier)
    expect(news.types()).toContain('in-sync')
    expect(tellingTypes(news)).toEqual([])
    expect(found(news, [...now.logIds, ...now.epochKeys, ...words])).toEqual([])
  }
  for (const reader of [laptop, tablet]) {
    expect(found(await HomeSearch.of(reader.home), [...logIds, ...epochKeys, ...words])).toEqual([])
  }

  expect((await laptop.trace(traceId))?.spans.map(({ name }) => name)).toEqual(['canary-span-before'])
  const own = (await phone.trace(traceId))?.spans.map(({ name }) => name)
  expect(own?.toSorted()).toEqual(['canary-span-after', 'canary-span-before'])
  expect(found(await HomeSearch.of(phone.home), words)).toEqual(words)
})
