import { expect, test } from 'vitest'
import type { AuditView } from '../../../src/agent/http-types/device.ts'
import { doneBy, isAbout } from '../../../src/cli/render/audit-words.ts'

const nameOf = (id: string): string => ({ aa: 'phone', bb: 'laptop' })[id] ?? id

function leaf(more: Partial<AuditView>): AuditView {
  const actor = { kind: 'user', ref: 'aa' }
  return {
    seq: 0,
    at: '',
    type: 'a.b',
    outcome: 'success',
    severity: 'info',
    actor,
    object: null,
    payload: null,
    ...more,
  }
}
const object = (kind: string, ref = '0f9e75') => ({ kind, ref })

test.each<[string, Partial<AuditView>, string]>([
  ['nothing', {}, ''],
  ['a device of a name', { object: object('device', 'bb') }, 'laptop'],
  ['a device nobody knows any more', { object: object('device', 'cc'), payload: { name: 'tablet' } }, 'tablet'],
  [
    'damaged records',
    { object: object('device', 'bb'), payload: { segments: 2, records: 60 } },
    'laptop: 60 records in 2 segments',
  ],
  [
    'a log that was set aside',
    {
      type: 'audit.set-aside',
      object: object('device', 'aa'),
      payload: { damage: 'STORE_CORRUPT', kept: 'audit.db.damaged-1', size: 1200, root: 'ff' },
    },
    'the log before it of 1,200 entries (STORE_CORRUPT), kept as audit.db.damaged-1',
  ],
  [
    'a log that was set aside, by now nobody knows why',
    { type: 'audit.set-aside', object: object('device', 'aa') },
    'the log before it',
  ],
  ['the mesh itself', { object: object('membership') }, ''],
  ['a member by name', { object: object('membership'), payload: { subject: 'cc', name: 'tablet' } }, 'tablet'],
  ['a member that was removed', { object: object('membership'), payload: { subject: 'bb', name: '' } }, 'laptop'],
  ['a grant', { object: object('consent'), payload: { peer: 'bb' } }, 'laptop'],
  ['a stage', { object: object('policy'), payload: { from: 'casual', to: 'pro' } }, 'casual to pro'],
  ['a key', { object: object('key'), payload: { lane: 'traces', epoch: 3 } }, 'traces 3'],
  ['a module', { object: object('module'), payload: { module: 'core' } }, 'core'],
  ['a module whose payload is gone', { object: object('module') }, ''],
  ['an address', { object: object('endpoint'), payload: { url: 'http://127.0.0.1:4318' } }, 'http://127.0.0.1:4318'],
  ['an export', { object: object('export'), payload: { lane: 'logs', devices: 'all' } }, 'logs'],
  ['a name that would move the cursor', { object: object('module'), payload: { module: 'a\u001B[2Jb' } }, 'ab'],
])('[CL13] a leaf about %s', (_, more, want) => {
  expect(isAbout(leaf(more), nameOf)).toBe(want)
})

test.each([
  ['user', 'you'],
  ['device', 'the agent'],
  ['peer', 'phone'],
  ['module', 'module core'],
])('[CL13] done by %s', (kind, want) => {
  expect(doneBy(leaf({ actor: { kind, ref: 'aa' }, payload: { module: 'core' } }), nameOf)).toBe(want)
})
