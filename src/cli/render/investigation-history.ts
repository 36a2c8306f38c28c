/** What was changed in an investigation and is not seen in what it says now: who set, took back or solved what. */
import type { InvestigationView } from '../../agent/http-types/investigations.ts'
import { plural } from './plural.ts'
import { relativeTime } from './relative-time.ts'
import { safeText } from './safe-text.ts'

/** Changes that are printed, the newest; --json has all. */
const MAX_CHANGES = 12

type Change = InvestigationView['history'][number]

/** The newest last. Notes that stand tell of themselves. */
export function historyLines({ history, notes }: InvestigationView, nowUnixMs: number): readonly string[] {
  const standing = new Set(notes.map(({ note }) => note))
  const changes = history.filter((change) => change.about !== 'note' || !standing.has(change.entry))
  const left = changes.length - MAX_CHANGES
  const lines = changes.slice(-MAX_CHANGES).map((change) => {
    const when = relativeTime(change.atUnixMs, nowUnixMs)
    return `${safeText(change.deviceName)} ${wordsOf(change)} ${when}`
  })
  return left > 0 ? [`${plural(left, 'earlier change')}; see --json`, ...lines] : lines
}

/** One line for each thing that was said, as it comes. */
export function followWords(change: Change, nowUnixMs: number): string {
  const when = relativeTime(change.atUnixMs, nowUnixMs)
  const said = change.about === 'note' && change.text !== null ? `: ${safeText(change.text)}` : ` ${wordsOf(change)}`
  return `${safeText(change.deviceName)}${said} (${when})`
}

function wordsOf(change: Change): string {
  switch (change.about) {
    case 'note':
      return change.text === null ? 'took back a note' : 'wrote a note that is gone or was written anew'
    case 'status':
      return `set it to ${change.status}`
    case 'label':
      return `${change.isSet ? 'put on' : 'took off'} the label ${safeText(change.label)}`
    case 'pin':
      return `${change.isSet ? 'pinned' : 'unpinned'} ${change.spanId}`
    case 'hide':
      return `${change.isSet ? 'hid' : 'showed again'} ${change.spanId}`
  }
}
