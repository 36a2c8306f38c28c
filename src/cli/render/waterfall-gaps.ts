/** Ghost rows at the end of a waterfall: what is missing, in plain words. Missing parents stand among the spans. */
import type { TraceGap } from '../../agent/http-types/traces.ts'
import { truncate } from './display-width.ts'
import type { Drawing } from './drawing.ts'
import { otherLinkTexts } from './span-links.ts'
import { plural } from './plural.ts'

export interface HiddenSpans {
  /** Beyond the most rows. */
  readonly cut: number
  /** Not on the critical path, where only that is drawn. */
  readonly offPath: number
}

export function renderGaps(
  { cut, offPath }: HiddenSpans,
  drawn: ReadonlySet<string>,
  drawing: Drawing,
): readonly string[] {
  const { trace, glyphs, paint, width } = drawing
  const sentences = [
    ...(cut > 0 ? [`${plural(cut, 'more span')} not drawn; --json prints them all`] : []),
    ...(offPath > 0 ? [`${plural(offPath, 'span')} not on the critical path`] : []),
    ...trace.gaps.filter((gap) => gap.reason !== 'not-here').map((gap) => sentenceOf(gap, drawing)),
    ...otherLinkTexts(drawn, drawing),
    ...(trace.omittedSpans > 0 ? [`${plural(trace.omittedSpans, 'span')} beyond the limit of one answer`] : []),
    ...(trace.unreadableChunks > 0 ? [`${plural(trace.unreadableChunks, 'stored chunk')} could not be read`] : []),
  ]
  return sentences.map((sentence) => paint(truncate(`${glyphs.ghost} ${sentence}`, width, glyphs.ellipsis), 'dim'))
}

function sentenceOf({ reason, deviceId, count }: TraceGap, drawing: Drawing): string {
  const device = deviceId === null ? 'some device' : drawing.nameOf(deviceId)
  switch (reason) {
    case 'not-here':
      return 'a parent span is not here'
    case 'no-consent':
      return 'not shared: some device gives no consent; whether it took part is unknown'
    case 'not-synced':
      return count === null
        ? `${device} may hold more: not synced since this trace ended`
        : `${plural(count, 'segment')} from ${device} not synced yet`
    case 'expired':
      return count === null
        ? `records of that time from ${device} are kept no longer: too old`
        : `${plural(count, 'span')} from ${device} expired: kept no longer`
    case 'dropped':
      return count === null
        ? `records of that time from ${device} were deleted: no room for them`
        : `${plural(count, 'span')} from ${device} dropped before they were kept`
  }
}
