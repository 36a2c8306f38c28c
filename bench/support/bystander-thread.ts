/** What the bystander does. */
import { fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { workerData } from 'node:worker_threads'

const EVERY_MS = 100
const MICROS_PER_MS = 1_000
const longestMicros = workerData as Int32Array
const page = new Uint8Array(4_096)

const folder = mkdtempSync(join(tmpdir(), 'bystander-'))
const file = openSync(join(folder, 'page'), 'w')
// The open file is all that is needed: nothing is left behind, however this ends.
rmSync(folder, { recursive: true })

for (;;) {
  const dueMs = performance.now() + EVERY_MS
  await setTimeout(EVERY_MS)
  writeSync(file, page, 0, page.length, 0)
  fdatasyncSync(file)
  const micros = Math.round((performance.now() - dueMs) * MICROS_PER_MS)
  // Whoever takes the longest may do so between the two: then this one is the first of the next look.
  if (micros > Atomics.load(longestMicros, 0)) Atomics.store(longestMicros, 0, micros)
}
