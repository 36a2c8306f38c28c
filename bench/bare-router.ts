/**
 * What the agent is between two modules, and nothing more: a ROUTER with CURVE for each, and every message of one goes to the other.
 * `bare-router.ts FOLDER` prints the credentials of both, a line of JSON.
 */
import { Router } from 'zeromq'
import { createModuleCredential } from '../src/bus/module-credential.ts'
import type { ModuleCredential } from '../src/wire/bus-credential.ts'
import { SendQueue } from './support/send-queue.ts'

const [folder = ''] = process.argv.slice(2)

interface Side {
  readonly socket: Router
  readonly queue: SendQueue
  /** Who said something last: a caller is followed by another. */
  peer: Uint8Array | undefined
}

const caller = open('caller')
const callee = open('callee')
void forward(caller.side, callee.side)
void forward(callee.side, caller.side)
process.stdout.write(`${JSON.stringify({ caller: caller.credential, callee: callee.credential })}\n`)

function open(name: string): { readonly credential: ModuleCredential; readonly side: Side } {
  const endpoint = `ipc://${folder}/${name}.sock`
  const { record, credential } = createModuleCredential(name, endpoint)
  const { serverPublicKey: curvePublicKey, serverSecretKey: curveSecretKey } = record
  const socket = new Router({ curveServer: true, curvePublicKey, curveSecretKey, linger: 0 })
  socket.bindSync(endpoint)
  return { credential, side: { socket, queue: new SendQueue(socket), peer: undefined } }
}

async function forward(from: Side, to: Side): Promise<void> {
  for await (const [peer, header, body] of from.socket) {
    if (peer === undefined || header === undefined || body === undefined) throw new Error('no message of ours')
    from.peer = peer
    if (header.length > 1 && to.peer !== undefined) to.queue.send([to.peer, header, body])
  }
}
