import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { LEAN_MEMORY } from '../../bin/lean-memory.js'
import { AgentProgram, CLONE_COMMAND } from '../support/agent-program.ts'

const agent = new AgentProgram()
afterEach(() => agent.end())

/** What of LEAN_MEMORY a process began with that runs the command `start` in this environment. */
async function settingsOf(env: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  const [node, command] = CLONE_COMMAND as readonly [string, string]
  const child = spawn(node, [command, '--home', agent.home, 'start'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(child.stdout, 'data')
    const began = readFileSync(`/proc/${child.pid}/environ`, 'utf8').split('\0')
    const settings = began.map((each) => each.split('=') as [string, string])
    return Object.fromEntries(settings.filter(([name]) => name in LEAN_MEMORY))
  } finally {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
}

describe.skipIf(process.platform !== 'linux')('an agent that is started', () => {
  test('[PK12] begins with settings by which memory is given back, as the process that was started', async () => {
    await agent.ask('init', '--name', 'phone')
    expect(await settingsOf({})).toEqual(LEAN_MEMORY)
  })

  test('[PK12] begins with those that its owner chose', async () => {
    await agent.ask('init', '--name', 'phone')
    expect(await settingsOf({ MALLOC_ARENA_MAX: '7' })).toEqual({ MALLOC_ARENA_MAX: '7' })
  })
})
