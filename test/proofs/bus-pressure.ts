/**
 * A real agent under modules that are quicker than it is. Telemetry: the module is held back, and every record is in the store once.
 * Events: what does not fit is dropped, and everybody's own counts add up to what was sent.
 */
import type { ModuleView } from '../../src/agent/http-types/device.ts'
import { decodeLogRecords } from '../../src/wire/otlp/decode-logs.ts'
import { startNode, type Child } from '../../bench/support/child.ts'
import { withDevices, type Device } from '../../bench/support/device.ts'
import { memoryDuring } from '../../bench/support/proc.ts'
import { eachPayloadOf } from '../support/kept-payloads.ts'
import { waitFor } from '../support/wait-for.ts'
import type { PressedLines, PressedMessages, Received } from './bus-pressure-words.ts'
import type { ProofOptions, ProofResult } from './proof.ts'

export const what =
  'A module that records as fast as it can, many times faster than the agent commits, is slowed by room() and loses nothing; of messages published as fast, the sender’s and the agent’s counts of what was dropped and each subscriber’s of what came add up to what was sent.'
/** Seconds of pressure, of records and again of messages. */
export const cases = 60

/** Most resident memory of the agent, as at full ingest over OTLP. */
const MAX_AGENT_MB = 350
/** Of a module: Node itself, 8 MiB of batches that wait, and what the garbage collector has not come to. */
const MAX_MODULE_MB = 256
/** Milliseconds that each subscriber takes for a message. */
const LISTENERS = { quick: 0, slow: 1 }
/** Longest wait for a subscriber to have had what waits for it. */
const SETTLE_MS = 60_000

export function run({ cases: seconds }: ProofOptions): Promise<ProofResult> {
  return withDevices({ laptop: 'pro' }, async (devices) => {
    const [device] = devices as readonly [Device]
    const events = await pressMessages(device, seconds)
    const telemetry = await pressLines(device, seconds)
    return {
      cases: seconds,
      failures: [...telemetry.failures, ...events.failures],
      facts: { ...telemetry.facts, ...events.facts },
    }
  })
}

type Part = Pick<ProofResult, 'failures' | 'facts'>

async function pressLines(device: Device, seconds: number): Promise<Part> {
  const { result: pressed, peakMB } = await memoryDuring(
    [device.pid],
    async () => (await press(device, 'lines', seconds)) as PressedLines,
  )
  await device.stop()
  const { missing, twice } = await countsOf(device.folder, pressed.made)
  const { made, makingMs, tookMs, isKept, lost } = pressed
  const [offered, kept] = [(made / makingMs) * 1_000, (made / tookMs) * 1_000]
  const moduleMB = pressed.peakBytes / 1e6
  return {
    failures: [
      ...(isKept ? [] : ['not all records were acknowledged']),
      ...(lost > 0 ? [`the module counts ${lost} records as lost`] : []),
      ...(missing > 0 ? [`${missing} records are missing`] : []),
      ...(twice > 0 ? [`${twice} records are there twice`] : []),
      ...(offered > kept ? [] : ['the module was not quicker than the agent']),
      ...(peakMB > MAX_AGENT_MB ? [`the agent took ${peakMB.toFixed(0)} MB`] : []),
      ...(moduleMB > MAX_MODULE_MB ? [`the module took ${moduleMB.toFixed(0)} MB`] : []),
    ],
    facts: {
      'records made and kept': made,
      'records a second, kept': Math.round(kept),
      'records a second, while nothing held the module back': Math.round(offered),
      'times the rate that was kept': (offered / kept).toFixed(1),
      'resident memory of the agent, at most': `${peakMB.toFixed(0)} MB`,
      'resident memory of the module, at most': `${moduleMB.toFixed(0)} MB`,
    },
  }
}

async function pressMessages(device: Device, seconds: number): Promise<Part> {
  const listeners = await Promise.all(
    Object.entries(LISTENERS).map(async ([name, ms]) => {
      const child = startNode([programOf('bus-listener'), await credentialOf(device, name), String(ms)])
      return { name, child, heard: await follow(child) }
    }),
  )
  const { sent, dropped, unconfirmed, tookMs } = (await press(device, 'messages', seconds)) as PressedMessages
  const arrivedWith = async (name: string, heard: () => Received): Promise<Received & { notDelivered: number }> => {
    const { modules } = await device.call<{ modules: readonly ModuleView[] }>('GET', '/v1/modules')
    const notDelivered = modules.find(({ module }) => module === name)?.droppedMessages ?? 0
    return { ...heard(), notDelivered }
  }
  const failures: string[] = []
  const facts: Record<string, number> = {
    'messages sent': sent,
    'messages a second': Math.round((sent / tookMs) * 1_000),
    'dropped by the sender, before they were sent': dropped,
  }
  for (const { name, child, heard } of listeners) {
    const sumOf = ({ received, unhandled, notDelivered }: Awaited<ReturnType<typeof arrivedWith>>): number =>
      dropped + unconfirmed + notDelivered + received + unhandled
    const settled = async (): Promise<boolean> => sumOf(await arrivedWith(name, heard)) >= sent
    await waitFor(`what waits for ${name}`, settled, SETTLE_MS).catch(() => undefined)
    const arrived = await arrivedWith(name, heard)
    facts[`received by the ${name} subscriber`] = arrived.received
    facts[`dropped for the ${name} subscriber`] = arrived.notDelivered + arrived.unhandled
    const sum = sumOf(arrived)
    if (sum !== sent) failures.push(`of ${sent} messages, ${sum} are accounted for with the ${name} subscriber`)
    await child.stop()
  }
  return { failures, facts }
}

async function press(device: Device, records: 'lines' | 'messages', seconds: number): Promise<unknown> {
  const child = startNode([
    programOf('bus-presser'),
    await credentialOf(device, `pressing-${records}`),
    records,
    String(seconds),
  ])
  const result = await child.nextJson()
  await child.ended
  return result
}

/** @returns what it said last, from its first word on */
async function follow(child: Child): Promise<() => Received> {
  let last = (await child.nextJson()) as Received
  const readOn = async (): Promise<void> => {
    for (;;) last = (await child.nextJson()) as Received
  }
  readOn().catch(() => undefined) // its end
  return () => last
}

function programOf(name: string): string {
  return `${import.meta.dirname}/${name}.ts`
}

async function credentialOf(device: Device, module: string): Promise<string> {
  return (await device.call<{ credential: string }>('POST', '/v1/modules', { module })).credential
}

/** Of numbers from 0 up to `made`, how many no record in the store has, and how many more than one has. */
async function countsOf(home: string, made: number): Promise<{ readonly missing: number; readonly twice: number }> {
  const seen = new Uint8Array(made)
  await eachPayloadOf(home, ({ lane, payload }) => {
    if (lane !== 'logs') return
    for (const { attributes } of decodeLogRecords(payload)) {
      const n = Number(attributes.find(({ key }) => key === 'n')?.value)
      if (n < made) seen[n] = Math.min(2, (seen[n] ?? 0) + 1)
    }
  })
  return { missing: seen.filter((times) => times === 0).length, twice: seen.filter((times) => times > 1).length }
}
