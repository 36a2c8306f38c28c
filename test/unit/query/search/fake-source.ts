/** A store of chunks in memory, as searches see one. It rules out by time alone; `reads` counts what was opened. */
import type { Steps } from '../../../../src/base/steps.ts'
import type { DeviceId, TraceId } from '../../../../src/model/ids.ts'
import type { SearchLane } from '../../../../src/query/search/condition.ts'
import type { SearchScope } from '../../../../src/query/search/search-scope.ts'
import type { Candidates, SearchChunk, SearchSource } from '../../../../src/query/search/search-source.ts'
import { ChunkCache } from '../../../../src/query/search/chunk-cache.ts'
import type { StatisticsDeps } from '../../../../src/query/search/span-statistics.ts'
import type { Evidence, TraceSummaryRow } from '../../../../src/query/trace-source.ts'
import { INDEX_VERSION } from '../../../../src/wire/index/token.ts'
import { decodeLogRecords } from '../../../../src/wire/otlp/decode-logs.ts'
import { decodeSpans } from '../../../../src/wire/otlp/decode-traces.ts'
import { member, mesh, sha256 } from '../make-chunk.ts'

export interface FakeChunk {
  readonly deviceId: DeviceId
  readonly module: string
  readonly payload: Uint8Array
  readonly provenance?: Evidence
  /** Not stored for good yet. */
  readonly isOpen?: boolean
  /** Its payload is none. */
  readonly isBroken?: boolean
}

interface Held extends FakeChunk {
  readonly id: number
  readonly times: readonly (readonly [bigint, bigint])[]
}

export class FakeSource implements SearchSource {
  readonly #lane: SearchLane
  readonly #held: Held[] = []
  readonly indexVersion = INDEX_VERSION
  reads = 0

  constructor(lane: SearchLane, chunks: readonly FakeChunk[] = []) {
    this.#lane = lane
    for (const chunk of chunks) this.add(chunk)
  }

  add(chunk: FakeChunk): void {
    this.#held.push({
      ...chunk,
      id: this.#held.length,
      times: chunk.isBroken === true ? [BROKEN] : timesOf(this.#lane, chunk.payload),
    })
  }

  devices(): readonly DeviceId[] {
    return [...new Set(this.#held.map(({ deviceId }) => deviceId))]
  }

  candidates({ lane, devices, fromUnixNano: from = 0n, toUnixNano: to = 2n ** 63n }: SearchScope): Candidates {
    const mayMatter = (chunk: SearchChunk): boolean =>
      lane === this.#lane &&
      (devices?.includes(chunk.deviceId) ?? true) &&
      chunk.latestUnixNano >= from &&
      chunk.earliestUnixNano < to
    const chunks = this.#held
      .map((held) => this.#toChunk(held))
      .filter(mayMatter)
      .toSorted((a, b) => Number(b.latestUnixNano - a.latestUnixNano))
    const within = chunks.filter((chunk) => chunk.earliestUnixNano >= from && chunk.latestUnixNano < to)
    const records = within.reduce((sum, chunk) => sum + chunk.records, 0)
    return { chunks, totals: { chunks: chunks.length, edgeChunks: chunks.length - within.length, records } }
  }

  *summariesOf(traceIds: readonly TraceId[]): Steps<ReadonlyMap<TraceId, TraceSummaryRow>> {
    const rows = new Map<TraceId, TraceSummaryRow>()
    for (const { payload, deviceId, module, isBroken } of this.#held) {
      for (const span of isBroken === true ? [] : decodeSpans(payload)) {
        if (!traceIds.includes(span.traceId)) continue
        const row = rows.get(span.traceId)
        rows.set(span.traceId, {
          traceId: span.traceId,
          startUnixNano: min(row?.startUnixNano, span.startUnixNano),
          endUnixNano: -min(row && -row.endUnixNano, -span.endUnixNano),
          spans: (row?.spans ?? 0) + 1,
          errors: (row?.errors ?? 0) + (span.status.code === 2 ? 1 : 0),
          rootName: row?.rootName ?? (span.parentSpanId === undefined ? span.name : undefined),
          rootModule: undefined,
          deviceIds: [...new Set([...(row?.deviceIds ?? []), deviceId])],
          modules: [...new Set([...(row?.modules ?? []), module])],
        })
      }
    }
    yield
    return rows
  }

  #toChunk({ id, times, ...chunk }: Held): SearchChunk {
    const { payload, deviceId, module, provenance = 'verified', isOpen = false } = chunk
    return {
      deviceId,
      module,
      records: times.length,
      rawBytes: payload.length,
      earliestUnixNano: times.reduce((least, [start]) => min(least, start), 2n ** 63n),
      latestUnixNano: times.reduce((most, [, end]) => (end > most ? end : most), 0n),
      storedAs: isOpen ? undefined : id,
      read: () => {
        this.reads++
        return isOpen ? payload : payload.slice()
      },
      free: isOpen ? undefined : spoil,
      open: function* (this: void, read = payload.slice()) {
        yield
        return { deviceId, module, provenance, payload: read, free: () => spoil(read) }
      },
    }
  }
}

/** What was given back holds something else from then on. */
function spoil(payload: Uint8Array): void {
  payload.fill(0xff)
}

/** What an index says of a chunk that was altered since. */
const BROKEN = [0n, 2n ** 62n] as const

/** Start and end of each record. */
function timesOf(lane: SearchLane, payload: Uint8Array): readonly (readonly [bigint, bigint])[] {
  return lane === 'traces'
    ? decodeSpans(payload).map(({ startUnixNano, endUnixNano }) => [startUnixNano, endUnixNano])
    : decodeLogRecords(payload).map(({ timeUnixNano }) => [timeUnixNano, timeUnixNano])
}

function min(a: bigint | undefined, b: bigint): bigint {
  return a === undefined || b < a ? b : a
}

/** What searches are given beside the source; `more` replaces some of it. */
export function searchDeps(source: SearchSource, more: Partial<StatisticsDeps> = {}): StatisticsDeps {
  return {
    source,
    knowledge: mesh(member('laptop'), member('phone')),
    sha256,
    cache: new ChunkCache(),
    limits: { hasTime: () => true },
    nowUnixMs: 1_795_370_400_000,
    ...more,
  }
}
