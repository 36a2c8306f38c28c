/** Compression of a segment's payload: why segments are zstd at level 1. */
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { spreadOf, type Measure } from './support/measure.ts'
import { makeBatches } from './support/spans.ts'

export const name = 'codec'
export const what =
  'OTLP protobuf of 256 spans, as many as a segment holds, compressed by each codec. The raw limit of a size is zstd 1.'

const SEGMENTS = 40
const SEGMENT_SPANS = 256
const ROUNDS = 5

const zstd = (level: number) => (bytes: Uint8Array) =>
  zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } })
const gzip = (level: number) => (bytes: Uint8Array) => gzipSync(bytes, { level })
const CODECS = { 'zstd 1': zstd(1), 'zstd 3': zstd(3), 'gzip 1': gzip(1), 'gzip 6': gzip(6) } as const

export function run(): Promise<readonly Measure[]> {
  const segments = Array.from({ length: SEGMENTS }, () => makeBatches(SEGMENT_SPANS)[0]?.body as Uint8Array)
  const spans = SEGMENTS * SEGMENT_SPANS
  const results = Object.entries(CODECS).map(([codec, compress]) => {
    let bytes = 0
    const times = Array.from({ length: ROUNDS + 1 }, () => {
      const startedMs = performance.now()
      bytes = segments.reduce((sum, segment) => sum + compress(segment).length, 0)
      return performance.now() - startedMs
    })
    return { codec, spansPerS: (spans / spreadOf(times.slice(1)).median) * 1000, bytesPerSpan: bytes / spans }
  })
  const raw = results[0] as (typeof results)[number]
  return Promise.resolve(
    results.flatMap(({ codec, spansPerS, bytesPerSpan }): readonly Measure[] => [
      {
        label: `${codec}, speed`,
        unit: 'spans/s',
        better: 'higher',
        ours: spansPerS,
        raw: { label: 'zstd 1', value: raw.spansPerS },
      },
      {
        label: `${codec}, size of a span`,
        unit: 'B',
        better: 'lower',
        ours: bytesPerSpan,
        raw: { label: 'zstd 1', value: raw.bytesPerSpan },
      },
    ]),
  )
}
