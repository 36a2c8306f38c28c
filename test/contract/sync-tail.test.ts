/** What one device records is told to whoever watches on another that may see it. */
import { afterEach, expect, test } from 'vitest'
import { MeshWorld } from '../support/mesh-world.ts'
import { traces } from '../support/otlp-records.ts'

let world: MeshWorld
afterEach(() => world.close())

test('[SQ16] spans of another device are told when they are received, as proven by it', async () => {
  world = new MeshWorld()
  const [phone, laptop] = await world.mesh('phone', 'laptop')
  await world.until(phone.grant(laptop))
  const id = await laptop.api('tailOpen', 'traces', { filter: 'device=phone name=wanted' })
  await world.until(phone.record(traces('app', { trace: 1, span: 1, name: 'wanted' }, { trace: 1, span: 2 })))
  phone.cut()
  await world.settle()
  const { lines, dropped } = await laptop.api('tailRead', id, 'traces')
  const line = JSON.parse(new TextDecoder().decode(lines)) as object
  expect([dropped, line]).toMatchObject([
    0,
    { name: 'wanted', deviceName: 'phone', provenance: 'verified', module: 'otlp/app' },
  ])
})
