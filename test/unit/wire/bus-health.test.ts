import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_CHECK_NAME_CHARS, MAX_CHECK_REASON_CHARS, MAX_HEALTH_CHECKS } from '../../../src/model/health.ts'
import { encodeFrames, MAX_HEADER_BYTES } from '../../../src/wire/bus-frames.ts'
import { readHealthReports } from '../../../src/wire/bus-health.ts'

const check = (name: string) => ({ name, status: 'pass' })
const many = (count: number) => Array.from({ length: count }, (_, i) => check(`check ${i}`))

describe('readHealthReports', () => {
  const taken = [
    { name: 'none', value: [], want: [] },
    { name: 'a status alone', value: [check('model')], want: [check('model')] },
    { name: 'unknown members', value: [{ ...check('model'), more: 1 }], want: [check('model')] },
    {
      name: 'a reason of several lines is one line',
      value: [{ name: 'a', status: 'fail', reason: 'no\u001b[31m file\nat line 1' }],
      want: [{ name: 'a', status: 'fail', reason: 'no [31m file at line 1' }],
    },
    { name: 'as many as there may be', value: many(MAX_HEALTH_CHECKS), want: many(MAX_HEALTH_CHECKS) },
  ]
  test.each(taken)('[BU78] taken: $name', ({ value, want }) => expect(readHealthReports(value)).toEqual(want))

  const refused = [
    { name: 'no list', value: { 0: check('a') } },
    { name: 'one too many', value: many(MAX_HEALTH_CHECKS + 1) },
    { name: 'a name twice', value: [check('a'), check('a')] },
    { name: 'no name', value: [{ status: 'pass' }] },
    { name: 'an empty name', value: [check('')] },
    { name: 'a name that is too long', value: [check('n'.repeat(MAX_CHECK_NAME_CHARS + 1))] },
    { name: 'a name with what is not seen', value: [check('a\u200bb')] },
    { name: 'another status', value: [{ name: 'a', status: 'ok' }] },
    { name: 'a reason that is too long', value: [{ ...check('a'), reason: 'r'.repeat(MAX_CHECK_REASON_CHARS + 1) }] },
    { name: 'a reason that is no text', value: [{ ...check('a'), reason: 1 }] },
    { name: 'null among them', value: [null] },
    { name: 'nothing', value: undefined },
  ]
  test.each(refused)('[BU78] refused: $name', ({ value }) => expect(readHealthReports(value)).toBeUndefined())

  test('[BU78] the longest report fits a header', () => {
    const checks = Array.from({ length: MAX_HEALTH_CHECKS }, (_, i) => ({
      name: `${String(i).padStart(2, '0')}${'€'.repeat(MAX_CHECK_NAME_CHARS - 2)}`,
      status: 'fail' as const,
      reason: '€'.repeat(MAX_CHECK_REASON_CHARS),
    }))
    expect(readHealthReports(checks)).toEqual(checks)
    const [header] = encodeFrames({ kind: 'health', seq: Number.MAX_SAFE_INTEGER, checks })
    expect(header.length).toBeLessThanOrEqual(MAX_HEADER_BYTES)
  })

  test('[BU78] whatever JSON it is, it is read within the limits or refused', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const read = readHealthReports(value) ?? []
        expect(read.length).toBeLessThanOrEqual(MAX_HEALTH_CHECKS)
      }),
    )
  })
})
