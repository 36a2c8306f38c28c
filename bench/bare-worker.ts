/**
 * The thread of the bare pipeline: what waits at the same moment shares one commit. `index`: scan, zstd 1, encrypted
 * insert, and one row for each trace in it; `keep`: an encrypted insert of the bytes as they came.
 */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { BareDatabase } from './support/bare-database.ts'

export type BareWork = 'index' | 'keep'

const port = parentPort as MessagePort
const { work, file } = workerData as { readonly work: BareWork; readonly file: string }
const database = new BareDatabase(file)
let waiting: { readonly id: number; readonly body: Uint8Array }[] = []

port.on('message', (request: { readonly id: number; readonly body: Uint8Array }) => {
  if (waiting.length === 0) setImmediate(commit)
  waiting.push(request)
})

function commit(): void {
  const group = waiting
  waiting = []
  const bodies = group.map(({ body }) => body)
  if (work === 'index') database.index(bodies)
  else database.keep(bodies)
  port.postMessage(group.map(({ id }) => id))
}
