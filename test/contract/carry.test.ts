/** Two devices that never meet, and others that carry between them what they cannot read. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { grantState } from '../../src/policy/grant-state.ts'
import type { GrantId } from '../../src/model/ids.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'
import { manySpans, traces } from '../support/otlp-records.ts'

const DAY_MS = 86_400_000
const CANARY = 'canary-7f3a9c'

let world: MeshWorld
let phone: MeshDevice
let box: MeshDevice
let laptop: MeshDevice
/** Phone and laptop are paired through the box, one after the other, and are never up at the same time. */
beforeEach(async () => {
  world = new MeshWorld()
  ;[box, phone] = await world.mesh('box', 'phone')
  await world.until(phone.stop())
  laptop = await world.add('laptop')
  await world.pair(box, laptop)
  await swap(laptop, phone)
})
afterEach(async () => {
  const failures = [box, phone, laptop].flatMap((device) => device.failures)
  await world.close()
  if (failures.length > 0) throw new Error('something failed by itself', { cause: failures[0] })
})

/** One goes, the other comes. */
async function swap(from: MeshDevice, to: MeshDevice): Promise<void> {
  await world.settle()
  await world.until(from.stop())
  await world.until(to.restart())
  await world.settle()
}

async function carryOn(device: MeshDevice, maxBytes = 1 << 30): Promise<void> {
  await world.until(device.api('setCarry', { on: true, maxBytes }))
  await world.settle()
}

/** The phone lets the laptop see its traces, and the box carry them. */
async function consented({ maxBytes }: { readonly maxBytes?: number } = {}): Promise<{
  readonly see: GrantId
  readonly carry: GrantId
}> {
  await carryOn(box, maxBytes)
  const see = await world.until(phone.grant(laptop, { lanes: ['traces'] }))
  const carry = await world.until(phone.grant(box, { lanes: ['traces'], may: 'carry' }))
  await world.settle()
  return { see: see.grantId, carry: carry.grantId }
}

async function recorded(device: MeshDevice, count: number, trace = 1): Promise<void> {
  for (let n = 0; n < count; n++) await world.recorded(device, manySpans('app', trace, 1 + n * 10, 3))
}

function carriedBy(device: MeshDevice, owner = phone): number {
  return device.keeper.store.carried.useOf(owner.id).segments
}

function refusals(device: MeshDevice, code: string): number {
  return device.counters[`sync.refused.${code}`] ?? 0
}

describe('what a carrier brings', () => {
  test('[CA4] a reader gets the records of an owner that it never met; the carrier reads nothing', async () => {
    await consented()
    await recorded(phone, 5)
    expect(box.recordsOf(phone)).toBe(0)
    expect(carriedBy(box)).toBe(5)
    await swap(phone, laptop)
    expect(laptop.recordsOf(phone)).toBe(15)
    expect(laptop.held(phone)).toHaveLength(5)
    expect([...box.sessionFailures, ...laptop.sessionFailures]).toEqual([])
  })

  test('[CA4] what came before the consent to carry is brought too, and what comes later as well', async () => {
    await carryOn(box)
    await world.until(phone.grant(laptop, { lanes: ['traces'] }))
    await recorded(phone, 2)
    await world.until(phone.grant(box, { lanes: ['traces'], may: 'carry' }))
    await swap(phone, laptop)
    expect(laptop.recordsOf(phone)).toBe(6)
    await swap(laptop, phone)
    await recorded(phone, 3, 2)
    await swap(phone, laptop)
    expect(laptop.recordsOf(phone)).toBe(15)
  })

  test('[CA1] only what both grants cover is carried', async () => {
    await carryOn(box)
    await world.until(phone.grant(laptop, { lanes: ['traces'], modules: ['otlp/app'] }))
    await world.until(phone.grant(box, { lanes: ['traces', 'logs'], may: 'carry' }))
    await world.recorded(phone, manySpans('app', 1, 1, 3))
    await world.recorded(phone, manySpans('other', 1, 50, 4))
    expect(carriedBy(box)).toBe(1)
    await swap(phone, laptop)
    expect(laptop.recordsOf(phone)).toBe(3)
  })

  test('[CA2] a grant to carry alone moves nothing: there is nobody who may see', async () => {
    await carryOn(box)
    await world.until(phone.grant(box, { lanes: ['traces'], may: 'carry' }))
    await recorded(phone, 2)
    expect(carriedBy(box)).toBe(0)
  })

  test('[CA10] no word that was recorded is in any byte of the carrier’s files', async () => {
    await consented()
    await world.recorded(phone, traces('app', { trace: 1, span: 1, text: CANARY }))
    await swap(phone, laptop)
    expect(laptop.recordsOf(phone)).toBe(1)
    expect(filesWith(box.folder, CANARY)).toEqual([])
    expect(filesWith(box.folder, 'otlp/app')).toEqual([])
    expect(carriedNames(box)).toEqual([])
  })

  test('[CA13] when nothing changed, a meeting is digests and no list', async () => {
    await consented()
    await recorded(phone, 3)
    await swap(phone, laptop)
    await world.until(laptop.stop().then(() => laptop.restart()))
    await world.settle()
    await world.until(laptop.stop().then(() => laptop.restart()))
    box.said.splice(0)
    await world.settle()
    expect(laptop.recordsOf(phone)).toBe(9)
    expect(box.saidTo(laptop)).not.toContain('heads')
    expect(box.saidTo(laptop)).not.toContain('segment')
  })
})

describe('two carriers in a row', () => {
  test('[CA5] what one carrier has goes on to another, which its owner never met, and from there to the reader', async () => {
    await swap(phone, laptop)
    const tablet = await world.add('tablet')
    await world.pair(box, tablet)
    await world.until(tablet.stop())
    await swap(laptop, phone)
    await carryOn(box)
    await world.until(phone.grant(laptop, { lanes: ['traces'] }))
    await world.until(phone.grant(box, { lanes: ['traces'], may: 'carry' }))
    await world.until(phone.grant(tablet, { lanes: ['traces'], may: 'carry' }))
    await recorded(phone, 4)
    await swap(phone, tablet)
    await carryOn(tablet)
    expect(carriedBy(tablet)).toBe(4)
    expect(tablet.recordsOf(phone)).toBe(0)
    // The box is gone when the laptop comes.
    await swap(box, laptop)
    expect(laptop.recordsOf(phone)).toBe(12)
    expect(tablet.failures).toEqual([])
  })
})

describe('consent at the carrier', () => {
  test('[CA6] a revocation reaches the reader through the carrier, and closes what the carrier gives it', async () => {
    const { see } = await consented()
    await recorded(phone, 2)
    await swap(phone, laptop)
    await swap(laptop, phone)
    await recorded(phone, 3, 2)
    expect(carriedBy(box)).toBeGreaterThanOrEqual(3)
    await world.until(phone.api('revoke', see))
    await world.settle()
    expect(carriedBy(box)).toBe(0)
    await swap(phone, laptop)
    expect(laptop.recordsOf(phone)).toBe(6)
    expect(stateAt(laptop, see)).toBe('revoked')
  })

  test('[CA6] ending the grant to carry deletes what is carried', async () => {
    const { carry } = await consented()
    await recorded(phone, 2)
    await world.until(phone.api('revoke', carry))
    await world.settle()
    expect(carriedBy(box)).toBe(0)
    await recorded(phone, 2, 2)
    expect(carriedBy(box)).toBe(0)
    await swap(phone, laptop)
    expect(laptop.recordsOf(phone)).toBe(0)
  })

  test('[CA6] nothing goes to a device that was removed, and nothing is kept of an owner that was', async () => {
    await consented()
    await recorded(phone, 2)
    await world.until(box.api('removeMember', laptop.id))
    await world.settle()
    expect(carriedBy(box)).toBe(0)
    await recorded(phone, 1, 2)
    expect(carriedBy(box)).toBe(0)
    await world.until(box.api('removeMember', phone.id))
    await world.settle()
    expect(box.keeper.store.carried.all()).toEqual([])
  })

  test('[CA18] a carrier that gives less than the owner says is counted and shown, until it has given the rest', async () => {
    await consented()
    await recorded(phone, 3)
    // What only tells of more is said a little later.
    await world.advance(31_000, 5_000)
    await recorded(phone, 1, 2)
    const { carried } = box.keeper.store
    const [log] = carried.all()
    if (log === undefined) throw new Error('nothing is carried')
    carried.drop(log, [{ from: 1, to: 2 }], [])
    await swap(phone, laptop)
    box.keeper.store.carriers.forgetSeen()
    expect(laptop.recordsOf(phone)).toBe(6)
    const { relayed, behind } = await world.until(laptop.api('carryReport'))
    expect(relayed).toMatchObject([{ owner: phone.id, missing: 2 }])
    expect(behind).toEqual([{ device: box.id, segments: 2 }])
    expect(refusals(laptop, 'CARRY_BEHIND')).toBe(1)
    await swap(laptop, phone)
    await swap(phone, laptop)
    const after = await world.until(laptop.api('carryReport'))
    expect(after).toMatchObject({ relayed: [{ missing: 0 }], behind: [] })
    expect(laptop.recordsOf(phone)).toBe(12)
  })

  test('[CA9] word of an owner through a carrier keeps a lease, and no word lets it lapse', async () => {
    const { see } = await consented()
    await recorded(phone, 1)
    await swap(phone, laptop)
    await swap(laptop, phone)
    await world.until(Promise.all([phone.stop(), box.stop()]))
    world.clock.advance(5 * DAY_MS)
    await world.until(Promise.all([phone.restart(), box.restart()]))
    await swap(phone, laptop)
    expect(stateAt(laptop, see)).toBe('active')
    await world.until(Promise.all([laptop.stop(), box.stop()]))
    // Eleven days after phone and box met first, six after they met last.
    world.clock.advance(6 * DAY_MS)
    await world.until(Promise.all([laptop.restart(), box.restart()]))
    await world.settle()
    expect(stateAt(laptop, see)).toBe('active')
    expect(laptop.recordsOf(phone)).toBe(3)
    await world.until(Promise.all([laptop.stop(), box.stop()]))
    world.clock.advance(2 * DAY_MS)
    await world.until(Promise.all([laptop.restart(), box.restart()]))
    expect(stateAt(laptop, see)).toBe('lapsed')
    expect(laptop.recordsOf(phone)).toBe(0)
  })
})

describe('what a carrier keeps', () => {
  test('[CA3] without its person’s word it carries nothing, and the owner is told why', async () => {
    await world.until(phone.grant(laptop, { lanes: ['traces'] }))
    await world.until(phone.grant(box, { lanes: ['traces'], may: 'carry' }))
    await recorded(phone, 2)
    expect(carriedBy(box)).toBe(0)
    expect(phone.keeper.store.carriers.notes()).toMatchObject([{ device: box.id, refused: 'CARRY_OFF' }])
    await carryOn(box)
    await recorded(phone, 1, 2)
    expect(carriedBy(box)).toBe(3)
    expect(phone.keeper.store.carriers.notes()).toMatchObject([{ device: box.id, refused: undefined }])
    await world.until(box.api('setCarry', { on: false }))
    await world.settle()
    expect(carriedBy(box)).toBe(0)
  })

  test('[CA7] the owner has a signed receipt of what is kept', async () => {
    await consented()
    await recorded(phone, 3)
    const { carriers } = await world.until(phone.api('carryReport'))
    expect(carriers).toMatchObject([{ carrier: box.id, refused: null, receipts: [{ receipt: { to: 2 } }] }])
    const { carried } = await world.until(box.api('carryReport'))
    expect(carried).toMatchObject([{ owner: phone.id, readers: [laptop.id], segments: 3, standing: 'open' }])
  })

  test('[CA8] what all readers have is dropped, and not fetched again', async () => {
    await consented()
    await recorded(phone, 3)
    await swap(phone, laptop)
    await world.settle()
    expect(carriedBy(box)).toBe(0)
    const before = box.said.length
    await swap(laptop, phone)
    await recorded(phone, 1, 2)
    expect(carriedBy(box)).toBe(1)
    const wanted = box.said.slice(before).flatMap(({ message }) => (message.type === 'want' ? message.ranges : []))
    expect(wanted.map(({ from, to }) => [from, to])).toEqual([[3, 3]])
  })

  test('[CA8] what is as old as it may be is dropped, whoever has it', async () => {
    await consented()
    await recorded(phone, 2)
    await world.until(Promise.all([phone.stop(), box.stop()]))
    world.clock.advance(30 * DAY_MS)
    await world.until(box.restart())
    expect(carriedBy(box)).toBe(2)
    await world.until(box.stop())
    world.clock.advance(DAY_MS)
    await world.until(box.restart())
    expect(carriedBy(box)).toBe(0)
  })

  test('[CA11] a full carrier refuses, says so, and takes more when something went', async () => {
    await consented({ maxBytes: 1_500 })
    await recorded(phone, 8)
    const kept = carriedBy(box)
    expect(kept).toBeGreaterThan(0)
    expect(kept).toBeLessThan(8)
    expect(box.keeper.store.carried.useOf(phone.id).bytes).toBeLessThanOrEqual(1_500)
    expect(phone.keeper.store.carriers.notes()).toMatchObject([{ device: box.id, refused: 'CARRY_FULL' }])
    expect(refusals(box, 'CARRY_FULL')).toBeGreaterThan(0)
    for (let meeting = 0; meeting < 8; meeting++) {
      await swap(phone, laptop)
      await swap(laptop, phone)
    }
    await swap(phone, laptop)
    expect(laptop.recordsOf(phone)).toBe(24)
  })

  test('[CA19] what a disk altered is passed on to nobody, and fetched again from its owner', async () => {
    await consented()
    await recorded(phone, 3)
    const [file = ''] = readdirSync(join(box.folder, 'carried'))
    const path = join(box.folder, 'carried', file)
    const bytes = readFileSync(path)
    const middle = Math.floor(bytes.length / 2)
    bytes[middle] = (bytes[middle] ?? 0) ^ 1
    writeFileSync(path, bytes)
    await swap(phone, laptop)
    expect(laptop.recordsOf(phone)).toBe(6)
    await swap(laptop, phone)
    await swap(phone, laptop)
    expect(laptop.recordsOf(phone)).toBe(9)
    expect(refusals(laptop, 'SYNC_TAMPERED')).toBe(0)
  })

  test('[CA4] a carrier killed at any time has what it acknowledged', async () => {
    await consented()
    await recorded(phone, 3)
    box.kill()
    await world.until(phone.stop())
    await world.until(box.restart())
    await world.until(laptop.restart())
    await world.settle()
    expect(laptop.recordsOf(phone)).toBe(9)
  })
})

function stateAt(device: MeshDevice, grantId: GrantId): string | undefined {
  const record = device.keeper.consents.records().find(({ grant }) => grant.grantId === grantId)
  return record && grantState(record, device.keeper.shareViews.of(record.grant.owner))
}

/** Files of a home that hold a text as it is. */
function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(folder, name)
    return statSync(path).isFile() && readFileSync(path).includes(text)
  })
}

/** Names of lanes and modules in what the carrier's database holds of carried logs, decrypted as it is for the carrier. */
function carriedNames(device: MeshDevice): readonly string[] {
  const tables = ['carry_log', 'carry_segment', 'carry_head', 'manifest']
  const { db } = device.keeper.store
  return tables.flatMap((table) =>
    (db.prepare(`SELECT * FROM ${table}`).all() as Readonly<Record<string, unknown>>[])
      .flatMap((row) => Object.values(row))
      .map((value) => (value instanceof Uint8Array ? toHex(value) : String(value)))
      .filter((text) =>
        [CANARY, 'otlp/app', 'laptop'].some(
          (word) => text.includes(Buffer.from(word).toString('hex')) || text.includes(word),
        ),
      ),
  )
}
