/** What is said after grants were given and ended. */
import { describe, expect, test } from 'vitest'
import type { GrantView } from '../../../src/agent/http-types/device.ts'
import { existingWords, revokedAllWords, revokedWords } from '../../../src/cli/render/consent-words.ts'

const grant = (grantId: string, change: Partial<GrantView> = {}): GrantView => ({
  grantId: grantId.padEnd(32, '0'),
  from: 'aa'.repeat(32),
  to: 'bb'.repeat(32),
  may: 'see',
  lanes: ['traces', 'logs'],
  modules: null,
  since: null,
  until: null,
  purpose: 'test',
  state: 'active',
  ...change,
})
const said = (...stillOpen: GrantView[]) =>
  revokedWords({ grantId: 'cc'.repeat(16), stillOpen }, () => 'laptop')
    .split('\n')
    .slice(1)

describe('[CL9] revoking', () => {
  test('the only grant: nothing more is sent', () => {
    expect(revokedWords({ grantId: 'cc'.repeat(16), stillOpen: [] }, () => 'laptop')).toBe(
      'Revoked. Nothing more is sent under this grant. What was already received cannot be recalled.',
    )
  })

  test('one of two: what the device can still see is said', () => {
    expect(said(grant('167e1e15'))).toEqual([
      'laptop can still see traces and logs under 1 other grant: 167e1e15.',
      'To end it: aico-mesh consent revoke --to bbbbbbbb',
    ])
  })

  test('one of many: kinds are said once, later grants by themselves', () => {
    const later = grant('33333333', { state: 'scheduled', lanes: ['metrics'], since: '2026-12-01T08:30:00.000Z' })
    expect(said(grant('11111111', { lanes: ['traces', 'audit'] }), grant('22222222'), later)).toEqual([
      'laptop can still see traces, audit and logs under 2 other grants: 11111111, 22222222.',
      'laptop will see metrics under 1 other grant: 33333333 from 2026-12-01 08:30 UTC on.',
      'To end them all: aico-mesh consent revoke --to bbbbbbbb',
    ])
  })

  test('all grants to a device, or none', () => {
    expect(revokedAllWords({ grantIds: ['11111111ffff', '22222222ffff'] }, 'laptop')).toBe(
      'Revoked 2 grants to laptop: 11111111, 22222222. Nothing more is sent to it. What was already received cannot be recalled.',
    )
    expect(revokedAllWords({ grantIds: [] }, 'laptop')).toBe('No grant to laptop was in force. Nothing was changed.')
  })

  test('a grant that stands already is named', () => {
    expect(existingWords('167e1e15ffff')).toContain('still in force, as 167e1e15.')
  })
})
