/** Investigations across devices: what is written apart is there together afterwards, and only where it was consented to. */
import { afterEach, describe, expect, test } from 'vitest'
import type { Edit } from '../../src/agent/keeper/investigations.ts'
import type { InvestigationView } from '../../src/query/investigation/describe-investigation.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'
import { manySpans, traceIdOf } from '../support/otlp-records.ts'

const TRACE = traceIdOf(1)
const NOTE = (text: string): Edit => ({ about: 'note', text })
const LABEL = (label: string, isSet = true): Edit => ({ about: 'label', label, isSet })

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
  test('what two devices write while they are apart is on both when they have met, with who wrote it', async () => {
    const { phone, laptop } = await threeDevices()
    await edited(phone)
    await world.advance(10_000)
    world.partition(phone, laptop)
    await edited(phone, NOTE('the microphone was covered'))
    await edited(phone, LABEL('slow'))
    await edited(laptop, NOTE('memory took 65 ms'))
    await edited(laptop, { about: 'status', status: 'solved' })
    await world.advance(10_000)
    expect(said(await shown(laptop)).notes).toEqual(['laptop: memory took 65 ms'])
    world.heal(phone, laptop)
    await world.advance(60_000)
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

  test('a device without consent for documents has nothing of it, not one segment', async () => {
    const { phone, laptop, tablet } = await threeDevices()
    await edited(phone, NOTE('not for the tablet'))
    await edited(laptop, NOTE('nor this'))
    await world.advance(60_000)
    expect(tablet.recordsOf(phone)).toBe(3)
    expect(tablet.keeper.store.logs.ofLane('documents')).toEqual([])
    expect(tablet.keeper.store.epochs.received(phone.id, 'documents')).toEqual([])
    await expect(shown(tablet)).rejects.toThrow(expect.objectContaining({ code: 'INVESTIGATION_NOT_FOUND' }))
  })
})
