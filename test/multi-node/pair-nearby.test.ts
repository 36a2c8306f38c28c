/** The command and the door of nearby pairing on one real agent, where nobody is nearby. Two that meet: test/interop. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, expect, test } from 'vitest'
import type { ErrorView } from '../../src/agent/http-types/device.ts'
import { AgentLab, MAIN, type TestAgent } from '../support/agents.ts'
import { runProgram } from '../support/run-program.ts'
import { waitFor } from '../support/wait-for.ts'

const lab = new AgentLab()
afterAll(() => lab.close())

async function failureOf(agent: TestAgent, ...args: readonly string[]): Promise<readonly [number | null, string]> {
  const { code, stdout } = await runProgram([process.execPath, MAIN, '--home', agent.home, '--json', ...args])
  return [code, (JSON.parse(stdout) as ErrorView).error.code]
}
const ports = async (agent: TestAgent): Promise<number> => (await agent.status()).mesh.listening.length

test('[PN2] [CL25] the door is open while the command waits, and closes with it, however it ends', async () => {
  const phone = await lab.device('phone', { stage: 'pro', multicast: false })
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    expect(await ports(phone)).toBe(0)
    const command = spawn(process.execPath, [MAIN, '--home', phone.home, 'pair', 'nearby'], { stdio: 'ignore' })
    await waitFor('the port to open', async () => (await ports(phone)) > 0)
    command.kill(signal)
    await once(command, 'exit')
    await waitFor('the port to close', async () => (await ports(phone)) === 0)
  }
})

test('[PN2] [STG5] below pro it is refused, exit 4, and opens nothing', async () => {
  const clock = await lab.device('clock', { stage: 'casual', multicast: false })
  expect(await failureOf(clock, 'pair', 'nearby')).toEqual([4, 'PAIR_NEEDS_STAGE'])
  expect(await ports(clock)).toBe(0)
})

test('[PN8] without a code there is nothing to confirm or to reject', async () => {
  const radio = await lab.device('radio', { stage: 'pro', multicast: false })
  expect(await failureOf(radio, 'pair', 'confirm', '1234 5678 9012')).toEqual([1, 'PAIR_NOTHING_TO_COMPARE'])
  expect(await failureOf(radio, 'pair', 'reject')).toEqual([1, 'PAIR_NOTHING_TO_COMPARE'])
  expect(await failureOf(radio, 'pair', 'confirm')).toEqual([2, 'CLI_USAGE'])
})

test('[PN2] going down to casual ends the command that waits', async () => {
  const lamp = await lab.device('lamp', { stage: 'pro', multicast: false })
  const waiting = failureOf(lamp, 'pair', 'nearby')
  await waitFor('the port to open', async () => (await ports(lamp)) > 0)
  await lamp.setStage('casual')
  expect(await waiting).toEqual([1, 'PAIR_CANCELLED'])
  expect(await ports(lamp)).toBe(0)
})
