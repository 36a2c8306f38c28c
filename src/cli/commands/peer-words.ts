/** One line about another device. */
import type { PeerView } from '../../agent/http-types.ts'
import { relativeTime } from '../render/relative-time.ts'
import { safeText } from '../render/safe-text.ts'

export function describePeer({ name, connected, lastSeenUnixMs }: PeerView): string {
  if (connected) return `${safeText(name)}: connected`
  if (lastSeenUnixMs === null) return `${safeText(name)}: not met yet`
  return `${safeText(name)}: last seen ${relativeTime(lastSeenUnixMs, Date.now())}`
}
