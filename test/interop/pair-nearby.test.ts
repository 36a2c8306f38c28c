/** Pairing nearby as people do it: real agents on hosts of one network, real multicast, a terminal here and a script there. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ComparisonView, DeviceList, ErrorView, PairedView } from '../../src/agent/http-types/device.ts'
import type { NotificationsView } from '../../src/agent/http-types/notifications.ts'
import { AgentLab, connected, MAIN, type TestAgent } from '../support/agents.ts'
import { netLab, type NetLab } from '../support/net-namespaces.ts'
import { runProgram } from '../support/run-program.ts'
import { atTerminal, type Terminal } from '../support/terminal.ts'
import { waitFor } from '../support/wait-for.ts'

describe('three hosts on one network', () => {
  let net: NetLab
  const lab = new AgentLab()
  let phone: TestAgent
  let laptop: TestAgent
  let tablet: TestAgent
  beforeAll(async () => {
    net = netLab(3)
    const start = (name: string, host: number): Promise<TestAgent> =>
      lab.device(name, { stage: 'pro', namespace: net.hosts[host]?.namespace as string })
    ;[phone, laptop, tablet] = await Promise.all([start('phone', 0), start('laptop', 1), start('tablet', 2)])
  })
  afterAll(async () => {
    await lab.close()
    net?.stop()
  })

  const command = (agent: TestAgent, ...words: readonly string[]): readonly string[] => [
    process.execPath,
    MAIN,
    '--home',
    agent.home,
    ...words,
  ]
  const terminal = (agent: TestAgent): Terminal => atTerminal(command(agent, 'pair', 'nearby'))
  /** A command with `--json`: its exit code and its one document. */
  async function script<T>(agent: TestAgent, ...words: readonly string[]): Promise<readonly [number | null, T]> {
    const { code, stdout } = await runProgram(command(agent, '--json', ...words))
    return [code, JSON.parse(stdout) as T]
  }
  async function found(agent: TestAgent): Promise<ComparisonView> {
    const [code, view] = await script<ComparisonView>(agent, 'pair', 'nearby')
    expect({ code, view }).toMatchObject({ code: 0, view: { others: 0 } })
    return view
  }
  async function members(agent: TestAgent): Promise<string> {
    const { devices } = await agent.call<DeviceList>('GET', '/v1/devices')
    return devices
      .map(({ name }) => name)
      .toSorted((a, b) => (a < b ? -1 : 1))
      .join()
  }
  async function alerts(agent: TestAgent): Promise<readonly string[]> {
    const { notifications } = await agent.call<NotificationsView>('GET', '/v1/notifications')
    return notifications.filter(({ severity }) => severity === 'alert').map(({ id }) => id)
  }

  test('[PN7] [CL25] a person who says that they differ ends it on both devices, which keep a warning', async () => {
    const person = terminal(phone)
    const view = await found(laptop)
    await person.shows('[yes/no]')
    const confirmed = script<ErrorView>(laptop, 'pair', 'confirm', view.numbers.join(' '))
    person.type('maybe')
    person.type('no')
    const { code, text } = await person.ended
    expect({ code, text }).toEqual({ code: 1, text: expect.stringContaining('PAIR_CODES_DIFFER') as string })
    expect(await confirmed).toMatchObject([1, { error: { code: 'PAIR_CODES_DIFFER' } }])
    for (const agent of [phone, laptop]) {
      await waitFor('a warning', async () => (await alerts(agent)).includes('security.codes-differ'))
      expect((await agent.status()).mesh.listening).toEqual([])
    }
    expect([await members(phone), await members(laptop)]).toEqual(['phone', 'laptop'])
  })

  test('[PN1] [CL25] a person at a terminal and a script at another device pair them', async () => {
    const person = terminal(phone)
    const view = await found(laptop)
    await person.shows('[yes/no]')
    const names = view.emoji.map(({ name }) => name)
    for (const each of [...names, view.numbers.join(' ')]) await person.shows(each)
    const confirmed = script<PairedView>(laptop, 'pair', 'confirm', ...names.join(' ').toLowerCase().split(' '))
    person.type('yes')
    expect(await confirmed).toEqual([0, { deviceId: phone.deviceId, name: 'phone' }])
    const { code, text } = await person.ended
    expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining('Paired with laptop.') as string })
    await connected(phone, laptop)
  })

  test('[PN4] [PN7] scripts alone pair a third; a code that is not the one ends it, the right one pairs', async () => {
    const [[, first]] = await Promise.all([script<ComparisonView>(phone, 'pair', 'nearby'), found(tablet)])
    expect(first.name).toBe('tablet')
    expect(await script(tablet, 'pair', 'confirm', '1000', '1000')).toMatchObject([
      2,
      { error: { code: 'PAIR_CODE_FORMAT' } },
    ])
    expect(await script(tablet, 'pair', 'confirm', '1000 1000 1000')).toMatchObject([
      1,
      { error: { code: 'PAIR_CODES_DIFFER' } },
    ])
    const [view] = await Promise.all([found(phone), found(tablet)])
    const code = view.numbers.join('-')
    const ends = await Promise.all([phone, tablet].map((agent) => script(agent, 'pair', 'confirm', code)))
    expect(ends).toMatchObject([
      [0, { name: 'tablet' }],
      [0, { name: 'phone' }],
    ])
    for (const agent of [phone, laptop, tablet]) {
      await waitFor('three members', async () => (await members(agent)) === 'laptop,phone,tablet')
    }
    expect(await script(phone, 'pair', 'reject')).toMatchObject([1, { error: { code: 'PAIR_NOTHING_TO_COMPARE' } }])
  })
})
