/** What the demo claims, counted from what the laptop's agent answers. Pure: the story gathers, this judges. */
import type { TraceView } from '../../src/agent/http-types/traces.ts'

/** What `--json` prints; names are stable. */
export interface DemoFacts {
  readonly devices: readonly { readonly deviceId: string; readonly name: string; readonly home?: string }[]
  readonly traceId: string
  /** The laptop's view while the devices are paired and nobody has consented. */
  readonly before: { readonly spans: number; readonly foreignSpans: number; readonly gaps: number }
  readonly after: {
    readonly spans: number
    readonly devices: number
    readonly verified: number
    /** From the answer to the second grant until the laptop showed the whole trace, in milliseconds. */
    readonly stitchMs: number
    /** The same from the moment the grants were typed: two processes have to start first. */
    readonly stitchFromCommandMs: number
  }
  /** Of a second utterance, after both grants were revoked. */
  readonly revoked: {
    readonly newForeignSpans: number
    readonly newForeignSegments: number
    /** Devices that were connected to the laptop all the same. */
    readonly connected: number
  }
  readonly ok: boolean
}

export type Findings = Omit<DemoFacts, 'ok'>

export function foreignSpans(view: TraceView): TraceView['spans'] {
  const self = view.devices.find((device) => device.self)?.deviceId
  return view.spans.filter(({ deviceId }) => deviceId !== self)
}

export function verifiedSpans(view: TraceView): number {
  return view.spans.filter(({ provenance }) => provenance === 'verified').length
}

/** The device's own spans that have left the journal for a sealed, hash-linked segment. */
export function isSealed(view: TraceView): boolean {
  const self = view.devices.find((device) => device.self)
  return self !== undefined && self.verified === self.spans
}

/** The whole trace over so many devices, every foreign span proven. */
export function isStitched(view: TraceView, devices: number): boolean {
  return (
    view.complete &&
    view.devices.length === devices &&
    foreignSpans(view).every(({ provenance }) => provenance === 'verified')
  )
}

/** @returns what does not hold, in sentences: none is a success */
export function failuresIn({ devices, before, after, revoked }: Findings): readonly string[] {
  const claims: readonly (readonly [boolean, string])[] = [
    [before.spans > 0, 'before consent the laptop sees its own part of the trace'],
    [before.foreignSpans === 0, 'before consent the laptop sees nothing of the phone and the tablet'],
    [before.gaps > 0, 'before consent the laptop knows that something is missing'],
    [after.devices === devices.length, 'after consent the trace runs through every device'],
    [after.spans > before.spans, 'after consent there is more to see'],
    [after.verified === after.spans, 'every span is proven genuine'],
    [revoked.newForeignSpans === 0, 'after revocation the laptop sees nothing new'],
    [revoked.newForeignSegments === 0, 'after revocation not a segment is received'],
    [revoked.connected === devices.length - 1, 'after revocation the devices stay connected'],
  ]
  return claims.flatMap(([holds, claim]) => (holds ? [] : [claim]))
}
