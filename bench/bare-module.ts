/**
 * The same over bare sockets: a DEALER with CURVE to bare-router.ts, messages of two parts as long as those of the bus, nothing read of
 * them but a byte and a number. `bare-module.ts CREDENTIAL-AS-JSON callee`, or `... WORK MS`.
 */
import type { ModuleCredential } from '../src/wire/bus-credential.ts'
import { BLOCK, measure, PAYLOAD, type Peer, type Work } from './bus-messages.ts'
import { bareDealer } from './support/bare-dealer.ts'
import { SendQueue } from './support/send-queue.ts'

/** As long as the header of a message of the bus is, with its envelope and context. */
const HEADER_BYTES = 640
const KIND = { told: 1, done: 2, asked: 3, answered: 4 } as const

const [json = '', role = '', ms = ''] = process.argv.slice(2)
const socket = bareDealer(JSON.parse(json) as ModuleCredential)
const queue = new SendQueue(socket)
const waiting = new Map<number, () => void>()
let done = (): void => {}
let told = 0
let asked = 0

// The router learns from it who is there.
queue.send([new Uint8Array(1), new Uint8Array(0)])
if (role === 'callee') process.stdout.write('{"event":"ready"}\n')
void receive()

if (role !== 'callee') {
  const peer: Peer = {
    tellBlock: () =>
      new Promise((resolve) => {
        done = resolve
        for (let i = 0; i < BLOCK; i++) say(KIND.told, i)
      }),
    ask: () =>
      new Promise<void>((resolve) => {
        waiting.set(asked, resolve)
        say(KIND.asked, asked++)
      }),
  }
  await measure(peer, role as Work, Number(ms))
  process.exit(0)
}

async function receive(): Promise<void> {
  for await (const [header, body] of socket) {
    if (header === undefined || body === undefined) throw new Error('no message of ours')
    const n = header.readUInt32BE(1)
    const kind = header[0]
    if (kind === KIND.told && ++told % BLOCK === 0) say(KIND.done, n)
    if (kind === KIND.asked) say(KIND.answered, n, body)
    if (kind === KIND.done) done()
    if (kind === KIND.answered) {
      waiting.get(n)?.()
      waiting.delete(n)
    }
  }
}

function say(kind: number, n: number, body: Uint8Array = PAYLOAD): void {
  const header = Buffer.alloc(HEADER_BYTES)
  header[0] = kind
  header.writeUInt32BE(n, 1)
  queue.send([header, body])
}
