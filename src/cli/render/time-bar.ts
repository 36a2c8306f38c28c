/** A span as a bar on a line of cells, with half-cell precision, and the hatched time it was on the way before. */
import type { Glyphs } from './glyphs.ts'

/** Positions on the time line, as fractions of it. */
export interface BarSpan {
  readonly start: number
  readonly end: number
  /** Where the way from the parent's device began; drawn up to `start`. */
  readonly transitFrom: number | undefined
}

export interface TimeBar {
  /** Cells before anything is drawn. */
  readonly indent: number
  readonly transit: string
  readonly bar: string
}

export function timeBar({ start, end, transitFrom }: BarSpan, cells: number, glyphs: Glyphs): TimeBar {
  const halves = cells * 2
  const from = clamp(Math.round(start * halves), 0, halves - 1)
  const to = clamp(Math.round(end * halves), from + 1, halves)
  const barCell = Math.floor(from / 2)
  const transitCell = transitFrom === undefined ? barCell : clamp(Math.floor(transitFrom * cells), 0, barCell)
  const bar = Array.from({ length: Math.ceil(to / 2) - barCell }, (_, i) => {
    const left = (barCell + i) * 2
    if (left < from) return glyphs.barStart
    return left + 1 < to ? glyphs.bar : glyphs.barEnd
  })
  return { indent: transitCell, transit: glyphs.transit.repeat(barCell - transitCell), bar: bar.join('') }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high)
}
