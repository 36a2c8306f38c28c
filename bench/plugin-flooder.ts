/**
 * A plugin that sends a million records a minute, or as many of them as its socket takes, until it is ended:
 * `plugin-flooder.ts CREDENTIAL RECORDS`, so many records a frame. Reads its answers, says `{"event":"ready"}` once it is let in, and how many records it sent when it is ended.
 */
import { readFileSync } from 'node:fs'
import { readCredential } from '../src/wire/bus-credential.ts'
import { encodeFrames, type ModuleMessage } from '../src/wire/bus-frames.ts'
import { encodeLogsData } from '../src/wire/otlp/encode.ts'
import { bareDealer } from './support/bare-dealer.ts'
import { pause } from './support/until.ts'

const FLOOD_PER_MINUTE = 1_000_000
const PAUSE_MS = 10
const [file = '', count = '1'] = process.argv.slice(2)
const records = Number(count)
const read = readCredential(JSON.parse(readFileSync(file, 'utf8')))
if ('bad' in read) throw new Error(`credential: ${read.bad}`)
const socket = bareDealer(read.credential)
let seq = 0
process.once('SIGTERM', () => {
  process.stdout.write(`${JSON.stringify({ sent: seq * records })}\n`, () => process.exit(0))
})

await send({ kind: 'hello', v: 1, sdk: 'flood' })
await socket.receive()
process.stdout.write('{"event":"ready"}\n')
void readAnswers()
const body = encodeLogsData({
  resource: { attributes: { 'service.name': 'flood' } },
  scope: { name: 'flood' },
  logRecords: Array.from({ length: records }, (_, i) => ({
    timeUnixNano: BigInt(Date.now()) * 1_000_000n + BigInt(i),
    severityNumber: 9,
    body: 'a line that nobody asked for',
    attributes: { 'flood.n': i },
  })),
})
const startedMs = performance.now()
for (;;) {
  const due = ((performance.now() - startedMs) * FLOOD_PER_MINUTE) / 60_000
  while (seq * records < due) await send({ kind: 'telemetry', seq: seq++, signal: 'logs', encoding: 'protobuf', body })
  await pause(PAUSE_MS)
}

function send(message: ModuleMessage): Promise<void> {
  return socket.send([...encodeFrames(message)])
}

async function readAnswers(): Promise<void> {
  for (;;) await socket.receive()
}
