/** Top of a waterfall: what trace this is, whether it is whole, and each device with its spans, proof and clock. */
import type { TraceDevice, TraceView } from '../../agent/http-types/traces.ts'
import type { Style } from './colour.ts'
import { clockOffset } from './clock-offset.ts'
import { displayWidth, fit, truncate } from './display-width.ts'
import type { Drawing } from './drawing.ts'
import { formatDuration } from './duration.ts'
import { plural } from './plural.ts'
import { shortTraceId } from './short-ids.ts'
import { wrapEntries, type StyledText } from './wrap-entries.ts'

export function renderHeader(totalNanos: number, drawing: Drawing): readonly string[] {
  return [
    titleLine(drawing),
    ...summaryLines(totalNanos, drawing),
    '',
    ...deviceLines(drawing),
    ...criticalPathLines(drawing),
    ...investigationLines(drawing),
  ]
}

function titleLine({ trace, width, paint }: Drawing): string {
  const title = `Trace ${trace.traceId}`
  const { text, style } = stateOf(trace)
  const gap = ' '.repeat(Math.max(2, width - displayWidth(title) - text.length))
  return `${paint('Trace', 'dim')} ${paint(trace.traceId, 'bold')}${gap}${paint(text, style)}`
}

/** Where all that is missing is what nobody shares, nothing is wrong with what is here. */
function stateOf(trace: TraceView): { readonly text: string; readonly style: Style } {
  if (trace.complete) return { text: 'complete', style: 'green' }
  const isAsFarAsShared =
    trace.unreadableChunks === 0 &&
    trace.omittedSpans === 0 &&
    trace.gaps.every(({ reason }) => reason === 'no-consent')
  return isAsFarAsShared ? { text: 'as far as shared', style: 'dim' } : { text: 'not complete', style: 'yellow' }
}

function summaryLines(totalNanos: number, { trace, ascii, glyphs, paint, width }: Drawing): readonly string[] {
  const errors = trace.spans.filter((span) => span.status === 'error').length
  const count = (word: string): number => trace.spans.filter((span) => span.provenance === word).length
  const facts = [
    formatDuration(totalNanos, { ascii }),
    `${plural(trace.spans.length, 'span')} on ${plural(trace.devices.length, 'device')}`,
    `${count('verified')} verified`,
    ...['unverified', 'tampered', 'conflict'].filter((word) => count(word) > 0).map((word) => `${count(word)} ${word}`),
  ]
  const entries = facts.map((text): StyledText => ({ text, styles: ['dim'] }))
  if (errors > 0) entries.push({ text: plural(errors, 'error'), styles: ['red'] })
  return wrapEntries(entries, { separator: ` ${glyphs.dot} `, width, paint })
}

function deviceLines(drawing: Drawing): readonly string[] {
  const { trace, glyphs, paint, width } = drawing
  const cells = trace.devices.map((device) => ({
    device,
    name: truncate(drawing.nameOf(device.deviceId), MAX_NAME_CELLS, glyphs.ellipsis),
    spans: plural(device.spans, 'span'),
    proof: proofOf(device, drawing),
    clock: clockOf(device, drawing),
  }))
  const widthOf = (key: 'name' | 'spans' | 'proof'): number =>
    Math.max(0, ...cells.map((cell) => displayWidth(cell[key])))
  const [names, spans, proofs] = [widthOf('name'), widthOf('spans'), widthOf('proof')]
  return cells.map((cell) => {
    const style = drawing.styleOf(cell.device.deviceId)
    const clock = truncate(cell.clock, width - names - spans - proofs - 8, glyphs.ellipsis)
    const parts = [
      `${paint(glyphs.lane, style)} ${paint(fit(cell.name, names), style, 'bold')}`,
      fit(cell.spans, spans, 'right'),
      paint(fit(cell.proof, proofs), cell.device.verified === cell.device.spans ? 'green' : 'yellow'),
      paint(clock, 'dim'),
    ]
    return parts.join('  ')
  })
}

/** Whose time the trace's end waited for, most of it first; nothing to say of one module alone. */
function criticalPathLines(drawing: Drawing): readonly string[] {
  const { trace, ascii, glyphs, paint, clean, width } = drawing
  const shares = trace.modules
    .map((each) => ({ ...each, nanos: Number(each.criticalNano) }))
    .filter(({ nanos }) => nanos > 0)
    .sort((a, b) => b.nanos - a.nanos)
  if (shares.length < 2) return []
  const isEverywhereOne = new Set(shares.map(({ deviceId }) => deviceId)).size < 2
  const entries = shares.slice(0, MAX_PATH_MODULES).map(({ deviceId, module, nanos }): StyledText => {
    const name = truncate(clean(module), MAX_NAME_CELLS, glyphs.ellipsis)
    const place = isEverywhereOne ? '' : ` (${truncate(drawing.nameOf(deviceId), MAX_NAME_CELLS, glyphs.ellipsis)})`
    return { text: `${name}${place} ${formatDuration(nanos, { ascii })}`, styles: [drawing.styleOf(deviceId)] }
  })
  const hidden = shares.length - entries.length
  const first: StyledText = { text: `${glyphs.critical} critical path`, styles: ['dim'] }
  const last: readonly StyledText[] = hidden > 0 ? [{ text: plural(hidden, 'more module'), styles: ['dim'] }] : []
  return ['', ...wrapEntries([first, ...entries, ...last], { separator: ` ${glyphs.dot} `, width, paint })]
}

/** That people wrote about the trace: how far they are, and where to read it. */
function investigationLines({ trace, glyphs, paint, clean, width }: Drawing): readonly string[] {
  const { investigation } = trace
  if (investigation === undefined) return []
  const { status, notes, labels, pinned, hidden } = investigation
  const facts = [
    `investigation ${status ?? 'without a status'}`,
    ...(notes === 0 ? [] : [plural(notes, 'note')]),
    ...(pinned.length === 0 ? [] : [`${pinned.length} pinned`]),
    ...(hidden.length === 0 ? [] : [`${hidden.length} hidden`]),
    ...labels.map(clean),
    `aico-mesh investigate ${shortTraceId(trace.traceId)}`,
  ]
  const entries = facts.map((text): StyledText => ({ text, styles: ['dim'] }))
  return ['', ...wrapEntries(entries, { separator: ` ${glyphs.dot} `, width, paint })]
}

/** Modules named in the header: those that most of the time went to. */
const MAX_PATH_MODULES = 6

/** Longest device name in the header, in cells: names are at most 64 bytes. */
const MAX_NAME_CELLS = 24

function proofOf(device: TraceDevice, { trace, glyphs }: Drawing): string {
  if (device.verified === device.spans) return `${glyphs.badges.verified} all verified`
  const words = new Set(trace.spans.filter((span) => span.deviceId === device.deviceId).map((span) => span.provenance))
  const worst = WORST_FIRST.find((word) => words.has(word)) ?? 'unverified'
  return `${glyphs.badges[worst]} ${device.verified} of ${device.spans} verified`
}

const WORST_FIRST = ['tampered', 'conflict', 'unverified'] as const

function clockOf(device: TraceDevice, drawing: Drawing): string {
  if (device.self) return 'this device'
  if (device.clock === null) return 'clock not measured, times as recorded'
  const use = drawing.times === 'corrected' ? 'corrected' : 'as recorded'
  return `clock ${clockOffset(device.clock, drawing)}, ${use}`
}
