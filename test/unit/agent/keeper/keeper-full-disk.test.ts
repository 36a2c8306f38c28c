/** A keeper that opens its databases on a disk without one free byte. */
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { OWED_RETRY_MAX_MS } from '../../../../src/agent/keeper/owed-writes.ts'
import { keeperApi } from '../../../../src/agent/keeper/keeper-api.ts'
import { codeOf } from '../../../../src/base/errors.ts'
import { decodeSpans } from '../../../../src/wire/otlp/decode-traces.ts'
import { openAll } from '../../../support/finish.ts'
import { keeperHome, START_MS, type KeeperHome } from '../../../support/keeper-home.ts'
import { logs, traceIdOf, traces } from '../../../support/otlp-records.ts'
import { smallDisk } from '../../../support/small-disk.ts'

const OTLP = { kind: 'otlp' } as const
const BUS = { kind: 'bus', module: 'core' } as const
/** Leaves of a device that was made, set to developer, and took its first record. */
const MADE = ['device.created', 'stage.changed', 'key.created']
const disk = smallDisk(16 << 20)
let home: KeeperHome

beforeEach(async () => {
  if (disk !== undefined) vi.stubEnv('TMPDIR', disk.folder)
  home = keeperHome()
  const keeper = home.create()
  await keeper.setStage('developer')
  await keeper.intake.take('traces', traces('app', { trace: 1, span: 1 }), OTLP)
  home = home.crashCopy() // its journal holds a record that no segment has
})
afterEach(() => {
  disk?.free()
  vi.unstubAllEnvs()
})
afterAll(() => disk?.remove())

/** As the agent does at each start. */
function start(): Keeper {
  const keeper = home.reopen()
  const ref = keeper.card.deviceId
  keeper.recordEvent({ type: 'agent.started', outcome: 'success', actor: { kind: 'device', ref } })
  return keeper
}

async function codeFrom(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'taken'
  } catch (err) {
    return codeOf(err)
  }
}

const typesIn = (keeper: Keeper) => keeper.audit.list().map(({ leaf }) => leaf.type)
const spansOf = (keeper: Keeper) =>
  openAll(keeper.records.chunksOf(traceIdOf(1))).flatMap(({ payload }) => decodeSpans(payload))

describe.runIf(disk !== undefined)('a full disk at start', () => {
  test('[ST25] what was acknowledged is shown, and status is told', () => {
    disk?.fill()
    const keeper = start()
    expect(spansOf(keeper).length).toBe(1)
    expect(keeper.view().held).toBe('STORE_FULL')
    expect(keeperApi(keeper, 'store.db').status()).toMatchObject({ records: 1, auditLeaves: MADE.length })
    expect(new Set(home.failures.map(codeOf))).toEqual(new Set(['STORE_FULL']))
  })

  test('[ST25] neither programs nor modules get a record in, and no operation overtakes the leaf of the start', async () => {
    disk?.fill()
    const keeper = start()
    expect(await codeFrom(() => keeper.intake.take('traces', traces('app', { trace: 2, span: 1 }), OTLP))).toBe(
      'STORE_FULL',
    )
    expect(await codeFrom(() => keeper.intake.take('logs', logs('core', 17), BUS))).toBe('STORE_FULL')
    expect(await codeFrom(() => keeper.setStage('casual'))).toBe('STORE_FULL')
    expect([keeper.stage, typesIn(keeper)]).toEqual(['developer', MADE])
  })

  test('[ST25] once there is room the start is recorded, the journal cut and everything as ever', async () => {
    disk?.fill()
    const keeper = start()
    home.clock.advance(5 * OWED_RETRY_MAX_MS)
    expect(keeper.view().held).toBe('STORE_FULL')
    disk?.free()
    home.clock.advance(OWED_RETRY_MAX_MS)
    expect(keeper.view().held).toBeUndefined()
    expect(home.events).toContain('view')
    expect(keeper.store.segments.totals()).toEqual({ segments: 1, records: 1 })
    const started = keeper.audit.list({ types: ['agent.started'] })
    expect(started.map(({ payload }) => payload)).toMatchObject([
      { kind: 'open', payload: { happenedUnixMs: START_MS } },
    ])
    expect(await codeFrom(() => keeper.intake.take('traces', traces('app', { trace: 2, span: 1 }), OTLP))).toBe('taken')
    expect(keeper.audit.verify().ok).toBe(true)
  })

  test('[ST25] an operation right after there is room goes on at once, behind what was owed', async () => {
    disk?.fill()
    const keeper = start()
    disk?.free()
    await keeper.setStage('pro')
    expect(typesIn(keeper).slice(-2)).toEqual(['agent.started', 'stage.changed'])
  })

  test('[ST25] a keeper that closes while its disk is full loses nothing', () => {
    disk?.fill()
    for (let run = 0; run < 3; run++) start().close()
    disk?.free()
    expect(spansOf(start()).length).toBe(1)
  })

  test('[AU21] runs that began or ended on a full disk are no alarm', () => {
    disk?.fill()
    start().close()
    disk?.free()
    const keeper = start()
    expect([keeper.view().held, keeper.view().alarms]).toEqual([undefined, []])
    disk?.fill()
    keeper.close()
    start().close()
    disk?.free()
    expect(start().view().alarms).toEqual([])
  })
})
