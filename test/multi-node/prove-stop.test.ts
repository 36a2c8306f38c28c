/** A proof that is cut short: what it started ends with it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { waitFor } from '../support/wait-for.ts'
import { isAlive, treeOf } from './process-tree.ts'

const SCRIPTS = join(import.meta.dirname, '..', '..', 'scripts')
let folder: string
let started: readonly number[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'prove-'))
})
afterEach(() => {
  for (const pid of started.filter(isAlive)) process.kill(pid, 'SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** An agent that takes OTLP: it has a process of its own for that. */
function isAgent(pid: number): boolean {
  return commandOf(pid).includes('start') && treeOf(pid).length > 1
}

function commandOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return [] // it has ended
  }
}

test.skipIf(process.platform !== 'linux').each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  'a proof that is ended by %s leaves no agent running',
  async (signal) => {
    const args = [join(SCRIPTS, 'on-node.js'), join(SCRIPTS, 'prove.ts'), '--only', 'soak', '--cases', '600']
    const proof = spawn(process.execPath, args, { stdio: 'ignore', env: { ...process.env, TMPDIR: folder } })
    const exited = once(proof, 'exit')
    const pid = proof.pid as number
    await waitFor('an agent', () => treeOf(pid).some(isAgent))
    started = treeOf(pid)
    proof.kill(signal)
    expect(await exited).toEqual([130, null])
    await waitFor('all that it started to end', () => !started.some(isAlive))
  },
)
