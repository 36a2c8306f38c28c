/** What the demo looks for in the answers of agents: a device's own part of a trace, the whole of it, and who is connected. */
import type { PeerDetailView } from '../../src/agent/http-types/device.ts'
import type { TraceView } from '../../src/agent/http-types/traces.ts'
import type { Device } from './device.ts'
import { isSealed, isStitched } from './facts.ts'
import { waitUntil } from './wait-until.ts'

/** The spans of each device that end last: once they are stored, so is all the device has of an utterance. */
const LAST_SPANS: Readonly<Record<string, readonly string[]>> = {
  phone: ['hear utterance'],
  laptop: ['POST /think', 'process conversation/turn', 'process memory/recall'],
  tablet: ['POST /say'],
}

/** The device's own spans of an utterance, once all are there and sealed. */
export function ownPart(device: Device, traceId: string, signal: AbortSignal): Promise<TraceView> {
  const last = LAST_SPANS[device.name] ?? []
  const look = async (): Promise<TraceView | undefined> => {
    const view = await device.trace(traceId)
    const names = new Set(view?.spans.map(({ name }) => name))
    return view && last.every((name) => names.has(name)) && isSealed(view) ? view : undefined
  }
  return waitUntil(`the ${device.name} to seal its own part`, look, { signal })
}

/** @returns when the device showed the trace through so many devices; undefined if it does not yet */
export async function stitchedAtMs(device: Device, traceId: string, devices: number): Promise<number | undefined> {
  const view = await device.trace(traceId)
  return view && isStitched(view, devices) ? performance.now() : undefined
}

export interface Traffic {
  readonly connected: number
  readonly segmentsIn: number
}

export async function trafficOf(device: Device): Promise<Traffic> {
  const { peers } = await device.ask<{ readonly peers: readonly PeerDetailView[] }>('/v1/peers')
  return {
    connected: peers.filter(({ connected }) => connected).length,
    segmentsIn: peers.reduce((sum, peer) => sum + peer.segmentsIn, 0),
  }
}
