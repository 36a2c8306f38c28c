import { beforeEach, describe, expect, test } from 'vitest'
import { callRoute } from '../../../src/agent/http-server.ts'
import { storeRoutes } from '../../../src/agent/store-routes.ts'
import { AGE_DAYS, LANE_BYTES } from '../../../src/policy/retention.ts'
import { RecordingKeeper } from '../../support/recording-keeper.ts'

let recording = new RecordingKeeper()
const call = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) =>
  callRoute(storeRoutes(recording), { method, path, body })
beforeEach(() => {
  recording = new RecordingKeeper()
})

const RANGE = { fromUnixMs: 5, toUnixMs: 9 }

describe('what may be asked', () => {
  test.each([
    { name: 'stats', made: ['GET', '/v1/store'] as const, asks: ['storeStats'] },
    { name: 'limits', made: ['GET', '/v1/store/retention'] as const, asks: ['retentionLimits'] },
    {
      name: 'a new age',
      made: ['POST', '/v1/store/retention', { lane: 'logs', maxAgeDays: AGE_DAYS.most }] as const,
      asks: ['setRetention', 'logs', { maxAgeDays: AGE_DAYS.most }],
    },
    {
      name: 'new room',
      made: ['POST', '/v1/store/retention', { lane: 'metrics', maxBytes: LANE_BYTES.least }] as const,
      asks: ['setRetention', 'metrics', { maxBytes: LANE_BYTES.least }],
    },
    {
      name: 'a hold on a trace',
      made: ['POST', '/v1/store/holds', { reason: 'why', trace: 'abcd' }] as const,
      asks: ['placeHold', { reason: 'why', trace: 'abcd' }],
    },
    {
      name: 'a hold on a time',
      made: ['POST', '/v1/store/holds', { reason: 'why', ...RANGE, device: 'laptop', module: 'core' }] as const,
      asks: ['placeHold', { reason: 'why', ...RANGE, device: 'laptop', module: 'core' }],
    },
    { name: 'the end of a hold', made: ['DELETE', '/v1/store/holds/12'] as const, asks: ['liftHold', 12] },
  ])('[RE18] [RE19] [RE20] $name', async ({ made: [method, path, body], asks }) => {
    expect(await call(method, path, body)).toMatchObject({ status: 200 })
    expect(recording.asked).toEqual([asks])
  })
})

describe('what is refused before the store is asked', () => {
  test.each([
    { name: 'no lane', path: 'retention', body: { maxAgeDays: 5 } },
    { name: 'a lane without limits', path: 'retention', body: { lane: 'audit', maxAgeDays: 5 } },
    { name: 'no change', path: 'retention', body: { lane: 'logs' } },
    { name: 'less than a day', path: 'retention', body: { lane: 'logs', maxAgeDays: AGE_DAYS.least - 1 } },
    { name: 'more than ten years', path: 'retention', body: { lane: 'logs', maxAgeDays: AGE_DAYS.most + 1 } },
    { name: 'part of a day', path: 'retention', body: { lane: 'logs', maxAgeDays: 1.5 } },
    { name: 'too little room', path: 'retention', body: { lane: 'logs', maxBytes: LANE_BYTES.least - 1 } },
    { name: 'too much room', path: 'retention', body: { lane: 'logs', maxBytes: LANE_BYTES.most + 1 } },
    { name: 'room in words', path: 'retention', body: { lane: 'logs', maxBytes: '4GiB' } },
    { name: 'a hold without a reason', path: 'holds', body: { trace: 'abcd' } },
    { name: 'a reason of blanks', path: 'holds', body: { reason: '  ', trace: 'abcd' } },
    { name: 'a reason that is too long', path: 'holds', body: { reason: 'x'.repeat(401), trace: 'abcd' } },
    { name: 'a hold on nothing', path: 'holds', body: { reason: 'why' } },
    { name: 'half a time', path: 'holds', body: { reason: 'why', fromUnixMs: 5 } },
    { name: 'a time that ends before it begins', path: 'holds', body: { reason: 'why', fromUnixMs: 5, toUnixMs: 4 } },
  ])('[RE19] [RE20] $name', async ({ path, body }) => {
    const answer = await call('POST', `/v1/store/${path}`, body)
    expect(answer).toMatchObject({ status: 400, json: { error: { code: 'HTTP_BAD_FIELD' } } })
    expect(recording.asked).toEqual([])
  })

  test('[RE20] a hold that is no number', async () => {
    expect(await call('DELETE', '/v1/store/holds/abc')).toMatchObject({ status: 400 })
    expect(recording.asked).toEqual([])
  })
})
