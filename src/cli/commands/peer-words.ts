/** Other devices, and our place among them, in words. */
import type { PeerView, RemovedByView } from '../../agent/http-types/device.ts'
import { relativeTime } from '../render/relative-time.ts'
import { safeText } from '../render/safe-text.ts'

/** One line about another device. */
export function describePeer(peer: PeerView): string {
  return `${safeText(peer.name)}: ${peerState(peer)}`
}

export function peerState({ connected, lastSeenUnixMs }: PeerView): string {
  if (connected) return 'connected'
  return lastSeenUnixMs === null ? 'not met yet' : `last seen ${relativeTime(lastSeenUnixMs, Date.now())}`
}

/** What happened to a device that is a member no more, and how it becomes one again. */
export function describeRemoval({ deviceId, name, self, at }: RemovedByView): string {
  const when = at === null ? 'This' : `On ${at.slice(0, 10)} at ${at.slice(11, 16)} UTC this`
  const again = '\nIt shares nothing until it is paired again: aico-mesh pair nearby, or aico-mesh pair join TICKET'
  if (self) return `${when} device left its mesh.${again}`
  if (deviceId === null) return `${when} device is in its mesh no more: whoever took it in was removed.${again}`
  return `${when} device was removed from its mesh by ${safeText(name ?? 'another device')}.${again}`
}
