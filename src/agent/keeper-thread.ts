/**
 * Begins the store thread. Its code takes as long to load as that of the agent: begun before anything else is loaded it
 * does so at the same time, and waits for what to open.
 */
import { Worker } from 'node:worker_threads'

/** The worker stands beside this file, as TypeScript in a clone and as JavaScript in the published package. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './keeper/worker.ts' : './keeper/worker.js', import.meta.url)

/** Room for new objects of the store thread: a batch leaves little behind, and V8 would take three times as much for no more speed. */
const MAX_YOUNG_GENERATION_MB = 24

/** Keeps no process alive, and touches nothing, until it is told its options. */
export function beginKeeperThread(): Worker {
  const thread = new Worker(ENTRY, { resourceLimits: { maxYoungGenerationSizeMb: MAX_YOUNG_GENERATION_MB } })
  thread.unref()
  return thread
}
