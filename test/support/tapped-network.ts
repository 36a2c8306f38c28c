/** A network whose dials and sends are seen before they leave: for tests of who speaks, what is said and in which order. */
import type { Link, Network, NetworkDeps } from '../../src/sync/link.ts'
import { MemoryNetwork } from '../../src/sync/links/memory-network.ts'
import type { MemoryHub } from '../../src/sync/links/memory-hub.ts'

export interface Tap {
  readonly onSend: (link: Link, bytes: Uint8Array) => void
  readonly onDial: (peerKey: Uint8Array) => void
}

export function tappedNetwork(deps: NetworkDeps, hub: MemoryHub, tap: Tap): Network & { readonly host: string } {
  const { onSend, onDial } = tap
  const network = new MemoryNetwork({ ...deps, onLink: (link) => deps.onLink(tapped(link, onSend)) }, hub)
  return {
    name: network.name,
    host: network.host,
    start: () => network.start(),
    stop: () => network.stop(),
    listening: () => network.listening(),
    listen: (port) => network.listen(port),
    stopListening: () => network.stopListening(),
    async dial(...args) {
      onDial(args[0])
      return tapped(await network.dial(...args), onSend)
    },
    disconnect: (peerKey) => network.disconnect(peerKey),
  }
}

function tapped(link: Link, onSend: Tap['onSend']): Link {
  return {
    protocol: link.protocol,
    remotePeerKey: link.remotePeerKey,
    remoteAddress: link.remoteAddress,
    initiator: link.initiator,
    chunks: () => link.chunks(),
    close: () => link.close(),
    abort: () => link.abort(),
    send(bytes) {
      onSend(link, bytes)
      return link.send(bytes)
    },
  }
}
