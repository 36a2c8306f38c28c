/** A module that fails, at the stage that keeps least: its error is found, looked at, solved, and comes back. */
import { afterAll, expect, test } from 'vitest'
import type { ErrorDetail, ErrorList } from '../../src/agent/http-types/search.ts'
import { connect } from '../../src/sdk/index.ts'
import { AgentProgram } from '../support/agent-program.ts'
import { waitFor } from '../support/wait-for.ts'

const agent = new AgentProgram()
afterAll(() => agent.end())

function ask(price: unknown): unknown {
  return (price as { value: unknown }).value
}

test('[ER1] [ER2] [ER5] [ER8] a module fails, its error is resolved, and is open again and told when it fails again', async () => {
  await agent.ask('init', '--name', 'laptop')
  await agent.start('--otlp-port', '0')
  const { credential } = await agent.ask<{ credential: string }>('modules', 'add', 'shop')
  const mesh = connect({ credential, global: false })
  const fail = async (): Promise<void> => {
    try {
      ask(undefined)
    } catch (err) {
      mesh.captureError(err)
    }
    expect(await mesh.flush({ timeoutMs: 30_000 })).toBe(true)
  }
  await fail()
  await fail()
  const [group] = (await agent.ask<ErrorList>('errors')).errors
  expect(group).toMatchObject({ module: 'shop', type: 'TypeError', state: 'open', regressed: false, count: 2 })
  const id = group?.fingerprint.slice(0, 8) as string

  const shown = await agent.ask<ErrorDetail>('errors', 'show', id)
  expect(shown.stack).toContain('at ask (')
  expect(shown.timeline.reduce((sum, count) => sum + count, 0)).toBe(2)

  expect(await agent.ask('errors', 'resolve', id)).toMatchObject({ state: 'resolved' })
  expect(await agent.ask('errors')).toMatchObject({ errors: [], otherStates: { resolved: 1 } })
  agent.kill('SIGTERM')
  await agent.ended()
  await agent.start('--otlp-port', '0')
  expect(await agent.ask('errors', 'list', '--state', 'resolved')).toMatchObject({ errors: [{ count: 2 }] })

  await fail()
  expect(await agent.ask('errors')).toMatchObject({ errors: [{ state: 'open', regressed: true, count: 3 }] })
  const told = async () =>
    (await agent.ask<{ notifications: readonly { id: string }[] }>('notifications', '--all')).notifications
  await waitFor('the news that it came back', async () => (await told()).some((each) => each.id === 'error.returned'))
  expect(await agent.ask('errors', 'mute', id)).toMatchObject({ state: 'muted' })
  await fail()
  expect(await agent.ask('errors')).toMatchObject({ errors: [], otherStates: { muted: 1 } })
  await mesh.close()
}, 60_000)
