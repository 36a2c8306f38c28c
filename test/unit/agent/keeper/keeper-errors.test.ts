/** Groups of errors over a real store: one in full, what is decided about it, and that it comes back. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ErrorDetail, ErrorGroup, ErrorList } from '../../../../src/agent/http-types/search.ts'
import { keeperApi, type KeeperApi } from '../../../../src/agent/keeper/keeper-api.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { encodeLogsData } from '../../../../src/wire/otlp/encode.ts'
import { parseParts } from '../../../support/finish.ts'
import { keeperHome, type KeeperHome } from '../../../support/keeper-home.ts'
import { spanIdOf, traceIdOf } from '../../../support/otlp-records.ts'

const BUS = { kind: 'bus', module: 'core' } as const
let home: KeeperHome
let keeper: Keeper
let api: KeeperApi

beforeEach(() => {
  home = keeperHome()
  keeper = home.create()
  api = keeperApi(keeper, '')
})
afterEach(() => home.remove())

interface Line {
  readonly atMs: number
  readonly body: string
  readonly severity?: number
  readonly release?: string
  readonly trace?: number
}

const STACK = 'TimeoutError: no answer\n    at ask (/app/ask.ts:1:2)\n    at main (/app/main.ts:9:9)'

/** Lines of severity ERROR and more are the same error. */
async function take(...lines: readonly Line[]): Promise<void> {
  for (const { atMs, body, severity = 17, release, trace } of lines) {
    const isError = severity >= 17
    const payload = encodeLogsData({
      resource: {
        attributes: { 'service.name': 'core', ...(release === undefined ? {} : { 'service.version': release }) },
      },
      scope: { name: 'test' },
      logRecords: [
        {
          timeUnixNano: BigInt(atMs) * 1_000_000n,
          severityNumber: severity,
          body,
          ...(trace === undefined ? {} : { traceId: traceIdOf(trace), spanId: spanIdOf(trace) }),
          attributes: isError
            ? { 'exception.type': 'TimeoutError', 'exception.message': body, 'exception.stacktrace': STACK }
            : {},
        },
      ],
    })
    await keeper.intake.take('logs', payload, BUS)
  }
}

const nowMs = (): number => keeper.deps.clock.now()
const list = async (fields = {}) => parseParts(await api.errorGroups(fields)) as ErrorList
const show = async (group: string) => parseParts(await api.errorShow(group)) as ErrorDetail
const decide = async (group: string, state: 'open' | 'resolved' | 'muted') =>
  parseParts(await api.setErrorState(group, state)) as ErrorGroup
async function onlyGroup(): Promise<ErrorGroup> {
  const { errors } = await list()
  expect(errors).toHaveLength(1)
  return errors[0] as ErrorGroup
}

describe('a group of errors', () => {
  test('[ER5] in full: its last stack, its releases, how often over time, its trace, and what came before it', async () => {
    await keeper.setStage('pro')
    const at = nowMs()
    await take(
      { atMs: at - 90_000, body: 'no answer', release: '1.0.0', trace: 7 },
      { atMs: at - 60_000, body: 'connecting', severity: 9 },
      { atMs: at - 59_000, body: 'asking', severity: 13 },
      { atMs: at, body: 'no answer', release: '1.1.0' },
      { atMs: at + 1, body: 'after it', severity: 9 },
    )
    const group = await onlyGroup()
    expect(group).toMatchObject({ count: 2, firstRelease: '1.0.0', lastRelease: '1.1.0', traceId: traceIdOf(7) })
    const detail = await show(group.fingerprint.slice(0, 8))
    expect(detail).toMatchObject({ ...group, stack: STACK, lastDeviceId: keeper.card.deviceId })
    expect(detail.releases.map(({ release, count }) => [release, count])).toEqual([
      ['1.0.0', 1],
      ['1.1.0', 1],
    ])
    expect([detail.timeline[0], detail.timeline.at(-1), detail.timeline.length]).toEqual([1, 1, 30])
    expect(detail.breadcrumbs.map(({ body }) => body)).toEqual(['no answer', 'connecting', 'asking'])
  })

  test('[ER5] no more than twenty records before it, the nearest', async () => {
    await keeper.setStage('pro')
    const at = nowMs()
    await take(...Array.from({ length: 25 }, (_, i) => ({ atMs: at + i, body: `line ${i}`, severity: 9 })))
    await take({ atMs: at + 100, body: 'no answer' })
    const { breadcrumbs } = await show((await onlyGroup()).fingerprint)
    expect([breadcrumbs.length, breadcrumbs[0]?.body, breadcrumbs.at(-1)?.body]).toEqual([20, 'line 5', 'line 24'])
  })

  test('[ER5] where the stage shows no logs, only errors come before it', async () => {
    await keeper.setStage('pro')
    const at = nowMs()
    await take(
      { atMs: at, body: 'no answer' },
      { atMs: at + 1, body: 'quiet', severity: 9 },
      { atMs: at + 2, body: 'no answer' },
    )
    await keeper.setStage('casual')
    const { breadcrumbs } = await show((await onlyGroup()).fingerprint)
    expect(breadcrumbs.map(({ body }) => body)).toEqual(['no answer'])
  })

  test('[ER1] [ER2] [ER6] is resolved, and open again when it is seen again', async () => {
    await take({ atMs: nowMs() - 5, body: 'no answer' })
    const { fingerprint } = await onlyGroup()
    expect(await decide(fingerprint.slice(0, 6), 'resolved')).toMatchObject({ state: 'resolved', regressed: false })
    expect(await onlyGroup()).toMatchObject({ state: 'resolved', stateSinceUnixMs: nowMs() })
    await take({ atMs: nowMs() - 1, body: 'no answer' }) // it was under way
    expect(await onlyGroup()).toMatchObject({ state: 'resolved' })
    await take({ atMs: nowMs() + 1, body: 'no answer' })
    expect(await onlyGroup()).toMatchObject({ state: 'open', regressed: true, count: 3 })
    expect(await decide(fingerprint, 'open')).toMatchObject({ state: 'open', regressed: false })
  })

  test('[ER8] that it is back is seen as it is taken in, told once, and stays so when it is deleted', async () => {
    const told = () => api.notifications(10).kept.filter(({ id }) => id === 'error.returned')
    await take({ atMs: nowMs() - 5, body: 'no answer' })
    const { fingerprint } = await onlyGroup()
    await decide(fingerprint, 'resolved')
    await take({ atMs: nowMs() - 1, body: 'no answer' }) // it was under way
    await take({ atMs: nowMs() + 1, body: 'another problem' })
    await keeper.rounds.pause()
    expect([told(), keeper.store.errorStates.all().get(fingerprint)?.state]).toEqual([[], 'resolved'])
    await take({ atMs: nowMs() + 1, body: 'no answer' }, { atMs: nowMs() + 2, body: 'no answer' })
    await keeper.rounds.pause()
    expect(keeper.store.errorStates.all().get(fingerprint)?.state).toBe('regressed')
    expect(told()).toMatchObject([{ args: { module: 'Core' }, count: 1 }])
  })

  test('[ER8] where nothing is resolved, no record is copied to be looked at', async () => {
    await take({ atMs: nowMs(), body: 'no answer' })
    await decide((await onlyGroup()).fingerprint, 'muted')
    const payload = new Uint8Array(8)
    payload.slice = () => expect.fail('it was copied')
    const chunk = { deviceId: keeper.card.deviceId, module: 'core', provenance: 'unverified', payload } as const
    keeper.errorWatch.offer({ lane: 'logs', records: 1, chunk })
    await decide((await onlyGroup()).fingerprint, 'resolved')
    keeper.errorWatch.offer({ lane: 'logs', records: 1, chunk: { ...chunk, module: 'other' } })
    expect(() => keeper.errorWatch.offer({ lane: 'logs', records: 1, chunk })).toThrow('it was copied')
  })

  test('[ER7] lists can be of one state, and count the others', async () => {
    await take({ atMs: nowMs(), body: 'no answer' })
    const { fingerprint } = await onlyGroup()
    await decide(fingerprint, 'muted')
    expect(await list({ state: 'open' })).toMatchObject({ errors: [], otherStates: { open: 0, resolved: 0, muted: 1 } })
    expect((await list({ state: 'muted' })).errors).toHaveLength(1)
    expect((await list({ state: 'all' })).errors).toHaveLength(1)
    await expect(list({ state: 'gone' })).rejects.toMatchObject({ code: 'SEARCH_QUERY' })
  })

  const names: readonly [name: string, text: string, code: string][] = [
    ['what is no id', 'timeout', 'ERROR_ID_INVALID'],
    ['too short a start', 'abc', 'ERROR_ID_INVALID'],
    ['a start that none has', '00000000', 'ERROR_NOT_FOUND'],
  ]
  test.each(names)('[ER4] %s is refused', async (_, text, code) => {
    await take({ atMs: nowMs(), body: 'no answer' })
    await expect(show(text)).rejects.toMatchObject({ code })
    await expect(decide(text, 'muted')).rejects.toMatchObject({ code })
  })
})
