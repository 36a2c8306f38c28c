/** Other devices, and our place among them, in words. */
import type { PeerView, RemovedByView } from '../../agent/http-types.ts'
import { relativeTime } from '../render/relative-time.ts'
import { safeText } from '../render/safe-text.ts'

/** One line about another device. */
export function describePeer({ name, connected, lastSeenUnixMs }: PeerView): string {
  if (connected) return `${safeText(name)}: connected`
  if (lastSeenUnixMs === null) return `${safeText(name)}: not met yet`
  return `${safeText(name)}: last seen ${relativeTime(lastSeenUnixMs, Date.now())}`
}

/** What happened to a device that is a member no more, and how it becomes one again. */
export function describeRemoval({ name, self }: RemovedByView): string {
  const what = self ? 'left its mesh' : `was removed from its mesh by ${safeText(name ?? 'another device')}`
  return `This device ${what}. It shares nothing until it is paired again: aico-mesh pair join TICKET`
}
