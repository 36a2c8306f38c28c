/** Investigations across devices: what is written apart is there together afterwards, and only where it was consented to. */
import { afterEach, describe, expect, test } from 'vitest'
import type { Edit } from '../../src/agent/keeper/investigations.ts'
import type { InvestigationView } from '../../src/query/investigation/describe-investigation.ts'
import { encodeDocumentRecord, KIND_INVESTIGATION } from '../../src/wire/documents/document-record.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'
import { manySpans, traceIdOf } from '../support/otlp-records.ts'

const TRACE = traceIdOf(1)
const NOTE = (text: string): Edit => ({ about: 'note', text })
const DAY_MS = 86_400_000
const LABEL = (label: string, isSet = true): Edit => ({ about: 'label', label, isSet })

/** A record that is one, of an update that is none. */
function hostile(update: Uint8Array): Uint8Array {
  return encodeDocumentRecord({ kind: KIND_INVESTIGATION, subject: TRACE, atUnixMs: 1, update })
}

let world: MeshWorld
afterEach(() => world.close())

/** Phone and laptop let each other see traces and notes; the tablet sees the traces of both. */
async function threeDevices() {
  world = new MeshWorld()
  const [phone, laptop, tablet] = await world.mesh('phone', 'laptop', 'tablet')
  for (const [from, to] of [
    [phone, laptop],
    [laptop, phone],
  ] as const) {
    await world.until(from.grant(to, { lanes: ['traces', 'documents'] }))
    await world.until(from.grant(tablet, { lanes: ['traces'] }))
  }
  await world.recorded(phone, manySpans('app', 1, 1, 3))
  return { phone, laptop, tablet }
}

async function edited(device: MeshDevice, edit?: Edit): Promise<void> {
  await world.until(device.api('investigationEdit', TRACE, edit))
}

function shown(device: MeshDevice): Promise<InvestigationView> {
  return world.until(device.api('investigationShow', TRACE))
}

/** What all devices show alike: ids and times are of the writers, proof is of the reader. */
function said({ status, notes, labels, pinned, hidden }: InvestigationView) {
  const marks = (each: readonly { readonly spanId: string }[]) => each.map(({ spanId }) => spanId)
  return {
    status: status?.status,
    notes: notes.map(({ text, deviceName }) => `${deviceName}: ${text}`),
    labels: labels.map(({ label }) => label),
    pinned: marks(pinned),
    hidden: marks(hidden),
  }
}

describe('investigations', () => {
  test('[DO1] [DO2] [DO4] what two devices write while they are apart is on both when they have met, with who wrote it', async () => {
    const { phone, laptop } = await threeDevices()
    await edited(phone)
    await world.advance(10_000, 1_000)
    world.partition(phone, laptop)
    await edited(phone, NOTE('the microphone was covered'))
    await edited(phone, LABEL('slow'))
    await edited(laptop, NOTE('memory took 65 ms'))
    await edited(laptop, { about: 'status', status: 'solved' })
    await world.advance(10_000, 1_000)
    expect(said(await shown(laptop)).notes).toEqual(['laptop: memory took 65 ms'])
    world.heal(phone, laptop)
    await world.advance(60_000, 1_000)
    const [onPhone, onLaptop] = [await shown(phone), await shown(laptop)]
    expect(said(onPhone)).toEqual(said(onLaptop))
    expect(said(onPhone)).toEqual({
      status: 'solved',
      notes: ['phone: the microphone was covered', 'laptop: memory took 65 ms'],
      labels: ['slow'],
      pinned: [],
      hidden: [],
    })
    expect([...onPhone.history, ...onLaptop.history].map(({ evidence }) => evidence)).not.toContain('unverified')
  })

  test('[DO8] a device without consent for documents has nothing of it, not one segment', async () => {
    const { phone, laptop, tablet } = await threeDevices()
    await edited(phone, NOTE('not for the tablet'))
    await edited(laptop, NOTE('nor this'))
    await world.advance(60_000, 1_000)
    expect(tablet.recordsOf(phone)).toBe(3)
    expect(tablet.keeper.store.logs.ofLane('documents')).toEqual([])
    expect(tablet.keeper.store.epochs.received(phone.id, 'documents')).toEqual([])
    await expect(shown(tablet)).rejects.toThrow(expect.objectContaining({ code: 'INVESTIGATION_NOT_FOUND' }))
  })

  test('[DO8] a grant from today opens what is written from today on, whole, and nothing before it', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    await world.recorded(phone, manySpans('app', 1, 1, 3))
    await edited(phone, NOTE('of yesterday'))
    await edited(phone, LABEL('slow'))
    await world.advance(DAY_MS, DAY_MS)
    await world.until(phone.grant(laptop, { lanes: ['documents'], sinceUnixMs: phone.now }))
    await edited(phone, NOTE('of today'))
    await edited(phone, { about: 'status', status: 'solved' })
    await world.advance(60_000, 1_000)
    expect(said(await shown(laptop))).toMatchObject({ status: 'solved', notes: ['phone: of today'], labels: [] })
    expect(said(await shown(phone)).notes).toEqual(['phone: of yesterday', 'phone: of today'])
    expect(await shown(laptop)).toMatchObject({ trace: null })
  })

  test('[DO8] after a revocation nothing more arrives; what had come stays', async () => {
    const { phone, laptop } = await threeDevices()
    await edited(phone, NOTE('before'))
    await world.advance(20_000, 1_000)
    const [grant] = (await world.until(phone.api('grants'))).filter(
      ({ grant: { owner, lanes } }) => owner === phone.id && lanes.includes('documents'),
    )
    await world.until(phone.api('revoke', grant?.grant.grantId as never))
    const held = laptop.held(phone)
    await edited(phone, NOTE('after'))
    await world.advance(20_000, 1_000)
    expect(laptop.held(phone)).toEqual(held)
    expect(said(await shown(laptop)).notes).toEqual(['phone: before'])
  })

  test('[DO3] [DO8] who may see one writer and not the other sees that one’s entries whole', async () => {
    const { phone, laptop, tablet } = await threeDevices()
    await edited(phone, NOTE('by the phone'))
    await world.advance(20_000, 1_000)
    await edited(laptop, { about: 'status', status: 'dismissed' })
    await world.advance(20_000, 1_000)
    await edited(phone, { about: 'status', status: 'open' })
    await edited(phone, NOTE('again'))
    await world.until(phone.grant(tablet, { lanes: ['documents'] }))
    await world.advance(60_000, 1_000)
    expect(said(await shown(tablet))).toMatchObject({ status: 'open', notes: ['phone: by the phone', 'phone: again'] })
    expect((await shown(tablet)).devices.map(({ deviceName }) => deviceName)).toEqual(['phone'])
  })

  test('[DO23] an update that is no such is refused alone, counted and named; its segment stays as it was signed', async () => {
    const { phone, laptop } = await threeDevices()
    await edited(phone, NOTE('one'))
    await world.advance(10_000, 1_000)
    const deletes = Uint8Array.of(0, 1, 7, 1, 0, 1)
    phone.keeper.intake.keepDocument(hostile(deletes))
    phone.cut()
    phone.keeper.intake.keepDocument(hostile(Uint8Array.of(1, 255, 255, 255, 127, 1, 0)))
    phone.cut()
    await edited(phone, NOTE('two'))
    await world.advance(20_000, 1_000)
    const view = await shown(laptop)
    expect(said(view).notes).toEqual(['phone: one', 'phone: two'])
    expect(view.devices).toContainEqual(
      expect.objectContaining({
        deviceName: 'phone',
        refused: [
          { code: 'DOCUMENT_SHAPE', count: 1 },
          { code: 'DOCUMENT_TOO_LARGE', count: 1 },
        ],
      }),
    )
    expect(laptop.counters).toMatchObject({
      'sync.refused.DOCUMENT_SHAPE': 1,
      'sync.refused.DOCUMENT_TOO_LARGE': 1,
    })
    expect(laptop.held(phone)).toEqual(phone.held(phone))
  })

  test('[DO25] [ST11] what was written survives a power cut at once, and is merged, sealed and sent after it', async () => {
    const { phone, laptop } = await threeDevices()
    await edited(phone, NOTE('one'))
    await edited(phone, NOTE('two'))
    phone.kill()
    await world.settle()
    await world.until(phone.restart())
    await world.advance(60_000, 1_000)
    expect(said(await shown(laptop)).notes).toEqual(['phone: one', 'phone: two'])
    expect(laptop.keeper.store.logs.ofLane('documents').map(({ author }) => author)).toEqual([phone.id])
    expect(laptop.recordsOf(phone)).toBe(3 + 1)
  })

  test('[DO8] [CA4] by a carrier that cannot read them, notes reach a reader that the writer never meets', async () => {
    world = new MeshWorld()
    const [box, phone] = await world.mesh('box', 'phone')
    await world.until(phone.stop())
    const laptop = await world.add('laptop')
    await world.pair(box, laptop)
    await world.until(laptop.stop())
    await world.until(phone.restart())
    await world.until(box.api('setCarry', { on: true, maxBytes: 1 << 30 }))
    await world.settle()
    await world.until(phone.grant(laptop, { lanes: ['traces', 'documents'] }))
    await world.until(phone.grant(box, { lanes: ['traces', 'documents'], may: 'carry' }))
    await world.recorded(phone, manySpans('app', 1, 1, 3))
    await edited(phone, NOTE('carried'))
    await world.advance(20_000, 1_000)
    await expect(shown(box)).rejects.toThrow(expect.objectContaining({ code: 'INVESTIGATION_NOT_FOUND' }))
    await world.until(phone.stop())
    await world.until(laptop.restart())
    await world.advance(20_000, 1_000)
    expect((await shown(laptop)).notes).toMatchObject([{ text: 'carried', evidence: 'verified', deviceId: phone.id }])
  })

  test('[DO34] whoever follows is told of what another device wrote when it comes, as proven by it', async () => {
    const { phone, laptop } = await threeDevices()
    const id = await world.until(laptop.api('investigationFollow', TRACE))
    const other = await world.until(laptop.api('investigationFollow', traceIdOf(2)))
    await edited(phone, NOTE('heard'))
    await world.advance(10_000, 1_000)
    const { lines, dropped } = await laptop.api('tailRead', id, 'documents')
    const entries = new TextDecoder().decode(lines).trim().split('\n')
    expect([dropped, ...entries.map((line) => JSON.parse(line) as object)]).toMatchObject([
      0,
      { about: 'status', status: 'open', deviceName: 'phone' },
      { about: 'note', text: 'heard', deviceName: 'phone', evidence: 'verified' },
    ])
    await laptop.api('tailClose', other)
    await laptop.api('tailClose', id)
  })
})
