/** What every part of a waterfall needs to draw: the trace, the room, and how to name and colour things. */
import type { LinkedFrom, TraceView } from '../../agent/http-types/traces.ts'
import { DEVICE_STYLES, type Paint, type Style } from './colour.ts'
import type { Glyphs } from './glyphs.ts'
import type { Times } from './time-scale.ts'

export interface Drawing {
  readonly trace: TraceView
  /** Cells of a line. */
  readonly width: number
  readonly times: Times
  /** Only the spans of the critical path are drawn. */
  readonly onlyCritical: boolean
  /** The id of each span is drawn too. */
  readonly ids: boolean
  readonly ascii: boolean
  readonly glyphs: Glyphs
  readonly paint: Paint
  /** Makes text from outside safe to print. */
  readonly clean: (text: string) => string
  readonly styleOf: (deviceId: string) => Style
  readonly nameOf: (deviceId: string) => string
  /** Spans of other traces that link here, by the span they link to. */
  readonly linkedFrom: ReadonlyMap<string, readonly LinkedFrom[]>
  /** What the trace's investigation says of a span. */
  readonly markOf: (spanId: string) => 'pinned' | 'hidden' | undefined
}

export type DrawingOptions = Omit<Drawing, 'styleOf' | 'nameOf' | 'linkedFrom' | 'markOf'>

export function makeDrawing(options: DrawingOptions): Drawing {
  const { trace, clean } = options
  const styles = new Map(trace.devices.map(({ deviceId }, i) => [deviceId, DEVICE_STYLES[i % DEVICE_STYLES.length]]))
  const names = new Map(trace.devices.map(({ deviceId, name }) => [deviceId, clean(name)]))
  const pinned = new Set(trace.investigation?.pinned)
  const hidden = new Set(trace.investigation?.hidden)
  return {
    ...options,
    markOf: (spanId) => (pinned.has(spanId) ? 'pinned' : hidden.has(spanId) ? 'hidden' : undefined),
    linkedFrom: Map.groupBy(trace.linkedFrom ?? [], (link) => link.linksTo),
    styleOf: (deviceId) => styles.get(deviceId) ?? 'grey',
    nameOf: (deviceId) =>
      names.get(deviceId) ?? clean(trace.gapDevices[deviceId] ?? deviceId.slice(0, SHORT_ID_DIGITS)),
  }
}

/** Enough of an id to tell a household's devices apart. */
const SHORT_ID_DIGITS = 8
