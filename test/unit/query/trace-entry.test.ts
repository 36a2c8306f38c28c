import { expect, test } from 'vitest'
import type { TraceListEntry } from '../../../src/agent/http-types/traces.ts'
import type { TraceId } from '../../../src/model/ids.ts'
import { describeTrace } from '../../../src/query/trace-entry.ts'
import type { TraceSummaryRow } from '../../../src/query/trace-source.ts'
import { deviceId, member, mesh } from './make-chunk.ts'

const knowledge = mesh(member('laptop'), member('phone'))
const row: TraceSummaryRow = {
  traceId: '0000000000000000000000000000000a' as TraceId,
  startUnixNano: 1_000n,
  endUnixNano: 2_501_000n,
  spans: 3,
  errors: 1,
  rootName: 'hear',
  rootModule: 'voice',
  deviceIds: [deviceId('phone'), deviceId('laptop')],
  modules: ['voice', 'core'],
}

test('[QU13] an entry has what scripts rely on', () => {
  const entry: TraceListEntry = describeTrace(row, knowledge)
  expect(entry).toEqual({
    traceId: '0000000000000000000000000000000a',
    rootName: 'hear',
    startUnixNano: '1000',
    durationMs: 2.5,
    spans: 3,
    errors: 1,
    devices: [
      { deviceId: deviceId('laptop'), name: 'laptop' },
      { deviceId: deviceId('phone'), name: 'phone' },
    ],
    modules: ['core', 'voice'],
  })
})

test('[QU13] a root that is not here is null, and an end before the start lasts nothing', () => {
  const entry = describeTrace({ ...row, rootName: undefined, endUnixNano: 0n }, knowledge)
  expect(entry).toMatchObject({ rootName: null, durationMs: 0 })
})
