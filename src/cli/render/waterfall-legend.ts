/** Foot of a waterfall: the signs that this trace calls for. */
import type { Provenance } from '../../agent/http-types/traces.ts'
import type { Drawing } from './drawing.ts'
import type { SpanRow } from './tree-rows.ts'
import { wrapEntries } from './wrap-entries.ts'

const PROVENANCES: readonly { readonly word: Provenance; readonly meaning: string }[] = [
  { word: 'verified', meaning: 'verified' },
  { word: 'unverified', meaning: 'unverified' },
  { word: 'tampered', meaning: 'tampered with' },
  { word: 'conflict', meaning: 'same id, other content' },
]

export function renderLegend(rows: readonly SpanRow[], drawing: Drawing): readonly string[] {
  const { glyphs, trace, width, paint } = drawing
  const used = new Set(rows.map(({ span }) => span.provenance))
  const self = trace.devices.find((device) => device.self)?.deviceId
  const isOwn = rows.every(({ span }) => span.provenance !== 'unverified' || span.deviceId === self)
  const crosses = rows.some(({ span, parent }) => parent !== undefined && parent.deviceId !== span.deviceId)
  const entries = [
    ...PROVENANCES.filter(({ word }) => used.has(word)).map(({ word, meaning }) => {
      return `${glyphs.badges[word]} ${word === 'unverified' && isOwn ? 'not sealed yet, in a few seconds' : meaning}`
    }),
    ...(crosses ? [`${glyphs.crossing} from another device`, `${glyphs.transit.repeat(2)} on the way`] : []),
    ...(rows.some(({ span }) => span.orderUncertain) ? [`${glyphs.uncertain} order uncertain (clocks)`] : []),
    ...(rows.some(({ span }) => span.critical) ? [`${glyphs.critical} critical path`] : []),
    ...(rows.some(({ span }) => span.loop) ? [`${glyphs.loop} parents in a circle, cut here`] : []),
    ...(rows.some(({ span }) => span.status === 'error') ? ['! error'] : []),
    ...(trace.gaps.length > 0 ? [`${glyphs.ghost} missing`] : []),
  ].map((text) => ({ text, styles: ['dim'] as const }))
  return wrapEntries(entries, { separator: '   ', width, paint })
}
