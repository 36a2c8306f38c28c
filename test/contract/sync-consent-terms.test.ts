/** What is asked of consent: the same grant twice, all grants ended at once, windows that lie ahead or behind, the words and their hash. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { codeOf } from '../../src/base/errors.ts'
import type { GrantRequest, GrantResult } from '../../src/sync/consent-service.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'
import { manySpans } from '../support/otlp-records.ts'

const HOUR_MS = 3_600_000
let world: MeshWorld
let phone: MeshDevice
let laptop: MeshDevice
beforeEach(async () => {
  world = new MeshWorld()
  ;[phone, laptop] = await world.mesh('phone', 'laptop')
})
afterEach(() => world.close())

function grant(request: Partial<GrantRequest> = {}, to = laptop): Promise<GrantResult> {
  return world.until(phone.grant(to, request) as Promise<GrantResult>)
}
function kindsOf(device: MeshDevice): readonly string[] {
  return device.keeper.consents.history().map(({ kind }) => kind)
}
function leavesOf(device: MeshDevice, type: string): number {
  return device.keeper.audit.list({ fromSeq: 0, limit: 500 }).filter(({ leaf }) => leaf.type === type).length
}
function refusalOf(work: Promise<unknown>): Promise<string> {
  return world.until(work.then(() => 'done', codeOf))
}

describe('[CO16] the same grant twice', () => {
  test('is one operation and one leaf; the second answer names the first, with its words', async () => {
    const first = await grant()
    await world.advance(HOUR_MS, HOUR_MS)
    const second = await grant()
    expect(first.existing).toBe(false)
    expect(second).toEqual({ ...first, existing: true })
    expect(kindsOf(phone)).toEqual(['grant'])
    expect(leavesOf(phone, 'consent.granted')).toBe(1)
  })

  test('asked for at once, it is given once', async () => {
    const [one, two] = await world.until(Promise.all([phone.grant(laptop), phone.grant(laptop)]))
    expect(two.grantId).toBe(one.grantId)
    expect(kindsOf(phone)).toEqual(['grant'])
  })

  test('other terms are another grant', async () => {
    await grant()
    expect((await grant({ purpose: 'something else' })).existing).toBe(false)
    expect((await grant({ lanes: ['traces'] })).existing).toBe(false)
    expect(kindsOf(phone)).toHaveLength(3)
  })

  test('after a revoke it is given anew, also when the two are asked for together', async () => {
    const { grantId } = await grant()
    const [, again] = await world.until(Promise.all([phone.api('revoke', grantId), phone.grant(laptop)]))
    expect(again.grantId).not.toBe(grantId)
    await world.recorded(phone, manySpans('app', 1, 1, 1))
    expect(laptop.recordsOf(phone)).toBe(1)
  })

  test('after it has expired it is given anew', async () => {
    const untilUnixMs = phone.now + 30_000
    await grant({ untilUnixMs })
    await world.advance(31_000, 31_000)
    expect((await grant({ untilUnixMs: untilUnixMs + HOUR_MS })).existing).toBe(false)
  })
})

describe('[CO17] all grants to a device', () => {
  test('end at once, others’ stay; nothing more is sent, and the reader knows', async () => {
    const tablet = await world.add('tablet')
    await world.pair(phone, tablet)
    const ids = [
      await grant(),
      await grant({ lanes: ['traces'] }),
      await grant({ lanes: ['metrics'], sinceUnixMs: phone.now + HOUR_MS }),
    ]
    await grant({}, tablet)
    await world.until(laptop.grant(phone))
    await world.recorded(phone, manySpans('app', 1, 1, 1))
    const ended = await world.until(phone.api('revokeAllTo', laptop.id))
    expect([...ended].sort()).toEqual(ids.map(({ grantId }) => grantId).sort())
    await world.recorded(phone, manySpans('app', 1, 10, 1))
    expect([laptop.recordsOf(phone), tablet.recordsOf(phone)]).toEqual([1, 2])
    await world.recorded(laptop, manySpans('app', 1, 20, 1))
    expect(phone.recordsOf(laptop)).toBe(1)
    const known = laptop.keeper.consents.records().filter(({ grant: { owner } }) => owner === phone.id)
    expect(known.map(({ revokedBy }) => revokedBy?.kind)).toEqual(['revoke', 'revoke', 'revoke'])
  })

  test('one that is being written ends with them, one asked for afterwards does not', async () => {
    const { grantId } = await grant()
    const [before, ended, after] = await world.until(
      Promise.all([
        phone.grant(laptop, { purpose: 'before' }),
        phone.api('revokeAllTo', laptop.id),
        phone.grant(laptop, { purpose: 'after' }),
      ]),
    )
    expect([...ended].sort()).toEqual([grantId, before.grantId].sort())
    const standing = phone.keeper.consents.standingTo(laptop.id)
    expect(standing.map((each) => each.grantId)).toEqual([after.grantId])
  })

  test('nothing is served from the moment it is asked for', async () => {
    await grant()
    const ended = phone.api('revokeAllTo', laptop.id)
    expect(phone.keeper.consents.standingTo(laptop.id)).toEqual([])
    await world.until(ended)
  })

  test('without any, nothing is written', async () => {
    expect(await world.until(phone.api('revokeAllTo', laptop.id))).toEqual([])
    expect(kindsOf(phone)).toEqual([])
  })

  test('together with a revoke of one of them, each is ended once', async () => {
    const { grantId } = await grant()
    await grant({ lanes: ['metrics'] })
    await world.until(Promise.all([phone.api('revokeAllTo', laptop.id), phone.api('revoke', grantId)]))
    await world.until(Promise.all([phone.api('revoke', grantId), phone.api('revokeAllTo', laptop.id)]))
    expect(kindsOf(phone)).toEqual(['grant', 'grant', 'revoke', 'revoke'])
  })
})

describe('[CO18] refused', () => {
  const cases: { name: string; request: () => Partial<GrantRequest>; code: string }[] = [
    { name: 'an end that has passed', request: () => ({ untilUnixMs: phone.now - 1 }), code: 'CONSENT_WINDOW' },
    { name: 'an end that is now', request: () => ({ untilUnixMs: phone.now }), code: 'CONSENT_WINDOW' },
    {
      name: 'an end that is not after a beginning to come',
      request: () => ({ sinceUnixMs: phone.now + 5, untilUnixMs: phone.now + 5 }),
      code: 'CONSENT_WINDOW',
    },
  ]
  test.each(cases)('$name', async ({ request, code }) => {
    expect(await refusalOf(phone.grant(laptop, request()))).toBe(code)
    expect(leavesOf(phone, 'consent.granted')).toBe(0)
  })

  test('consent to itself, and any consent of a device that was removed', async () => {
    expect(await refusalOf(phone.grant(phone))).toBe('CONSENT_SELF')
    await world.until(phone.api('removeMember', laptop.id))
    await world.settle()
    expect(await refusalOf(laptop.grant(phone))).toBe('CONSENT_NOT_A_MEMBER')
    expect(leavesOf(laptop, 'consent.granted')).toBe(0)
  })
})

test('[CO11] a grant whose beginning lies ahead opens nothing before it, and what is recorded after it', async () => {
  const { notice } = await grant({ sinceUnixMs: phone.now + HOUR_MS })
  expect(notice).toContain('1 hour after this consent; nothing recorded before is opened')
  const states = async () => (await world.until(phone.api('grants'))).map(({ state }) => state)
  expect(await states()).toEqual(['scheduled'])
  await world.recorded(phone, manySpans('app', 1, 1, 1))
  expect(laptop.recordsOf(phone)).toBe(0)
  await world.advance(HOUR_MS + 1000, HOUR_MS / 4)
  expect(await states()).toEqual(['active'])
  await world.recorded(phone, manySpans('app', 1, 10, 1))
  await world.advance(40_000, 1000)
  expect(laptop.recordsOf(phone)).toBe(1)
})

test('[CO11] a grant from now on opens nothing recorded before, as its words say', async () => {
  await world.recorded(phone, manySpans('app', 1, 1, 2))
  await world.advance(5_000, 1000)
  const { notice } = await grant({ sinceUnixMs: phone.now })
  expect(notice).toContain('From: now on (')
  expect(laptop.recordsOf(phone)).toBe(0)
  await world.recorded(phone, manySpans('app', 1, 10, 1))
  expect(laptop.recordsOf(phone)).toBe(1)
})

test('[CO11] a grant from the beginning of the day opens what was recorded since, as its words say', async () => {
  await world.recorded(phone, manySpans('app', 1, 1, 2))
  await world.advance(HOUR_MS, HOUR_MS)
  const { notice } = await grant({ sinceUnixMs: Date.UTC(2026, 10, 22) })
  expect(notice).toContain('19 hours before this consent; what was recorded since then is opened too.')
  await world.settle()
  expect(laptop.recordsOf(phone)).toBe(2)
})

test('[CO14] what was hashed into the grant is what was shown, then and when it is asked for again', async () => {
  await grant({ sinceUnixMs: phone.now - HOUR_MS })
  await world.advance(HOUR_MS, HOUR_MS)
  const { notice, existing } = await grant({ sinceUnixMs: phone.now - HOUR_MS })
  expect(existing).toBe(true)
  for (const device of [phone, laptop]) {
    const [record] = device.keeper.consents.records()
    expect(record?.grant.noticeHash).toEqual(nodeCrypto.sha256(utf8(notice)))
  }
})
