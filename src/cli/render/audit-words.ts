/** What an audit leaf is about and who did it, in words; the leaf itself says it in ids and hashes (docs/spec/audit.md). */
import type { AuditView } from '../../agent/http-types/device.ts'
import { plural } from './plural.ts'
import { safeText } from './safe-text.ts'
import { shortTraceId } from './short-ids.ts'

export type NameOf = (deviceId: string) => string

export function doneBy({ actor, payload }: AuditView, nameOf: NameOf): string {
  if (actor.kind === 'user') return 'you'
  if (actor.kind === 'device') return 'the agent'
  if (actor.kind === 'peer') return nameOf(actor.ref)
  return `${actor.kind} ${wordsOf(payload)(actor.kind)}`.trim()
}

/** Empty where the leaf's payload is gone: names are in nothing else. */
export function isAbout({ type, object, payload }: AuditView, nameOf: NameOf): string {
  const word = wordsOf(payload)
  switch (object?.kind) {
    case 'device':
      if (type === 'audit.set-aside') return setAsideWords(payload)
      return [word('name') || nameOf(object.ref), damagedWords(payload)].filter((part) => part !== '').join(': ')
    case 'membership':
      return word('name') || (word('subject') && nameOf(word('subject')))
    case 'consent':
      return word('peer') && nameOf(word('peer'))
    case 'policy':
      return `${word('from')} to ${word('to')}`
    case 'key':
      return `${word('lane')} ${word('epoch')}`.trim()
    case 'module':
      return type === 'module.changed' ? recordingChange(word) : word('module')
    case 'plugin':
      return [word('plugin'), word('reason')].filter((part) => part !== '').join(': ')
    case 'data':
      return type.startsWith('investigation.') ? investigationWords(word) : word('reason')
    case 'export':
      return word('lane')
    case 'endpoint':
      return word('url')
    default:
      return ''
  }
}

/** Of `investigation.opened` and `.closed`. */
function investigationWords(word: (name: string) => string): string {
  return word('traceId') && `trace ${shortTraceId(word('traceId'))}, ${word('status')}`
}

/** Of `audit.set-aside`: the log that was before, as far as the payload is still there. */
export function setAsideWords(payload: AuditView['payload']): string {
  const { damage, kept, size } = payload ?? {}
  const entries =
    typeof size === 'number' ? ` of ${size.toLocaleString('en-US')} ${size === 1 ? 'entry' : 'entries'}` : ''
  const why = typeof damage === 'string' ? ` (${safeText(damage)})` : ''
  const where = typeof kept === 'string' ? `, kept as ${safeText(kept)}` : ''
  return `the log before it${entries}${why}${where}`
}

/** Of `module.changed`: what it is to record now, of a topic or of everything. */
function recordingChange(word: (name: string) => string): string {
  const about = [word('module'), word('topic')].filter((part) => part !== '').join(' ')
  return about && `${about}: ${word('from')} to ${word('to')}`
}

/** A sentence, where the log began in place of a damaged one. */
export function beganWords(setAside: AuditView | null): string {
  if (setAside === null) return ''
  return ` It began at ${setAside.at.slice(0, 19)}Z, after damage to ${setAsideWords(setAside.payload)}.`
}

/** Of `data.damaged`: how much of a device's records. */
function damagedWords(payload: AuditView['payload']): string {
  const { records, segments } = payload ?? {}
  if (typeof records !== 'number' || typeof segments !== 'number') return ''
  return `${plural(records, 'record')} in ${plural(segments, 'segment')}`
}

function wordsOf(payload: AuditView['payload']): (name: string) => string {
  return (name) => {
    const value = payload?.[name]
    return typeof value === 'string' || typeof value === 'number' ? safeText(String(value)) : ''
  }
}
