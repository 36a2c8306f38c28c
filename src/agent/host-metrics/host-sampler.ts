/**
 * Measures this device and the agent's process, only at a stage that collects that (docs/spec/health.md): below it nothing is
 * read, no timer runs, and what was read is forgotten. What is measured goes through the one door like everything else.
 */
import { availableParallelism } from 'node:os'
import type { Clock } from '../../base/clock.ts'
import { codeOf } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { Stage } from '../../model/stage.ts'
import { readHost, readProcess, type HostReading, type ProcessReading } from '../../platform/host/read-host.ts'
import { watchLoop, type LoopWatch } from '../../platform/host/watch-loop.ts'
import { decideAdmission } from '../../policy/stage-gate.ts'
import { encodeMetricsData } from '../../wire/otlp/encode.ts'
import { VERSION } from '../version.ts'
import { hostMetrics, type Sample } from './host-metrics-data.ts'
import { peerMetrics, type PeerReading } from './peer-metrics-data.ts'

/** Time between two samples, in milliseconds. */
export const SAMPLE_PERIOD_MS = 15_000

export interface HostSamplerDeps {
  readonly clock: Clock
  readonly log: Pick<Logger, 'debug'>
  /** What is told of sync with other devices. */
  readonly peers: () => Promise<readonly PeerReading[]>
  /** Takes OTLP MetricsData of the agent itself; resolves once it is kept. */
  readonly keep: (bytes: Uint8Array) => Promise<unknown>
  /** What is read. Default: this device and this process. */
  readonly host?: () => Promise<HostReading>
  readonly process?: () => ProcessReading
  readonly watch?: () => LoopWatch
}

interface Running {
  readonly loop: LoopWatch
  readonly cancel: () => void
  before: Sample | undefined
}

export class HostSampler {
  readonly #deps: Required<HostSamplerDeps>
  #running: Running | undefined

  /** @param folder in the file system that is told of */
  constructor(deps: HostSamplerDeps, folder: string) {
    this.#deps = { host: () => readHost(folder), process: readProcess, watch: watchLoop, ...deps }
  }

  /** Takes effect at once. */
  setStage(stage: Stage): void {
    if (decideAdmission(stage, { lane: 'metrics', origin: 'agent' }).admit) this.#begin()
    else this.stop()
  }

  #begin(): void {
    if (this.#running !== undefined) return
    const { clock, watch } = this.#deps
    const running: Running = {
      loop: watch(),
      cancel: clock.every(SAMPLE_PERIOD_MS, () => void this.#sample(running, true)),
      before: undefined,
    }
    this.#running = running
    // Shares of time are those since a sample before: the first one is only that.
    void this.#sample(running, false)
  }

  stop(): void {
    this.#running?.cancel()
    this.#running?.loop.stop()
    this.#running = undefined
  }

  async #sample(running: Running, isKept: boolean): Promise<void> {
    const { clock, keep, log, host, process, peers } = this.#deps
    try {
      const [reading, others] = await Promise.all([host(), peers()])
      if (this.#running !== running) return
      const timeUnixNano = BigInt(Math.round(clock.now() * 1e3)) * 1_000n
      const sample = {
        timeUnixNano,
        monotonicMs: clock.monotonic(),
        host: reading,
        process: process(),
        delays: running.loop.take(),
      }
      const metrics = hostMetrics(sample, running.before, availableParallelism())
      running.before = sample
      if (!isKept) return
      await keep(encodeMetricsData({ resource: RESOURCE, scope: SCOPE, metrics }))
      const ofPeers = peerMetrics(timeUnixNano, others)
      if (ofPeers.length > 0) {
        await keep(encodeMetricsData({ resource: RESOURCE, scope: MESH_SCOPE, metrics: ofPeers }))
      }
    } catch (err) {
      log.debug({ code: codeOf(err) }, 'a sample of this device was not kept')
    }
  }
}

/** No process id: a counter goes on after a restart, as one series. */
const RESOURCE = { attributes: { 'service.name': 'aico-mesh', 'service.version': VERSION } }
const SCOPE = { name: 'aico-mesh/host', version: VERSION }
const MESH_SCOPE = { name: 'aico-mesh/sync', version: VERSION }
