import { describe, expect, test } from 'vitest'
import { callRoute } from '../../../src/agent/http-server.ts'
import { agentRoutes, type RouteDeps } from '../../../src/agent/routes.ts'

const [phone, laptop, tablet] = ['11112222'.repeat(8), '1111aaaa'.repeat(8), '3333bbbb'.repeat(8)] as const
const members = new Map(
  // The tablet's name is the phone's whole id: no card with such a name is read any more, but one may be kept.
  Object.entries({ [phone]: 'phone', [laptop]: 'laptop', [tablet]: phone }).map(([deviceId, name]) => [
    deviceId,
    { card: { deviceId, name } },
  ]),
)

/** Only what removing a device asks for. */
const routes = agentRoutes({
  keeper: { view: () => ({ membership: { members } }), call: () => Promise.resolve() },
} as unknown as RouteDeps)

const asked: readonly { name: string; text: string; found: string | undefined; code?: string }[] = [
  { name: 'a whole id is its device, whoever is named so', text: phone, found: phone },
  { name: 'in capitals too', text: phone.toUpperCase(), found: phone },
  { name: 'a name', text: 'laptop', found: laptop },
  { name: 'the start of an id', text: '3333', found: tablet },
  { name: 'the start of two ids', text: '1111', found: undefined, code: 'DEVICE_AMBIGUOUS' },
  { name: 'less than the start of an id', text: '333', found: undefined, code: 'DEVICE_UNKNOWN' },
  { name: 'an id of nobody', text: '4444cccc'.repeat(8), found: undefined, code: 'DEVICE_UNKNOWN' },
]

describe('a device named in a request', () => {
  test.each(asked)('[HT13] $name', async ({ text, found, code }) => {
    const answer = await callRoute(routes, { method: 'DELETE', path: `/v1/devices/${text}`, body: undefined })
    expect(answer).toMatchObject(found ? { json: { deviceId: found } } : { json: { error: { code } } })
  })
})
