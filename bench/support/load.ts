/** Starts load generators, and watches what the processes that they load make of it. */
import { fileURLToPath } from 'node:url'
import type { LoadJob, LoadResult } from '../load-generator.ts'
import { startNode } from './child.ts'
import { cpuDuring, memoryDuring } from './proc.ts'

const GENERATOR = fileURLToPath(new URL('../load-generator.ts', import.meta.url))

export interface Loaded extends LoadResult {
  /** Processor time of all watched processes, in seconds. */
  readonly cpuS: number
  /** The most that all of them had together, in MB. */
  readonly peakMB: number
}

/** Runs a job to its end. @throws if anything was not taken: the figures would mean nothing */
export async function load(job: LoadJob, pids: readonly number[]): Promise<Loaded> {
  return (await loadDuring(job, pids, () => Promise.resolve())).loaded
}

/** The same, and something else from the moment on at which the load is measured; the load may end before it. */
export async function loadDuring<T>(
  job: LoadJob,
  pids: readonly number[],
  meanwhile: () => Promise<T>,
): Promise<{ readonly loaded: Loaded; readonly seen: T }> {
  const generator = startNode([GENERATOR, JSON.stringify(job)])
  await generator.nextJson() // warmed up
  const measured = cpuDuring(pids, () => memoryDuring(pids, () => generator.nextJson() as Promise<LoadResult>))
  const [{ result, cpuS }, seen] = await Promise.all([measured, meanwhile()])
  await generator.ended
  const { errors, partial } = result.result
  if (errors + partial > 0) throw new Error(`${errors} exports failed, ${partial} were taken in part`)
  return { loaded: { ...result.result, cpuS, peakMB: result.peakMB }, seen }
}
