/** The command on a Node that is too old: it hands over to the one of the clone, and stays with it to the end. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AgentProgram, CLONE_COMMAND } from '../support/agent-program.ts'
import { oldNode } from '../support/old-node.ts'

const [, BIN = ''] = CLONE_COMMAND
let agent: AgentProgram
beforeEach(() => {
  agent = new AgentProgram([...oldNode(), BIN])
})
afterEach(() => agent.end())

test('[PK9] an old Node runs the command in the Node of the clone', async () => {
  expect(await agent.ask('init', '--name', 'phone')).toMatchObject({ name: 'phone' })
})

test('[PK10] the launcher ends with the code of the command', async () => {
  expect(await agent.run('no-such-command')).toMatchObject({ code: 2, stdout: '' })
})

test('[PK10] a signal to the launcher lets the agent end in order', async () => {
  await agent.ask('init', '--name', 'phone')
  await agent.start()
  agent.kill('SIGTERM')
  expect(await agent.ended()).toBe(0)
})

test('[PK10] the agent is gone when its launcher was killed', async () => {
  await agent.ask('init', '--name', 'phone')
  await agent.start()
  agent.kill('SIGKILL')
  expect(await agent.ended()).toBeNull() // the agent held the output as well
  expect(await agent.run('status')).toMatchObject({ code: 3 })
})
