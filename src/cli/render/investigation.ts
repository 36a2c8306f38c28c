/** An investigation for a terminal: what it is about, what was marked, every note with who wrote it, and what was changed since. */
import type { InvestigationView, NoteView, SpanMarkView, WrittenBy } from '../../agent/http-types/investigations.ts'
import type { InvestigationStatus, TraceListEntry, TraceSpan } from '../../agent/http-types/traces.ts'
import { painter, type Paint, type Style } from './colour.ts'
import { formatDuration, formatDurationMs } from './duration.ts'
import { UNICODE_GLYPHS } from './glyphs.ts'
import { historyLines } from './investigation-history.ts'
import { plural } from './plural.ts'
import { relativeTime } from './relative-time.ts'
import { safeText } from './safe-text.ts'
import { shortTraceId } from './short-ids.ts'
import { wrapText } from './wrap-text.ts'

export interface InvestigationOptions {
  readonly width: number
  readonly color: boolean
  readonly nowUnixMs: number
  /** Of the trace, by id: names for what is pinned. */
  readonly spans: ReadonlyMap<string, TraceSpan>
}

export const STATUS_STYLES: Readonly<Record<InvestigationStatus, Style>> = {
  open: 'yellow',
  solved: 'green',
  dismissed: 'dim',
}
const { badges, dot } = UNICODE_GLYPHS
const BADGE_STYLES = { verified: 'green', unverified: 'yellow', tampered: 'red' } as const
/** Lines of one note that are printed; --json has all. */
const MAX_NOTE_LINES = 60
/** Digits that name a note. */
const NOTE_DIGITS = 8

export function renderInvestigation(view: InvestigationView, options: InvestigationOptions): string {
  const paint = painter(options.color)
  const parts = [
    headLines(view, paint, options),
    markLines(view, paint, options),
    view.notes.length === 0 ? ['No notes yet.'] : view.notes.flatMap((note) => noteLines(note, paint, options)),
    historyLines(view, options.nowUnixMs).map((line) => paint(line, 'dim')),
    missingLines(view).flatMap((line) => wrapText(line, options)),
    legendLines(view, paint),
  ]
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

/** `laptop`, made safe. */
export function writerName({ deviceName }: Pick<WrittenBy, 'deviceName'>): string {
  return safeText(deviceName)
}

function headLines(view: InvestigationView, paint: Paint, { nowUnixMs }: InvestigationOptions): readonly string[] {
  const { status, besideStatus, traceId, trace } = view
  const statusWords =
    status === null
      ? 'no status'
      : `${paint(status.status, STATUS_STYLES[status.status])} ${paint(`${dot} ${writerName(status)}, ${relativeTime(status.atUnixMs, nowUnixMs)}`, 'dim')}`
  return [
    `${paint('Investigation', 'dim')} ${paint(shortTraceId(traceId), 'bold')}  ${statusWords}`,
    traceWords(trace),
    ...besideStatus.map((each) => `At the same time ${writerName(each)} set it to ${each.status}.`),
  ]
}

function traceWords(trace: TraceListEntry | null): string {
  if (trace === null) return 'Nothing of the trace itself is here.'
  const { rootName, durationMs, spans, errors, devices } = trace
  return [
    rootName === null ? '(root is not here)' : safeText(rootName),
    formatDurationMs(durationMs),
    `${plural(spans, 'span')} on ${devices.map(({ name }) => safeText(name)).join(', ')}`,
    ...(errors === 0 ? [] : [plural(errors, 'error')]),
  ].join(` ${dot} `)
}

function markLines(view: InvestigationView, paint: Paint, options: InvestigationOptions): readonly string[] {
  const labels = view.labels.map(({ label }) => safeText(label)).join(', ')
  const spanLine = (mark: SpanMarkView): string =>
    `  ${mark.spanId}  ${spanWords(mark.spanId, options)}  ${paint(writerName(mark), 'dim')}`
  return [
    ...(labels === '' ? [] : [`${paint('Labels', 'dim')}  ${labels}`]),
    ...(view.pinned.length === 0 ? [] : [paint('Pinned', 'dim'), ...view.pinned.map(spanLine)]),
    ...(view.hidden.length === 0 ? [] : [paint('Hidden', 'dim'), ...view.hidden.map(spanLine)]),
  ]
}

function spanWords(spanId: string, { spans }: InvestigationOptions): string {
  const span = spans.get(spanId)
  if (span === undefined) return '(not here)'
  return `${safeText(span.name)}  ${formatDuration(Number(span.durationNano))}  ${safeText(span.module)}`
}

function noteLines(note: NoteView, paint: Paint, { width, nowUnixMs }: InvestigationOptions): readonly string[] {
  const badge = paint(badges[note.evidence], BADGE_STYLES[note.evidence])
  const when = relativeTime(note.atUnixMs, nowUnixMs)
  const head = `${badge} ${paint(writerName(note), 'bold')} ${paint(`${dot} ${when} ${dot} ${note.note.slice(0, NOTE_DIGITS)}`, 'dim')}`
  const lines = note.text.split(/\r\n|[\n\r\u2028\u2029]/u).flatMap((line) => {
    const text = safeText(line)
    return text === '' ? [''] : wrapText(text, { width, lead: '  ' })
  })
  const left = lines.length - MAX_NOTE_LINES
  return [
    head,
    ...lines.slice(0, MAX_NOTE_LINES),
    ...(left > 0 ? [`  (${plural(left, 'more line')}; see --json)`] : []),
  ]
}

/** What others wrote and is not shown, so that nobody takes this for all of it. */
function missingLines({ devices, unreadableChunks }: InvestigationView): readonly string[] {
  const lines = devices.flatMap((device) => {
    const name = writerName(device)
    const refused = device.refused.reduce((sum, { count }) => sum + count, 0)
    const codes = device.refused.map(({ code }) => code).join(', ')
    return [
      ...(refused === 0 ? [] : [`${plural(refused, 'change')} of ${name} cannot be read (${codes}) and is left out.`]),
      ...(device.unread === 0
        ? []
        : [
            `${plural(device.unread, 'entry')} of ${name}: made by a newer version, or broken.`.replace(
              'entrys',
              'entries',
            ),
          ]),
      ...(device.omitted === 0 ? [] : [`${name} wrote more than one device may: ${device.omitted} left out.`]),
    ]
  })
  if (unreadableChunks === 0) return lines
  return [...lines, `${plural(unreadableChunks, 'stored part')} cannot be read and may be of it: see aico-mesh status.`]
}

function legendLines(view: InvestigationView, paint: Paint): readonly string[] {
  const evidence = new Set(view.notes.map((note) => note.evidence))
  const words = [
    ...(evidence.has('verified') ? [`${badges.verified} sealed and signed by that device`] : []),
    ...(evidence.has('unverified') ? [`${badges.unverified} not sealed yet, in a few seconds`] : []),
    ...(evidence.has('tampered') ? [`${badges.tampered} altered since it was signed`] : []),
  ]
  return words.length === 0 ? [] : [paint(words.join('  '), 'dim')]
}
