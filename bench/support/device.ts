/** Real devices: homes of their own in a temporary folder, real agents in processes of their own, paired over TCP. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PeerDetailView, StageName } from '../../src/agent/http-types/device.ts'
import { layOutHome, type Home } from '../../src/platform/home.ts'
import { runNode, startNode, type Child } from './child.ts'
import { CLONE } from './program.ts'
import { until } from './until.ts'

interface Ready {
  readonly deviceId: string
  readonly otlp: string | null
}
export interface Answer {
  readonly status: number
  /** Parsed when asked for: a large one keeps this process busy, and what it times would look slow. */
  readonly json: () => unknown
}

export class Device {
  readonly name: string
  readonly #command: string
  readonly #home: Home
  readonly #http = new Agent({ keepAlive: true })
  #process: Child | undefined
  #ready: Ready | undefined

  private constructor(name: string, command: string, folder: string) {
    this.name = name
    this.#command = command
    this.#home = layOutHome(folder)
  }

  /** The device whose home is in this folder; it does not run yet. */
  static open(name: string, folder: string, command = CLONE): Device {
    return new Device(name, command, folder)
  }

  /** Makes a device at a stage, in a new folder unless one is given; it does not run yet. */
  static async create(name: string, stage: StageName, command = CLONE, folder?: string): Promise<Device> {
    const device = new Device(name, command, folder ?? mkdtempSync(join(tmpdir(), `bench-${name}-`)))
    await device.#cli('init', '--name', name)
    if (stage !== 'casual') await device.#cli('stage', stage, '--yes')
    return device
  }

  /** Starts the agent. @returns milliseconds from spawn to the ready line */
  async start(): Promise<number> {
    const startedMs = performance.now()
    this.#process = startNode([this.#command, '--home', this.#home.folder, 'start', '--otlp-port', '0'])
    this.#ready = (await this.#process.nextJson()) as Ready
    return performance.now() - startedMs
  }

  async stop(): Promise<void> {
    this.#http.destroy()
    await this.#process?.stop()
    this.#process = undefined
  }

  /** Stops the agent and forgets the home. */
  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.#home.folder, { recursive: true, force: true })
  }

  get pid(): number {
    return (this.#process as Child).pid
  }

  get id(): string {
    return (this.#ready as Ready).deviceId
  }

  get folder(): string {
    return this.#home.folder
  }

  /** Base URL of the OTLP receiver. */
  get otlp(): string {
    const otlp = this.#ready?.otlp
    if (otlp == null) throw new Error(`${this.name} takes no OTLP`)
    return otlp
  }

  /** One request over the agent's socket, whatever the answer is. */
  ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Answer> {
    const { socketFile: socketPath, tokenFile } = this.#home
    const text = body === undefined ? '' : JSON.stringify(body)
    const headers = {
      authorization: `Bearer ${readFileSync(tokenFile, 'utf8')}`,
      'content-length': Buffer.byteLength(text),
    }
    return new Promise((resolve, reject) => {
      const call = request({ agent: this.#http, socketPath, path, method, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const json = (): unknown => JSON.parse(Buffer.concat(chunks).toString('utf8'))
          resolve({ status: response.statusCode ?? 0, json })
        })
      })
      call.on('error', reject)
      call.end(text)
    })
  }

  /** @throws if the agent refuses */
  async call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> {
    const { status, json } = await this.ask(method, path, body)
    if (status >= 400) throw new Error(`${this.name}: ${method} ${path}: ${status} ${JSON.stringify(json())}`)
    return json() as T
  }

  async peers(): Promise<readonly PeerDetailView[]> {
    return (await this.call<{ peers: readonly PeerDetailView[] }>('GET', '/v1/peers')).peers
  }

  /** Lets another device see this one's traces. @returns the grant's id */
  async grantTraces(to: Device): Promise<string> {
    const { grantId } = await this.call<{ grantId: string }>('POST', '/v1/consent', { to: to.id, lanes: ['traces'] })
    return grantId
  }

  #cli(...args: readonly string[]): Promise<void> {
    return runNode([this.#command, '--home', this.#home.folder, '--json', ...args])
  }
}

/** Runs `work` with new devices that are running, and removes them whatever happens. */
export async function withDevices<T>(
  wanted: Readonly<Record<string, StageName>>,
  work: (devices: readonly Device[]) => Promise<T>,
  command = CLONE,
): Promise<T> {
  const devices: Device[] = []
  try {
    for (const [name, stage] of Object.entries(wanted)) {
      const device = await Device.create(name, stage, command)
      devices.push(device)
      await device.start()
    }
    return await work(devices)
  } finally {
    await Promise.all(devices.map((device) => device.remove()))
  }
}

/** Pairs every other device with the first, and waits until all of them are connected to each other. */
export async function pair(devices: readonly Device[]): Promise<void> {
  const [first, ...others] = devices as readonly [Device, ...Device[]]
  for (const other of others) {
    const { ticket } = await first.call<{ ticket: string }>('POST', '/v1/pair/invite')
    await other.call('POST', '/v1/pair/join', { ticket })
  }
  await until('all devices are connected', async () => {
    const peers = await Promise.all(devices.map((device) => device.peers()))
    return peers.every((list) => list.length === others.length && list.every(({ connected }) => connected))
  })
}
