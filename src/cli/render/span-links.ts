/** Links between traces, in words: those of a span to other traces, and those of other traces' spans to it. */
import type { LinkedFrom, TraceSpan } from '../../agent/http-types/traces.ts'
import type { Drawing } from './drawing.ts'
import { plural } from './plural.ts'
import { shortTraceId } from './short-ids.ts'

/** Links of one span in each direction that are drawn; `--json` has them all. */
const MAX_DRAWN_LINKS = 3

/** Links within the trace are not among them: they mostly name the parent, and their ends are in the same drawing. */
export function linkTexts({ spanId, links }: TraceSpan, drawing: Drawing): readonly string[] {
  const { trace, linkedFrom } = drawing
  const outward = links.filter((link) => link.traceId !== trace.traceId)
  return [
    ...few(outward, (link) => `links to trace ${shortTraceId(link.traceId)}`),
    ...few(linkedFrom.get(spanId) ?? [], (link) => linkedFromText(link, drawing)),
  ]
}

function linkedFromText({ name, module, deviceName, traceId }: LinkedFrom, { clean }: Drawing): string {
  return `linked from ${clean(name) || '(no name)'}, trace ${shortTraceId(traceId)}, by ${clean(module)} on ${clean(deviceName)}`
}

function few<T>(links: readonly T[], text: (link: T) => string): readonly string[] {
  const hidden = links.length - MAX_DRAWN_LINKS
  const texts = links.slice(0, MAX_DRAWN_LINKS).map(text)
  return hidden > 0 ? [...texts, `${plural(hidden, 'more link')}; --json prints them all`] : texts
}

/** What the rows do not show of who links to the trace. @param drawn ids of the spans that have a row */
export function otherLinkTexts(drawn: ReadonlySet<string>, { trace }: Drawing): readonly string[] {
  const elsewhere = (trace.linkedFrom ?? []).filter((link) => !drawn.has(link.linksTo)).length
  const more = elsewhere + (trace.linkedFromOmitted ?? 0)
  return [
    ...(more > 0 ? [`${plural(more, 'more link')} from other traces; --json prints them`] : []),
    ...(trace.linkedFromPartial === true ? ['more traces may link to this one: not all records were searched'] : []),
  ]
}
