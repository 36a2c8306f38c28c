/** What a keeper tells of: through its own doors, with a clock that is moved by hand. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SETTING } from '../../../../src/agent/keeper/device-settings.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { notificationCalls } from '../../../../src/agent/keeper/notification-calls.ts'
import { startsFailed, toldByRefusal } from '../../../../src/agent/keeper/told-by-code.ts'
import { MERGE_WINDOW_MS } from '../../../../src/policy/notifications/decide-notification.ts'
import { LANE_BYTES } from '../../../../src/policy/retention.ts'
import { finish } from '../../../support/finish.ts'
import { auditPayloads, keeperHome, type KeeperHome } from '../../../support/keeper-home.ts'
import { traces } from '../../../support/otlp-records.ts'
import { seededRandom } from '../../../support/seeded-random.ts'

let home: KeeperHome
let keeper: Keeper
beforeEach(() => {
  home = keeperHome()
  keeper = home.create()
})
afterEach(() => home.remove())

const kept = (of: Keeper = keeper) => notificationCalls(of).notifications(100)
const ids = (of: Keeper = keeper): readonly string[] => kept(of).kept.map(({ id }) => id)
function run(of: Keeper, type: 'agent.started' | 'agent.stopped'): void {
  const device = { kind: 'device', ref: of.card.deviceId } as const
  of.recordEvent({ type, outcome: 'success', actor: device, object: device })
}

describe('starts', () => {
  test('[NT4] an ordinary start, the first and the next, says nothing', () => {
    run(keeper, 'agent.started')
    run(keeper, 'agent.stopped')
    keeper.close()
    keeper = home.reopen()
    run(keeper, 'agent.started')
    expect(ids()).toEqual([])
  })

  test('[NT4] a start after an end that was none says that, also if a command opened the home in between', () => {
    run(keeper, 'agent.started')
    const after = home.crashCopy()
    after.reopen().close()
    const next = after.reopen()
    run(next, 'agent.started')
    expect(ids(next)).toEqual(['agent.recovered'])
  })

  test.each([
    { name: 'none', counts: {}, is: [] },
    {
      name: 'several codes of one kind are one',
      counts: { KEYS_TAMPERED: 1, PASSPHRASE_WRONG: 2, KEYS_MALFORMED: 3, OTHER: 9 },
      is: [
        { why: 'keys', count: 4 },
        { why: 'passphrase', count: 2 },
      ],
    },
  ])('[NT4] failed starts: $name', ({ counts, is }) => expect(startsFailed(counts)).toEqual(is))
})

test('[NT4] a change of stage is told of, and kept over a restart', async () => {
  await keeper.setStage('pro')
  expect(kept()).toMatchObject({ kept: [{ id: 'stage.changed', args: { stage: 'pro' }, told: 'now' }], unread: 1 })
  keeper.close()
  keeper = home.reopen()
  expect(ids()).toEqual(['stage.changed'])
})

test('[NT4] what is raised last is kept by a keeper that closes', () => {
  keeper.notices.raise('storage.full', {})
  keeper.close()
  keeper = home.reopen()
  expect(ids()).toEqual(['storage.full'])
})

test.each([
  { code: 'SYNC_TAMPERED', id: 'security.altered' },
  { code: 'SYNC_BAD_HEAD', id: 'security.altered' },
  { code: 'SYNC_FORK', id: 'security.two-histories' },
  { code: 'CONTROL_FORK', id: 'security.two-histories' },
  { code: 'SYNC_GAP', id: undefined },
  { code: 'STORE_FULL', id: undefined },
])('[NT4] what a device sent and was refused with $code is told as $id', ({ code, id }) => {
  expect(toldByRefusal(code)).toBe(id)
  keeper.refusedOf(code, keeper.card.deviceId)
  expect(ids()).toEqual(id === undefined ? [] : [id])
})

test('[NT6] what is over a limit is counted and not kept', () => {
  for (let n = 0; n < 10; n++) keeper.notices.raise('module.message', { module: 'core', text: `${n}` })
  expect(ids()).toHaveLength(6)
  expect(keeper.store.counters.all()).toMatchObject({ 'notifications.dropped.source': 4 })
})

test('[NT11] settings last, are audited with from and to, and only if they change', () => {
  const calls = notificationCalls(keeper)
  calls.setNotifications({ mute: 'modules' })
  calls.setNotifications({ quiet: { fromMinute: 1_320, toMinute: 420 } })
  calls.setNotifications({ mute: 'modules' })
  calls.setNotifications({ unmute: 'modules', quiet: undefined, desktop: true })
  expect(auditPayloads(keeper, 'notifications.changed')).toMatchObject([
    { payload: { from: 'muted nothing, quiet never, desktop off', to: 'muted modules, quiet never, desktop off' } },
    { payload: { to: 'muted modules, quiet 22:00-07:00, desktop off' } },
    { payload: { to: 'muted nothing, quiet never, desktop on' } },
  ])
  keeper.close()
  keeper = home.reopen()
  expect(notificationCalls(keeper).notificationSettings()).toEqual({ muted: [], quiet: undefined, desktop: true })
})

test('[NT9] what is muted is kept and is not waiting to be read', () => {
  notificationCalls(keeper).setNotifications({ mute: 'storage' })
  keeper.notices.raise('storage.full', {})
  expect(kept()).toMatchObject({ kept: [{ id: 'storage.full', told: 'muted' }], unread: 0 })
})

test('[NT12] an id that this version does not know is left out', () => {
  keeper.store.notifications.insert({ id: 'of.later', args: {}, told: 'now', firstUnixMs: home.clock.now() })
  keeper.notices.raise('storage.full', {})
  expect(ids()).toEqual(['storage.full'])
  expect(keeper.store.settings.get(SETTING.notifications)).toBeUndefined()
})

test('[NT8] a lane that is nine tenths full is told of by the next run of retention, once', async () => {
  await keeper.setStage('developer')
  keeper.store.settings.set(SETTING.retention, { traces: { maxAgeDays: 14, maxBytes: LANE_BYTES.least } })
  const random = seededRandom(5)
  const text = Array.from({ length: 100_000 }, () => String.fromCharCode(48 + Math.floor(random() * 64))).join('')
  const look = (): readonly string[] => {
    finish(keeper.retention.steps())
    return ids().filter((id) => id === 'storage.nearly-full')
  }
  let span = 0
  const fill = async (part: number): Promise<void> => {
    while (keeper.store.kept.bytesAbove(0) < part * LANE_BYTES.least) {
      await keeper.intake.take('traces', traces('app', { trace: 1, span: ++span, text }), {
        kind: 'bus',
        module: 'core',
      })
      keeper.writer.cut(() => true)
    }
  }
  await fill(0.8)
  expect(look()).toEqual([])
  await fill(0.91)
  expect(look()).toHaveLength(1)
  // Longer than what is the same is merged.
  home.clock.setWall(home.clock.now() + 2 * MERGE_WINDOW_MS)
  expect(look()).toHaveLength(1)
  expect(kept().kept.find(({ id }) => id === 'storage.nearly-full')?.args).toMatchObject({ of: 'traces' })
})
