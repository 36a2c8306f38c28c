import { beforeEach, describe, expect, test } from 'vitest'
import { callRoute } from '../../../src/agent/http-server.ts'
import { quotaRoutes } from '../../../src/agent/quota-routes.ts'
import { QUOTA_BYTES } from '../../../src/policy/quotas.ts'
import { RecordingKeeper } from '../../support/recording-keeper.ts'

let recording = new RecordingKeeper()
const call = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) =>
  callRoute(quotaRoutes(recording), { method, path, body })
beforeEach(() => {
  recording = new RecordingKeeper()
})

describe('what may be asked', () => {
  test.each([
    { name: 'all of them', made: ['GET', '/v1/store/quotas'] as const, asks: ['quotas'] },
    {
      name: 'one of a module',
      made: ['POST', '/v1/store/quotas', { module: 'hearing', maxBytes: QUOTA_BYTES.least }] as const,
      asks: ['setQuota', { module: 'hearing', maxBytes: QUOTA_BYTES.least }],
    },
    {
      name: 'one of a device in a lane',
      made: ['POST', '/v1/store/quotas', { device: 'phone', lane: 'logs', maxBytes: QUOTA_BYTES.most }] as const,
      asks: ['setQuota', { device: 'phone', lane: 'logs', maxBytes: QUOTA_BYTES.most }],
    },
    { name: 'the end of one', made: ['DELETE', '/v1/store/quotas/12'] as const, asks: ['clearQuota', 12] },
  ])('[RE24] $name', async ({ made: [method, path, body], asks }) => {
    expect(await call(method, path, body)).toMatchObject({ status: 200 })
    expect(recording.asked).toEqual([asks])
  })
})

describe('what is refused before the store is asked', () => {
  const [module, maxBytes] = ['hearing', QUOTA_BYTES.least]
  test.each([
    { name: 'no source', body: { maxBytes } },
    { name: 'a lane alone', body: { lane: 'logs', maxBytes } },
    { name: 'a module without a name', body: { module: '', maxBytes } },
    { name: 'a name that is too long', body: { module: 'x'.repeat(129), maxBytes } },
    { name: 'a lane without retention', body: { module, lane: 'audit', maxBytes } },
    { name: 'no size', body: { module } },
    { name: 'a size in words', body: { module, maxBytes: '4GiB' } },
    { name: 'less than a segment', body: { module, maxBytes: QUOTA_BYTES.least - 1 } },
    { name: 'more than any disk', body: { module, maxBytes: QUOTA_BYTES.most + 1 } },
  ])('[RE21] $name', async ({ body }) => {
    const answer = await call('POST', '/v1/store/quotas', body)
    expect(answer).toMatchObject({ status: 400, json: { error: { code: 'HTTP_BAD_FIELD' } } })
    expect(recording.asked).toEqual([])
  })

  test('[RE24] a quota that is no number', async () => {
    expect(await call('DELETE', '/v1/store/quotas/abc')).toMatchObject({ status: 400 })
    expect(recording.asked).toEqual([])
  })
})
