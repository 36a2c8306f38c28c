import { describe, expect, test } from 'vitest'
import type { TraceList } from '../../../src/agent/http-types.ts'
import type { TraceId } from '../../../src/model/ids.ts'
import { DEFAULT_TRACE_LIST_LIMIT, listTraces, MAX_TRACE_LIST_LIMIT } from '../../../src/query/list-traces.ts'
import type { TraceSummaryRow } from '../../../src/query/trace-source.ts'
import { deviceId, member, mesh } from './make-chunk.ts'

const knowledge = mesh(member('laptop'), member('phone'))

function row(id: string, more: Partial<TraceSummaryRow> = {}): TraceSummaryRow {
  return {
    traceId: id.padStart(32, '0') as TraceId,
    startUnixNano: 1_000n,
    endUnixNano: 2_501_000n,
    spans: 3,
    errors: 1,
    rootName: 'hear',
    rootModule: 'voice',
    deviceIds: [deviceId('phone'), deviceId('laptop')],
    modules: ['voice', 'core'],
    ...more,
  }
}

describe('listTraces', () => {
  test('[QU13] an entry has what scripts rely on', () => {
    const list: TraceList = listTraces({ summaries: () => [row('a')] }, knowledge)
    expect(list).toEqual({
      traces: [
        {
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
        },
      ],
    })
  })

  test('[QU13] newest first, ties by trace id', () => {
    const rows = [row('b'), row('c', { startUnixNano: 2_000n }), row('a')]
    const ids = listTraces({ summaries: () => rows }, knowledge).traces.map(({ traceId }) => traceId.slice(-1))
    expect(ids).toEqual(['c', 'a', 'b'])
  })

  test('[QU13] a root that is not here is null, and an end before the start lasts nothing', () => {
    const rows = [row('a', { rootName: undefined, endUnixNano: 0n })]
    expect(listTraces({ summaries: () => rows }, knowledge).traces[0]).toMatchObject({ rootName: null, durationMs: 0 })
  })

  test.each([
    { asked: undefined, want: DEFAULT_TRACE_LIST_LIMIT },
    { asked: 7.9, want: 7 },
    { asked: 0, want: DEFAULT_TRACE_LIST_LIMIT },
    { asked: -3, want: 1 },
    { asked: Number.NaN, want: DEFAULT_TRACE_LIST_LIMIT },
    { asked: MAX_TRACE_LIST_LIMIT, want: MAX_TRACE_LIST_LIMIT },
    { asked: MAX_TRACE_LIST_LIMIT + 1, want: MAX_TRACE_LIST_LIMIT },
  ])('[QU13] asked for $asked, the source is asked for $want', ({ asked, want }) => {
    let wanted = 0
    const rows = Array.from({ length: MAX_TRACE_LIST_LIMIT + 5 }, (_, i) => row((i + 1).toString(16)))
    const summaries = (limit: number): readonly TraceSummaryRow[] => {
      wanted = limit
      return rows
    }
    expect(listTraces({ summaries }, knowledge, asked).traces).toHaveLength(want)
    expect(wanted).toBe(want)
  })
})
