/** How far a device's clock is from this one's. */
import type { ClockOffset } from '../../agent/http-types/traces.ts'
import { formatDurationMs } from './duration.ts'
import { ASCII_GLYPHS, UNICODE_GLYPHS } from './glyphs.ts'

/** `+1.84 s ± 12 ms`: ahead of this device's clock. */
export function clockOffset({ offsetMs, errorMs }: ClockOffset, { ascii = false } = {}): string {
  const { minus, plusMinus } = ascii ? ASCII_GLYPHS : UNICODE_GLYPHS
  const [offset, error] = [Math.abs(offsetMs), errorMs].map((ms) => formatDurationMs(ms, { ascii }))
  return `${offsetMs < 0 ? minus : '+'}${offset} ${plusMinus} ${error}`
}
