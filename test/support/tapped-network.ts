/** A network whose owner's sends are seen, before they leave: for tests of what is said and in which order. */
import type { Link, Network, NetworkDeps } from '../../src/sync/link.ts'
import { MemoryNetwork } from '../../src/sync/links/memory-network.ts'
import type { MemoryHub } from '../../src/sync/links/memory-hub.ts'

export type OnSend = (link: Link, bytes: Uint8Array) => void

export function tappedNetwork(deps: NetworkDeps, hub: MemoryHub, onSend: OnSend): Network & { readonly host: string } {
  const network = new MemoryNetwork({ ...deps, onLink: (link) => deps.onLink(tapped(link, onSend)) }, hub)
  return {
    name: network.name,
    host: network.host,
    start: () => network.start(),
    stop: () => network.stop(),
    listening: () => network.listening(),
    listen: (port) => network.listen(port),
    stopListening: () => network.stopListening(),
    dial: async (...args) => tapped(await network.dial(...args), onSend),
    disconnect: (peerKey) => network.disconnect(peerKey),
  }
}

function tapped(link: Link, onSend: OnSend): Link {
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
