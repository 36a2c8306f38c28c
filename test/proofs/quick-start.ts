/** Processes that start in a quarter of the time, for proofs that start a thousand: Node keeps what it compiled. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgram } from '../support/run-program.ts'

/**
 * @param command ends by itself: only then is anything kept
 * @param work gets the environment that processes which load the same modules are to be started in
 */
export async function withQuickStart<T>(
  command: readonly string[],
  work: (env: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  const cache = mkdtempSync(join(tmpdir(), 'compiled-'))
  const env = { NODE_COMPILE_CACHE: cache }
  try {
    const { code, stderr } = await runProgram(command, { env })
    if (code !== 0) throw new Error(`it does not end by itself: ${stderr}`)
    return await work(env)
  } finally {
    rmSync(cache, { recursive: true, force: true })
  }
}
