/** Routes of pairing: with a ticket, and with a device nearby whose code a person compares. */
import { MAX_PAIR_CODE_CHARS } from '../model/pair-code.ts'
import type { Comparison } from '../sync/pairing/nearby-pairing.ts'
import { MAX_TICKET_CHARS } from '../wire/ticket.ts'
import { jsonBody, type Route } from './http-server.ts'
import type { ComparisonView } from './http-types/device.ts'
import type { MeshHost } from './mesh-host.ts'
import { optionalText, textField } from './read-fields.ts'

/** How long `GET /v1/pair/nearby` listens, in milliseconds: announcements answer a query within a second. */
const NEARBY_WAIT_MS = 2_000
/** A symbol takes up to six bytes in UTF-8. */
const MAX_PAIR_CODE_BYTES = MAX_PAIR_CODE_CHARS * 6

export function pairRoutes({ mesh }: { readonly mesh: MeshHost }): readonly Route[] {
  return [
    route('POST', '/v1/pair/invite', async () => {
      const { ticket, expiresUnixMs } = await mesh.invite()
      return { json: { ticket, expiresAt: new Date(expiresUnixMs).toISOString() } }
    }),
    route('POST', '/v1/pair/join', async (request) => ({
      json: await mesh.join(textField(jsonBody(request), 'ticket', MAX_TICKET_CHARS), request.signal),
    })),
    route('GET', '/v1/pair/nearby', async () => ({ json: { nearby: await mesh.nearby(NEARBY_WAIT_MS) } })),
    route('POST', '/v1/pair/nearby', async ({ signal }) => ({ json: toView(await mesh.pairNearby(signal)) })),
    route('GET', '/v1/pair/outcome', async () => ({ json: await mesh.nearbyPairing.outcome() })),
    route('POST', '/v1/pair/confirm', async (request) => {
      const code = optionalText(jsonBody(request), 'code', MAX_PAIR_CODE_BYTES)
      return { json: await mesh.nearbyPairing.say(code === undefined ? 'same' : { code }) }
    }),
    route('POST', '/v1/pair/reject', async () => {
      await mesh.nearbyPairing.reject('differ')
      return { json: {} }
    }),
    route('POST', '/v1/pair/cancel', async () => {
      await mesh.nearbyPairing.reject('cancel')
      return { json: {} }
    }),
  ]
}

function toView({ deviceId, name, code, expiresUnixMs, others }: Comparison): ComparisonView {
  const { emoji, numbers } = code
  return { deviceId, name, emoji, numbers, expiresAt: new Date(expiresUnixMs).toISOString(), others }
}

function route(method: Route['method'], path: string, handle: Route['handle']): Route {
  return { method, path, capability: 'cli', handle }
}
