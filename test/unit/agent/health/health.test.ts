import { describe, expect, test } from 'vitest'
import { HealthBook, isHealthy } from '../../../../src/agent/health/health-book.ts'
import { ModuleHealth } from '../../../../src/agent/health/module-health.ts'
import { ownChecks, type OwnFacts } from '../../../../src/agent/health/own-checks.ts'

const NOW = Date.UTC(2026, 10, 23)
const WELL: OwnFacts = {
  stage: 'developer',
  corrupt: [],
  held: undefined,
  isDiskFull: false,
  disk: { usedBytes: 50, freeBytes: 50 },
  isBusUp: true,
  isOtlpOpen: true,
  devtoolsPid: 7,
  isMeshWanted: true,
  isMeshOpen: true,
  isAuditInDoubt: false,
  nowUnixMs: NOW,
  setBackMs: 0,
}

describe('ownChecks', () => {
  const cases: { name: string; facts: Partial<OwnFacts>; want: readonly string[] }[] = [
    { name: 'all is well', facts: {}, want: [] },
    { name: 'the store does not answer', facts: { corrupt: undefined }, want: ['fail store'] },
    { name: 'the index is damaged', facts: { corrupt: ['index'] }, want: ['fail store'] },
    { name: 'the audit log is damaged', facts: { corrupt: ['audit'] }, want: ['fail audit'] },
    { name: 'the audit log was put back', facts: { isAuditInDoubt: true }, want: ['fail audit'] },
    { name: 'the disk holds the start up', facts: { held: 'STORE_FULL' }, want: ['fail disk'] },
    { name: 'the disk is full', facts: { isDiskFull: true }, want: ['fail disk'] },
    { name: 'little room is left', facts: { disk: { usedBytes: 96, freeBytes: 4 } }, want: ['warn disk'] },
    { name: 'enough room is left', facts: { disk: { usedBytes: 95, freeBytes: 5 } }, want: [] },
    { name: 'a disk that does not say', facts: { disk: undefined }, want: [] },
    { name: 'the bus is down', facts: { isBusUp: false }, want: ['fail bus'] },
    { name: 'the devtools process is gone', facts: { isOtlpOpen: false, devtoolsPid: undefined }, want: ['fail otlp'] },
    { name: 'a stage that takes no OTLP', facts: { stage: 'pro', isOtlpOpen: false }, want: [] },
    { name: 'the mesh does not listen', facts: { isMeshOpen: false }, want: ['fail mesh'] },
    { name: 'nobody would come', facts: { isMeshWanted: false, isMeshOpen: false }, want: [] },
    { name: 'a clock that was never set', facts: { nowUnixMs: 0 }, want: ['fail clock'] },
    { name: 'a clock that was set back by hours', facts: { setBackMs: 7_200_000 }, want: ['warn clock'] },
    { name: 'a clock that a time server corrects', facts: { setBackMs: 30_000 }, want: [] },
    { name: 'a device that slept', facts: { setBackMs: -7_200_000 }, want: [] },
  ]
  test.each(cases)('[HE20] $name', ({ facts, want }) => {
    const bad = ownChecks({ ...WELL, ...facts }).filter(({ status }) => status !== 'pass')
    expect(bad.map(({ status, name }) => `${status} ${name}`)).toEqual(want)
    expect(bad.filter(({ reason }) => reason === undefined)).toEqual([])
  })
})

const book = new HealthBook()
const check = (status: 'pass' | 'warn' | 'fail', kind: 'liveness' | 'readiness' = 'readiness') => ({
  name: 'disk',
  kind,
  status,
  reason: undefined,
})

describe('HealthBook', () => {
  test('[HE21] a check is as it is since its status changed, whatever its reason', () => {
    const times = [
      { status: 'pass', at: 1, since: 1 },
      { status: 'pass', at: 2, since: 1 },
      { status: 'fail', at: 3, since: 3 },
      { status: 'fail', at: 4, since: 3 },
      { status: 'warn', at: 5, since: 5 },
      { status: 'pass', at: 6, since: 6 },
    ] as const
    for (const { status, at, since } of times) {
      book.report('agent', [{ ...check(status), reason: `at ${at}` }], at)
      expect(book.checks()).toMatchObject([{ source: 'agent', status, reason: `at ${at}`, sinceUnixMs: since }])
    }
  })

  const cases = [
    { name: 'nothing', checks: [], live: true, ready: true },
    { name: 'a warning', checks: [check('warn', 'liveness')], live: true, ready: true },
    { name: 'readiness fails', checks: [check('pass', 'liveness'), check('fail')], live: true, ready: false },
    { name: 'liveness fails', checks: [check('fail', 'liveness')], live: false, ready: false },
  ]
  test.each(cases)('[HE22] $name', ({ checks, live, ready }) => {
    expect([isHealthy(checks, 'liveness'), isHealthy(checks)]).toEqual([live, ready])
  })
})

describe('ModuleHealth', () => {
  const modules = () => {
    const kept = new HealthBook()
    let now = 0
    const health = new ModuleHealth(kept, () => ++now)
    const told = (): readonly string[] => kept.checks().map(({ source, name, status }) => `${source} ${name} ${status}`)
    return { health, told }
  }

  test('[HE23] a module that ended is not running, one that never came is not told of', () => {
    const { health, told } = modules()
    expect(told()).toEqual([])
    health.began('ear', 's1')
    expect(told()).toEqual(['ear running pass'])
    health.began('ear', 's2')
    health.ended('ear', 's1')
    expect(told()).toEqual(['ear running pass'])
    health.ended('ear', 's2')
    expect(told()).toEqual(['ear running fail'])
    health.began('ear', 's3')
    expect(told()).toEqual(['ear running pass'])
    health.ended('ear', 's3')
    health.removed('ear')
    expect(told()).toEqual([])
  })

  test('[HE23] the latest report counts, and is forgotten with the session that made it', () => {
    const { health, told } = modules()
    health.began('ear', 's1')
    health.began('ear', 's2')
    health.reported('ear', 's1', [{ name: 'model', status: 'fail', reason: 'none' }])
    expect(told()).toEqual(['ear running pass', 'ear model fail'])
    health.reported('ear', 's2', [{ name: 'microphone', status: 'pass' }])
    expect(told()).toEqual(['ear running pass', 'ear microphone pass'])
    health.ended('ear', 's1')
    expect(told()).toEqual(['ear running pass', 'ear microphone pass'])
    health.ended('ear', 's2')
    expect(told()).toEqual(['ear running fail'])
  })

  test('[HE23] a module cannot say that it runs, nor report in a session that is over', () => {
    const { health, told } = modules()
    health.began('ear', 's1')
    health.reported('ear', 's1', [{ name: 'running', status: 'warn' }])
    expect(told()).toEqual(['ear running pass'])
    health.ended('ear', 's1')
    health.reported('ear', 's1', [{ name: 'running', status: 'pass' }])
    health.ended('ear', 's1')
    expect(told()).toEqual(['ear running fail'])
  })
})
