import { describe, expect, test } from 'vitest'
import { admitPeer, type PeerPayload } from '../../../src/ingest/admit-peer.ts'
import { reduceMembership } from '../../../src/policy/reduce-membership.ts'
import { device, meshOf, MESH, opId } from '../policy/membership-ops.ts'
import { grant, recordsOf, revoke } from '../policy/consent-ops.ts'
import { logs, manySpans, traces } from '../../support/otlp-records.ts'

const { members } = reduceMembership(meshOf('B').ops, MESH, opId('found'))

function payload(change: Partial<PeerPayload> = {}): PeerPayload {
  return {
    stage: 'pro',
    view: {
      membership: { members },
      grants: recordsOf(grant('one')),
      stageAllowsSharing: true,
      nowUnixMs: 1_000,
      lastHeardUnixMs: 1_000,
    },
    request: {
      owner: device('A'),
      recipient: device('B'),
      lane: 'traces',
      module: 'core',
      part: 'base',
      epochStartedUnixMs: 500,
    },
    raw: manySpans('core', 1, 1, 3),
    records: 3,
    ...change,
  }
}

describe('admitPeer', () => {
  test('[IN7] what its owner shares, and is what it claims, comes in', () => {
    expect(admitPeer(payload()).records).toBe(3)
  })

  const { view, request } = payload()
  const refusals: readonly { name: string; change: Partial<PeerPayload>; code: string }[] = [
    { name: 'below pro', change: { stage: 'casual' }, code: 'POLICY_STAGE' },
    { name: 'without a grant', change: { view: { ...view, grants: [] } }, code: 'POLICY_NOT_SHARED' },
    {
      name: 'after the revocation',
      change: { view: { ...view, grants: recordsOf(grant('one'), revoke('one')) } },
      code: 'POLICY_NOT_SHARED',
    },
    {
      name: 'of another lane than was granted',
      change: { view: { ...view, grants: recordsOf(grant('one', { lanes: ['logs'] })) } },
      code: 'POLICY_NOT_SHARED',
    },
    {
      name: 'of a device that is no member',
      change: { request: { ...request, owner: device('C') } },
      code: 'POLICY_NOT_SHARED',
    },
    {
      name: 'of an epoch before the grant begins',
      change: { view: { ...view, grants: recordsOf(grant('one', { sinceUnixMs: 501 })) } },
      code: 'POLICY_NOT_SHARED',
    },
    { name: 'that is not OTLP', change: { raw: Uint8Array.of(0x0a, 0xff) }, code: 'SYNC_BAD_PAYLOAD' },
    { name: 'with more records than it claims', change: { records: 2 }, code: 'SYNC_BAD_PAYLOAD' },
    { name: 'with fewer records than it claims', change: { records: 4 }, code: 'SYNC_BAD_PAYLOAD' },
    {
      name: 'with a record that nobody may admit',
      change: { raw: traces('core', { trace: 1, span: 1 }, { trace: 1, span: 2, isBad: true }), records: 1 },
      code: 'SYNC_BAD_PAYLOAD',
    },
    {
      name: 'of a lane that holds no OTLP',
      change: {
        view: { ...view, grants: recordsOf(grant('one', { lanes: ['documents'] })) },
        request: { ...request, lane: 'documents' },
      },
      code: 'SYNC_BAD_PAYLOAD',
    },
  ]
  test.each(refusals)('[IN7] nothing comes in $name', ({ change, code }) => {
    expect(() => admitPeer(payload(change))).toThrow(expect.objectContaining({ code }))
  })

  test('[IN7] the stage of the reader does not filter what the owner shared: its own gate has done that', () => {
    const quiet = { raw: logs('core', 1, 5), records: 2, request: { ...request, lane: 'logs' as const } }
    expect(admitPeer(payload(quiet)).records).toBe(2)
  })
})
