/** A stand-in for the agent: the real socket and the real end of the link, with the scan in place of a store. */
import { mkdtempSync, rmSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DevtoolsInlet } from '../../src/agent/devtools-inlet.ts'
import { HttpServer } from '../../src/agent/http-server.ts'
import { IntakeGate } from '../../src/agent/intake-gate.ts'
import type { KeeperClient } from '../../src/agent/keeper-client.ts'
import type { Push } from '../../src/agent/keeper/otlp-calls.ts'
import {
  otlpAnswer,
  otlpFailure,
  readOtlpRequest,
  type OtlpAnswer,
  type OtlpRequest,
} from '../../src/ingest/otlp-request.ts'
import { addRejected } from '../../src/wire/otlp/rejected-tally.ts'
import type { Signal } from '../../src/model/lane.ts'
import { nodeClock } from '../../src/platform/node-clock.ts'
import { encodeAnswers } from '../../src/wire/devtools-link.ts'
import type { Scan } from '../../src/wire/otlp/rows.ts'
import { scanOtlp } from '../../src/wire/otlp/scan.ts'

export const TOKEN = 'capability-token-of-the-devtools-process'

export interface Received extends OtlpRequest {
  /** What was taken of it; absent if it was refused. */
  readonly scan: Scan | undefined
  readonly status: number
}
const health = { look: async () => ({ live: true, ready: true, checks: [] }) }

const silent = { debug() {}, info() {}, warn() {}, error() {} }

export class FakeAgent {
  readonly home = mkdtempSync(join(tmpdir(), 'aico-mesh-otlp-'))
  readonly socketPath = join(this.home, 'agent.sock')
  readonly received: Received[] = []
  /** Refusals that the process has told of, by status. */
  readonly refused = new Map<number, number>()
  /** Answers a push in place of ingest while it returns something. */
  intercept: (signal: Signal) => OtlpAnswer | 'silence' | undefined = () => undefined
  /** Links held now. */
  readonly links = new Set<Duplex>()
  #server: HttpServer | undefined

  async start(): Promise<void> {
    const clock = nodeClock
    const inlet = new DevtoolsInlet({ log: silent, clock, gate: new IntakeGate(), keeper: this.#keeper(), health })
    const { path, protocol, capability } = inlet
    const open = (connection: Duplex): void => {
      this.links.add(connection)
      connection.once('close', () => this.links.delete(connection))
      inlet.open(connection)
    }
    this.#server = new HttpServer(
      { log: silent, clock },
      {
        socketFile: this.socketPath,
        routes: [],
        links: [{ path, protocol, capability, open }],
        tokens: { cli: 'the-token-of-the-command-line', devtools: TOKEN },
      },
    )
    await this.#server.start()
  }

  /** Cuts every connection, as the end of the agent's process would. */
  async stop(): Promise<void> {
    await this.#server?.stop()
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.home, { recursive: true })
  }

  /** Resolves once no link is held, which is when the process's end of it is gone. */
  async linkLost(): Promise<void> {
    await Promise.all([...this.links].map((link) => new Promise((resolve) => link.once('close', resolve))))
  }

  #keeper(): Pick<KeeperClient, 'call' | 'callMoving'> {
    const calls: Readonly<Record<string, (argument: never) => Promise<unknown>>> = {
      takePushes: (pushes: readonly Push[]) => this.#take(pushes),
      otlpRefused: async (counts: readonly (readonly [number, number])[]) => {
        for (const [status, count] of counts) this.refused.set(status, (this.refused.get(status) ?? 0) + count)
      },
    }
    const call = (method: string, argument: unknown) => calls[method]?.(argument as never)
    return {
      call: call as KeeperClient['call'],
      callMoving: ((_: unknown, method: string, argument: unknown) =>
        call(method, argument)) as KeeperClient['callMoving'],
    }
  }

  async #take(pushes: readonly Push[]): Promise<Uint8Array> {
    const answers = await Promise.all(
      pushes.map(async ({ request, ...push }) => ({ request, ...(await this.#answer(push)) })),
    )
    return encodeAnswers(answers)
  }

  #answer(push: OtlpRequest): Promise<OtlpAnswer> | OtlpAnswer {
    const intercepted = this.intercept(push.signal)
    if (intercepted === 'silence') return new Promise(() => {})
    const { answer, scan } = intercepted ? { answer: intercepted, scan: undefined } : ingest(push)
    this.received.push({ ...push, scan, status: answer.status })
    return answer
  }
}

/** What the agent does with a push, with the scan in place of admission and commit. */
function ingest(push: OtlpRequest): { answer: OtlpAnswer; scan: Scan | undefined } {
  const message = readOtlpRequest(push)
  if (!message.ok) return { answer: otlpAnswer(message), scan: undefined }
  const { encoding } = message
  const { signal } = push
  try {
    const scan = scanOtlp(signal, message.bytes)
    const rejected = addRejected(message.rejected, scan.rejected)
    return { answer: otlpAnswer({ ok: true, signal, encoding, rejected }), scan }
  } catch (err) {
    return { answer: otlpAnswer(otlpFailure(err, encoding)), scan: undefined }
  }
}
