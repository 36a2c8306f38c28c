import { describe, expect, test } from 'vitest'
import { judgeRollback, type RollbackEvidence, type Vouch } from '../../../../src/agent/keeper/rollback-evidence.ts'

const VOUCH: Vouch = { generation: 6, isRunning: false, auditSize: 10, auditRoot: 'aa' }
const AGREEING: RollbackEvidence = {
  isAuditNew: false,
  vouch: VOUCH,
  hadLog: false,
  isLogDamaged: false,
  auditSize: 10,
  auditRootThen: 'aa',
  storeGeneration: 6,
}

describe('[AU21] nothing is said of', () => {
  test.each([
    ['files that agree', {}],
    ['a new device', { vouch: undefined, auditSize: 0, auditRootThen: undefined, storeGeneration: 0 }],
    ['a home of a version that did not vouch', { vouch: undefined, auditSize: 40, storeGeneration: 0 }],
    ['a kill between a leaf and its note', { auditSize: 11 }],
    ['a kill between the two notes of a run', { storeGeneration: 5 }],
    ['a kill that left its write-ahead log', { vouch: { ...VOUCH, isRunning: true }, hadLog: true }],
    ['a write-ahead log after an orderly end', { hadLog: true }],
  ] satisfies readonly [string, Partial<RollbackEvidence>][])('%s', (_, change) => {
    expect(judgeRollback({ ...AGREEING, ...change })).toEqual([])
  })
})

describe('[AU21] a contradiction is named', () => {
  test.each([
    ['an audit log that is shorter', { auditSize: 9, auditRootThen: undefined }, ['AUDIT_ROLLED_BACK']],
    ['an audit log with other leaves', { auditRootThen: 'bb' }, ['AUDIT_ROLLED_BACK']],
    ['an audit log from before a run without a leaf', { storeGeneration: 4 }, ['AUDIT_ROLLED_BACK']],
    ['a store from before the last run', { storeGeneration: 7 }, ['STORE_ROLLED_BACK']],
    ['a store that has not noted two leaves', { auditSize: 12 }, ['STORE_ROLLED_BACK']],
    ['a store from before vouching', { vouch: undefined, auditRootThen: undefined }, ['STORE_ROLLED_BACK']],
    ['a kill without a write-ahead log', { vouch: { ...VOUCH, isRunning: true } }, ['STORE_LOG_MISSING']],
    [
      'a write-ahead log that was altered in its middle',
      { vouch: { ...VOUCH, isRunning: true }, hadLog: true, isLogDamaged: true },
      ['STORE_LOG_DAMAGED'],
    ],
    ['the same before vouching', { vouch: undefined, storeGeneration: 0, isLogDamaged: true }, ['STORE_LOG_DAMAGED']],
    [
      '[AU26] an audit log that has just begun, and nothing that it cannot know',
      { isAuditNew: true, auditSize: 0, auditRootThen: undefined, storeGeneration: 0 },
      ['AUDIT_SET_ASIDE'],
    ],
    [
      '[AU26] the same after a kill without a write-ahead log',
      {
        isAuditNew: true,
        auditSize: 0,
        auditRootThen: undefined,
        storeGeneration: 0,
        vouch: { ...VOUCH, isRunning: true },
      },
      ['AUDIT_SET_ASIDE', 'STORE_LOG_MISSING'],
    ],
    [
      'both put back, each to another time',
      { auditSize: 9, auditRootThen: undefined, storeGeneration: 7 },
      ['AUDIT_ROLLED_BACK', 'STORE_ROLLED_BACK'],
    ],
  ] satisfies readonly [string, Partial<RollbackEvidence>, readonly string[]][])('%s', (_, change, codes) => {
    expect(judgeRollback({ ...AGREEING, ...change })).toEqual(codes)
  })
})
