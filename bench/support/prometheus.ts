/** Prometheus as it comes from Debian, over samples that its own tool has put into blocks; nothing of it outlives the run. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { startProgram, type Child } from './child.ts'
import { sizeOf } from './bare-pipeline.ts'
import { until } from './until.ts'

const HOST = '127.0.0.1'

export class Prometheus {
  readonly #child: Child
  readonly #port: number
  readonly #http = new Agent({ keepAlive: true })
  /** Of its blocks, indexes included. */
  readonly bytes: number

  private constructor(child: Child, port: number, bytes: number) {
    this.#child = child
    this.#port = port
    this.bytes = bytes
  }

  /**
   * @param openMetrics a file in the text format OpenMetrics, with times
   * @throws if it is not installed
   */
  static async start(folder: string, openMetrics: string): Promise<Prometheus> {
    const blocks = join(folder, 'blocks')
    mkdirSync(blocks)
    const code = await startProgram('promtool', [
      'tsdb',
      'create-blocks-from',
      'openmetrics',
      '--quiet',
      openMetrics,
      blocks,
    ]).ended
    if (code === null) throw new Error('needs Prometheus: scripts/install-debian-tools.sh prometheus')
    if (code !== 0) throw new Error(`promtool ended with code ${code}`)
    const bytes = sizeOf(blocks)
    const config = join(folder, 'prometheus.yml')
    writeFileSync(config, 'scrape_configs: []\n')
    const port = await freePort()
    const child = startProgram('prometheus', [
      `--config.file=${config}`,
      `--storage.tsdb.path=${blocks}`,
      `--web.listen-address=${HOST}:${port}`,
      '--log.level=error',
    ])
    const peer = new Prometheus(child, port, bytes)
    await until('Prometheus to be ready', () =>
      peer.#ask('/-/ready').then(
        ({ status }) => status === 200,
        () => false,
      ),
    )
    return peer
  }

  /** A range query's answer as it came; parsed when asked for. */
  async range(query: string, fromMs: number, toMs: number, stepMs: number): Promise<() => unknown> {
    const [start, end, step] = [fromMs, toMs, stepMs].map((ms) => String(ms / 1000)) as [string, string, string]
    const { status, text } = await this.#ask(
      `/api/v1/query_range?${new URLSearchParams({ query, start, end, step }).toString()}`,
    )
    if (status !== 200) throw new Error(`Prometheus answered ${status}: ${text()}`)
    return () => JSON.parse(text())
  }

  async stop(): Promise<void> {
    this.#http.destroy()
    await this.#child.stop()
  }

  #ask(path: string): Promise<{ readonly status: number; readonly text: () => string }> {
    return new Promise((resolve, reject) => {
      get({ agent: this.#http, host: HOST, port: this.#port, path }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject)
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: () => Buffer.concat(chunks).toString() }),
        )
      }).on('error', reject)
    })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
