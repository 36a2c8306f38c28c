/** When a trace ended, as far as it is here. */
import type { CollectedSpans } from './collect-spans.ts'
import type { TraceClocks } from './trace-order.ts'

/** Latest end of a span on our clock, at least 0: the latest of each device by words, and only those compared on our clock. */
export function latestEnd({ count, columns, device, devices }: CollectedSpans, clocks: TraceClocks): bigint {
  const { endHigh, endLow } = columns
  const [high, low] = [new Uint32Array(devices.length), new Uint32Array(devices.length)]
  for (let i = 0; i < count; i++) {
    const of = device[i] as number
    const [ownHigh, ownLow] = [endHigh[i] as number, endLow[i] as number]
    if (ownHigh < (high[of] as number) || (ownHigh === high[of] && ownLow < (low[of] as number))) continue
    high[of] = ownHigh
    low[of] = ownLow
  }
  const ends = devices.map((deviceId, of) =>
    clocks.corrected(deviceId, (BigInt(high[of] as number) << 32n) | BigInt(low[of] as number)),
  )
  return ends.reduce((latest, end) => (end > latest ? end : latest), 0n)
}
