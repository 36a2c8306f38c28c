/**
 * The story the demo tells, step by step, each with real processes and the commands a person would type. It changes
 * nothing but the folder it was given and what runs in it.
 */
import { sendWords } from '../../examples/aico/words-over-http.ts'
import type { GrantedView } from '../../src/agent/http-types/device.ts'
import type { TraceView } from '../../src/agent/http-types/traces.ts'
import type { Device } from './device.ts'
import { foreignSpans, verifiedSpans, type DemoFacts, type Findings } from './facts.ts'
import { ownPart, stitchedAtMs, trafficOf } from './observe.ts'
import { SET_UP_STEPS, setUp, type Cast, type SetUpDeps } from './set-up.ts'
import { waitUntil } from './wait-until.ts'

export interface StoryDeps extends SetUpDeps {
  /** Shows a trace as a person would see it on that device, or does nothing when a machine is watching. */
  readonly draw: (device: Device, traceId: string) => Promise<void>
}

export const STEPS = SET_UP_STEPS + 5
const FIRST_UTTERANCE = 'Good morning. What does my day look like?'
const SECOND_UTTERANCE = 'Please keep this to yourselves.'
/** How long the laptop is watched after revocation, in milliseconds: many times what stitching takes. */
const WATCH_MS = 2_000
/** Between two looks at the laptop while it stitches, in milliseconds: how exact the measured time is. */
const LOOK_MS = 10

interface Grant {
  readonly device: Device
  readonly grantId: string
}

/** @returns what was found, and where to speak to the phone */
export async function tellStory(
  deps: StoryDeps,
): Promise<{ readonly findings: Findings; readonly microphone: string }> {
  const { cast, microphone } = await setUp(deps)
  const traceId = await speakFirst(cast, microphone, deps)
  const before = await lookBefore(cast, traceId, deps)
  const { grants, after } = await consent(cast, traceId, deps)
  await revoke(grants, deps)
  const revoked = await speakAgain(cast, microphone, deps)
  const devices = cast.all.map(({ deviceId, name, home }) => ({ deviceId, name, home }))
  return { findings: { devices, traceId, before, after, revoked }, microphone }
}

function speakFirst(cast: Cast, microphone: string, { progress, signal }: StoryDeps): Promise<string> {
  return progress.step('A person speaks to the phone; the laptop thinks, the tablet answers', async ({ said }) => {
    const { traceId, answer } = await speak(cast, microphone, FIRST_UTTERANCE, signal)
    said(`“${FIRST_UTTERANCE}” – “${answer}”`)
    said('Each device has kept its own part of what happened, sealed. None has sent it anywhere.')
    return traceId
  })
}

async function lookBefore({ laptop }: Cast, traceId: string, deps: StoryDeps): Promise<DemoFacts['before']> {
  const view = await deps.progress.step('Without consent, the laptop sees only itself', async ({ typed }) => {
    typed('laptop', `aico-mesh traces show ${traceId}`)
    return laptop.ask<TraceView>(`/v1/traces/${traceId}`)
  })
  await deps.draw(laptop, traceId)
  return { spans: view.spans.length, foreignSpans: foreignSpans(view).length, gaps: view.gaps.length }
}

async function consent({ phone, laptop, tablet, all }: Cast, traceId: string, deps: StoryDeps) {
  const { progress, signal, draw } = deps
  const given = await progress.step('The person consents, on the phone and on the tablet', async ({ typed, said }) => {
    const typedMs = performance.now()
    const look = () => stitchedAtMs(laptop, traceId, all.length)
    const stitching = waitUntil('the laptop to show the whole trace', look, { signal, everyMs: LOOK_MS })
    const [shownMs, ...grants] = await Promise.all([stitching, grantTo(laptop, phone), grantTo(laptop, tablet)])
    const stitchMs = Math.max(0, Math.round(shownMs - Math.max(...grants.map(({ grantedMs }) => grantedMs))))
    for (const { device, notice } of grants) {
      typed(device.name, 'aico-mesh consent grant --to laptop --lanes traces')
      said(notice.split('\n')[0] ?? '')
    }
    said(`${stitchMs} ms after the second grant the laptop shows one trace through all three devices.`)
    typed('laptop', `aico-mesh traces show ${traceId}`)
    return { grants, stitchMs, stitchFromCommandMs: Math.round(shownMs - typedMs) }
  })
  await draw(laptop, traceId)
  const { grants, ...times } = given
  const view = await laptop.ask<TraceView>(`/v1/traces/${traceId}`)
  const after = { spans: view.spans.length, devices: view.devices.length, verified: verifiedSpans(view), ...times }
  return { grants, after }
}

async function grantTo(recipient: Device, device: Device) {
  const words = ['consent', 'grant', '--to', recipient.name, '--lanes', 'traces']
  const { grantId, notice } = await device.run<GrantedView>(...words)
  return { device, grantId, notice, grantedMs: performance.now() }
}

async function revoke(grants: readonly Grant[], { progress }: StoryDeps): Promise<void> {
  await progress.step('The person revokes, on both', async ({ typed, said }) => {
    await Promise.all(grants.map(({ device, grantId }) => device.run('consent', 'revoke', grantId)))
    for (const { device, grantId } of grants) typed(device.name, `aico-mesh consent revoke ${grantId}`)
    said('New keys from here on. What the laptop has already received, nobody can recall.')
  })
}

async function speakAgain(cast: Cast, microphone: string, deps: StoryDeps): Promise<DemoFacts['revoked']> {
  const { laptop } = cast
  const { progress, signal, draw } = deps
  const title = 'The person speaks again; nothing of it reaches the laptop'
  const { traceId, ...facts } = await progress.step(title, async ({ typed, said }) => {
    const before = await trafficOf(laptop)
    const spoken = await speak(cast, microphone, SECOND_UTTERANCE, signal)
    const view = await watch(laptop, spoken.traceId, signal)
    const now = await trafficOf(laptop)
    const newForeignSpans = foreignSpans(view).length
    said(`“${SECOND_UTTERANCE}” – “${spoken.answer}”`)
    said(`Phone and tablet have sealed their parts and are connected; the laptop got ${newForeignSpans} spans of them.`)
    typed('laptop', `aico-mesh traces show ${spoken.traceId}`)
    return {
      traceId: spoken.traceId,
      newForeignSpans,
      newForeignSegments: now.segmentsIn - before.segmentsIn,
      connected: now.connected,
    }
  })
  await draw(laptop, traceId)
  return facts
}

/** One utterance across the devices. Returns once every device has stored and sealed its own part. */
async function speak({ phone, all }: Cast, microphone: string, text: string, signal: AbortSignal) {
  const known = new Set(await phone.traceIds())
  const { text: answer } = await sendWords(microphone, { text }, {})
  const findNew = async () => (await phone.traceIds()).find((id) => !known.has(id))
  const traceId = await waitUntil('the phone to store what it heard', findNew, { signal })
  await Promise.all(all.map((device) => ownPart(device, traceId, signal)))
  return { traceId, answer }
}

/** Looks at a trace again and again until time is up, or until a span of another device shows. */
function watch(device: Device, traceId: string, signal: AbortSignal): Promise<TraceView> {
  const endMs = performance.now() + WATCH_MS
  const look = async (): Promise<TraceView | undefined> => {
    const view = await device.ask<TraceView>(`/v1/traces/${traceId}`)
    return foreignSpans(view).length > 0 || performance.now() >= endMs ? view : undefined
  }
  return waitUntil(`the ${device.name}'s view of the trace`, look, { signal })
}
