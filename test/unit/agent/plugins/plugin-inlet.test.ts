import { describe, expect, test } from 'vitest'
import { MeshError } from '../../../../src/base/errors.ts'
import type { TelemetryBatch } from '../../../../src/bus/bus-ports.ts'
import {
  BYTES_PER_RECORD,
  MAX_JSON_BYTES,
  PluginInlet,
  type PluginTaken,
} from '../../../../src/agent/plugins/plugin-inlet.ts'
import type { PluginManifest } from '../../../../src/model/plugin.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { logs, manySpans } from '../../../support/otlp-records.ts'

const MANIFEST: PluginManifest = {
  v: 1,
  name: 'weather',
  title: 'Weather',
  publish: [],
  subscribe: [],
  signals: ['logs'],
  reports: ['notify'],
  attributes: [],
  attributeCountLimit: 128,
  attributeValueLengthLimit: 1_024,
  cardinalityLimit: 200,
  recordsPerMinute: 60,
}
type Asked = TelemetryBatch & { readonly maxRecords: number }

/** @param door what becomes of what gets there; by default all of it is taken */
function makeInlet(door?: (batch: Asked) => Promise<PluginTaken>) {
  const clock = manualClock()
  const asked: number[] = []
  const refused: unknown[] = []
  const taken = ({ maxRecords }: Asked): Promise<PluginTaken> =>
    Promise.resolve({ accepted: maxRecords, rejected: 0, spent: maxRecords })
  const inlet = new PluginInlet({
    clock,
    take: (batch) => {
      asked.push(batch.maxRecords)
      return (door ?? taken)(batch)
    },
    refused: (...why) => void refused.push(why),
  })
  return { clock, inlet, asked, refused }
}

function lines(count: number, change: Partial<TelemetryBatch> = {}): TelemetryBatch {
  const bytes = logs('weather', ...Array.from({ length: count }, () => 9))
  return { module: 'weather', signal: 'logs', encoding: 'protobuf', bytes, ...change }
}

const json = (bytes: number): TelemetryBatch => lines(0, { encoding: 'json', bytes: new Uint8Array(bytes) })
const code = (wanted: string) => expect.objectContaining({ code: wanted })

test('[PL15] one batch of a plugin at a time is at the door, also after one that failed; others do not wait for it', async () => {
  const ends: PromiseWithResolvers<PluginTaken>[] = []
  const { inlet, asked } = makeInlet(() => {
    const end = Promise.withResolvers<PluginTaken>()
    ends.push(end)
    return end.promise
  })
  const other = { ...MANIFEST, name: 'traffic' }
  const first = inlet.accept(lines(1), MANIFEST)
  const second = inlet.accept(lines(2), MANIFEST)
  const third = inlet.accept(lines(3, { module: 'traffic' }), other)
  await new Promise(setImmediate)
  expect(asked).toEqual([1, 3])
  ends[0]?.reject(new MeshError('STORE_BUSY', 'not now'))
  await expect(first).rejects.toEqual(code('STORE_BUSY'))
  await new Promise(setImmediate)
  expect(asked).toEqual([1, 3, 2])
  for (const { resolve } of ends) resolve({ accepted: 1, rejected: 0 })
  expect(await Promise.all([second, third])).toHaveLength(2)
})

describe('the rate of a plugin', () => {
  test('[PL15] a minute at once passes, then nothing until time has passed; no byte of it reaches the door', async () => {
    const { clock, inlet, asked, refused } = makeInlet()
    await inlet.accept(lines(60), MANIFEST)
    await expect(inlet.accept(lines(7), MANIFEST)).rejects.toEqual(code('PLUGIN_RATE'))
    clock.advance(2_000)
    await inlet.accept(lines(5), MANIFEST)
    expect(asked).toEqual([60, 2])
    expect(refused).toEqual([['weather', 'PLUGIN_RATE', 7]])
  })

  test('[PL15] a batch under way has its records reserved', async () => {
    const first = Promise.withResolvers<PluginTaken>()
    const { inlet, asked } = makeInlet(() => first.promise)
    const under = inlet.accept(lines(50), MANIFEST)
    void inlet.accept(lines(50), MANIFEST)
    await expect(inlet.accept(lines(1), MANIFEST)).rejects.toEqual(code('PLUGIN_RATE'))
    first.resolve({ accepted: 50, rejected: 0, spent: 50 })
    await under
    expect(asked).toEqual([50, 10])
  })

  test('[PL15] bytes weigh too: a batch of one record costs one for each 4 KiB', async () => {
    const { inlet, asked } = makeInlet(async () => ({ accepted: 1, rejected: 0, spent: 1 }))
    const large = lines(1, { bytes: new Uint8Array(50 * BYTES_PER_RECORD) })
    await inlet.accept(large, MANIFEST)
    await expect(inlet.accept(large, MANIFEST)).rejects.toEqual(code('PLUGIN_RATE'))
    await inlet.accept(lines(10), MANIFEST)
    expect(asked).toEqual([50, 10])
  })

  test('[PL15] a batch of JSON that would hold the door up is not read', async () => {
    const { inlet, asked, refused } = makeInlet()
    const most = { ...MANIFEST, recordsPerMinute: 60_000 }
    await inlet.accept(json(MAX_JSON_BYTES), most)
    await expect(inlet.accept(json(MAX_JSON_BYTES + 1), most)).rejects.toEqual(code('PLUGIN_RECORD_TOO_LARGE'))
    expect([asked, refused]).toEqual([[MAX_JSON_BYTES / 64], [['weather', 'PLUGIN_RECORD_TOO_LARGE', 1]]])
  })

  test('[PL15] JSON is charged by its length until it was read, and given back what it did not have', async () => {
    const { inlet, asked } = makeInlet(async () => ({ accepted: 2, rejected: 0, spent: 2 }))
    await inlet.accept(json(64 * 40), MANIFEST)
    await inlet.accept(lines(60), MANIFEST)
    expect(asked).toEqual([40, 55])
  })

  test('[PL15] what is busy comes again and costs nothing; what cannot be read costs what it weighs', async () => {
    const failures = [new MeshError('INGEST_BUSY', 'no'), new MeshError('OTLP_MALFORMED', 'no')]
    const { inlet, asked, refused } = makeInlet(() => Promise.reject(failures[asked.length - 1] ?? new Error('end')))
    for (const wanted of ['INGEST_BUSY', 'OTLP_MALFORMED', undefined]) {
      const answer = inlet.accept(lines(60), MANIFEST)
      await expect(answer).rejects.toEqual(wanted === undefined ? expect.any(Error) : code(wanted))
    }
    expect(asked).toEqual([60, 60, 59])
    expect(refused).toEqual([['weather', 'PLUGIN_MALFORMED', 1]])
  })

  test('[PL6] another manifest begins anew, the same one over a pause does not', async () => {
    const { inlet, asked } = makeInlet()
    await inlet.accept(lines(60), MANIFEST)
    await expect(inlet.accept(lines(1), MANIFEST)).rejects.toEqual(code('PLUGIN_RATE'))
    await inlet.accept(lines(1), { ...MANIFEST, recordsPerMinute: 1 })
    expect(asked).toEqual([60, 1])
  })
})

test('[PL10] a signal that it did not ask for is refused before it costs anything', async () => {
  const { inlet, asked, refused } = makeInlet()
  const spans = lines(0, { signal: 'traces', bytes: manySpans('weather', 1, 1, 3) })
  await expect(inlet.accept(spans, MANIFEST)).rejects.toEqual(code('PLUGIN_SIGNAL'))
  await inlet.accept(lines(60), MANIFEST)
  expect([asked, refused]).toEqual([[60], [['weather', 'PLUGIN_SIGNAL', 3]]])
})

test('[PL20] what the door refuses is counted by why', async () => {
  const refusals = new Map([
    ['PLUGIN_ATTRIBUTE', 4],
    ['PLUGIN_EVENT', 1],
  ] as const)
  const { inlet, refused } = makeInlet(async () => ({ accepted: 1, rejected: 1, refusals, spent: 2 }))
  await inlet.accept(lines(2), MANIFEST)
  expect(refused).toEqual([
    ['weather', 'PLUGIN_ATTRIBUTE', 4],
    ['weather', 'PLUGIN_EVENT', 1],
  ])
})

test('[PL22] a report that it did not ask for is refused', () => {
  const { inlet, refused } = makeInlet()
  inlet.checkReport({ module: 'weather', kind: 'notify' }, MANIFEST)
  expect(() => inlet.checkReport({ module: 'weather', kind: 'audit' }, MANIFEST)).toThrow(code('PLUGIN_REPORT'))
  expect(refused).toEqual([['weather', 'PLUGIN_REPORT', 1]])
})
