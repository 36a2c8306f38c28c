/** The other thread of the worker-port test. */
import { parentPort, type MessagePort } from 'node:worker_threads'
import { moved, serveCalls } from '../../../src/agent/worker-port.ts'
import { MeshError } from '../../../src/base/errors.ts'

const port = parentPort as MessagePort
const kept = Uint8Array.of(1, 2, 3)
const send = serveCalls(
  port,
  {
    add: (a: number, b: number) => a + b,
    later: async (text: string) => Promise.resolve(text.toUpperCase()),
    sum: (bytes: Uint8Array) => bytes.reduce((sum, byte) => sum + byte, 0),
    bytes: () => Uint8Array.of(1, 2, 3),
    parts: () => moved([kept, Uint8Array.of(4, 5).subarray(1)]),
    keptBytes: () => kept.length,
    refuse: () => {
      throw new MeshError('STORE_LOCKED', 'not now', { details: { waitMs: 7 } })
    },
    bug: () => {
      throw new TypeError('words that may be data')
    },
    translated: () => {
      throw new RangeError('library')
    },
    uncloneable: () => () => 1,
    never: () => new Promise(() => {}),
    untilCancelled: (word: string, signal?: AbortSignal) =>
      new Promise((resolve) => {
        send('waits', word)
        signal?.addEventListener('abort', () => resolve(`${word} ended`))
      }),
    tell: () => send('news', { n: 1 }),
    exit: () => process.exit(0),
  },
  (err) => (err instanceof RangeError ? new MeshError('STORE_IO', 'translated') : err),
)
