/** How long requests wait while an agent works: asked all the time, over the agent's socket. */
import type { Device } from './device.ts'
import { pause } from './until.ts'

/** Answered by the agent's main thread alone: its latency is how long that thread was busy. */
export const MAIN_THREAD_PATH = '/v1/modules'

/** Pause between two questions, in milliseconds: often enough to meet every longer stop, seldom enough to cost little. */
const PROBE_EVERY_MS = 10
/** Long enough to meet what else the machine does, in milliseconds. */
const IDLE_MS = 2_000

/** Latencies while the agent has nothing else to do: what the machine and the socket alone cost. */
export async function probeIdle(device: Device, path: string): Promise<readonly number[]> {
  return (await probeDuring(device, path, () => pause(IDLE_MS))).latenciesMs
}

/** Asks for `path` while `work` runs. @returns what work returned, and the latencies in milliseconds */
export async function probeDuring<T>(
  device: Device,
  path: string,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly latenciesMs: readonly number[] }> {
  const latenciesMs: number[] = []
  const over = new AbortController()
  const probing = (async () => {
    while (!over.signal.aborted) {
      const startedMs = performance.now()
      await device.ask('GET', path)
      latenciesMs.push(performance.now() - startedMs)
      await pause(PROBE_EVERY_MS)
    }
  })()
  try {
    return { result: await work(), latenciesMs }
  } finally {
    over.abort()
    await probing
  }
}
