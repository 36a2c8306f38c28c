import { expect, test } from 'vitest'
import {
  PLUGIN_AUDIT_INTERVAL_MS,
  PLUGIN_COUNT_EVERY_MS,
  PluginRefusals,
} from '../../../../src/agent/plugins/plugin-refusals.ts'
import type { PluginRefusal } from '../../../../src/store/plugin-refusal-table.ts'
import { manualClock } from '../../../support/manual-clock.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

function makeRefusals(failWrites = 0) {
  const clock = manualClock(0)
  const audited: unknown[] = []
  const written: (readonly PluginRefusal[])[] = []
  const persistent: unknown[] = []
  let failing = failWrites
  const refusals = new PluginRefusals({
    clock,
    log: silent,
    audit: async ({ type, outcome, payload }) =>
      void audited.push([type, outcome, payload?.['reason'], payload?.['count']]),
    count: async (counted) => {
      if (failing-- > 0) throw new Error('disk')
      written.push(counted)
    },
    onPersistent: (...who) => void persistent.push(who),
  })
  return { clock, refusals, audited, written, persistent }
}

test('[PL21] the first of a kind is audited at once, those that follow as one in ten minutes', () => {
  const { clock, refusals, audited } = makeRefusals()
  for (let i = 0; i < 1_000; i++) refusals.refused('weather', 'PLUGIN_RATE', 10)
  refusals.refused('weather', 'PLUGIN_EVENT')
  const denied = ['plugin.refused', 'denied'] as const
  expect(audited).toEqual([
    [...denied, 'PLUGIN_RATE', 10],
    [...denied, 'PLUGIN_EVENT', 1],
  ])
  clock.advance(PLUGIN_AUDIT_INTERVAL_MS)
  expect(audited.slice(2)).toEqual([[...denied, 'PLUGIN_RATE', 9_990]])
})

test('[PL21] what goes on after it was told of is persistent, what happened once is not', () => {
  const { clock, refusals, persistent } = makeRefusals()
  refusals.refused('weather', 'PLUGIN_RATE')
  refusals.refused('radio', 'PLUGIN_TOPIC')
  refusals.refused('radio', 'PLUGIN_TOPIC')
  clock.advance(PLUGIN_AUDIT_INTERVAL_MS)
  expect(persistent).toEqual([['radio', 'PLUGIN_TOPIC']])
  clock.advance(100 * PLUGIN_AUDIT_INTERVAL_MS)
  refusals.refused('weather', 'PLUGIN_RATE')
  expect(persistent, 'much later it is the first again').toHaveLength(1)
})

test('[PL20] counts are written together, once a second', async () => {
  const { clock, refusals, written } = makeRefusals()
  for (let i = 0; i < 500; i++) refusals.refused('weather', 'PLUGIN_RATE', 2)
  refusals.refused('weather', 'PLUGIN_EVENT')
  clock.advance(PLUGIN_COUNT_EVERY_MS)
  await refusals.flush()
  expect(written).toEqual([
    [
      { plugin: 'weather', code: 'PLUGIN_RATE', count: 1_000, lastUnixMs: 0 },
      { plugin: 'weather', code: 'PLUGIN_EVENT', count: 1, lastUnixMs: 0 },
    ],
  ])
})

test('[PL20] what cannot be written now is written with what came since', async () => {
  const { refusals, written } = makeRefusals(1)
  refusals.refused('weather', 'PLUGIN_RATE', 3)
  const failing = refusals.flush()
  refusals.refused('weather', 'PLUGIN_RATE', 4)
  await failing
  await refusals.stop()
  expect(written.flat().map(({ count }) => count)).toEqual([7])
})
