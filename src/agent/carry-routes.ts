/** Routes of carrying: whether this device carries for others, what, and who carries for it. Rules: docs/spec/carry.md. */
import { toHex } from '../base/bytes.ts'
import { CARRY_BYTES } from '../policy/decide-carry.ts'
import { jsonBody, type Route } from './http-server.ts'
import type { CarrierView, CarryView } from './http-types/carry.ts'
import type { CarrierOfOurs } from './keeper/carry-person-calls.ts'
import type { KeeperClient } from './keeper-client.ts'
import { bad, numberField } from './read-fields.ts'

const DAY_MS = 86_400_000

export function carryRoutes({ keeper }: { readonly keeper: Pick<KeeperClient, 'call'> }): readonly Route[] {
  const [path, capability] = ['/v1/carry', 'cli'] as const
  return [
    { method: 'GET', path, capability, handle: async () => ({ json: await carryView(keeper) }) },
    {
      method: 'POST',
      path,
      capability,
      async handle(request) {
        const fields = jsonBody(request)
        const { on } = fields
        if (typeof on !== 'boolean') throw bad('on', 'is true or false')
        await keeper.call('setCarry', { on, maxBytes: numberField(fields, 'maxBytes', CARRY_BYTES) })
        return { json: await carryView(keeper) }
      },
    },
  ]
}

async function carryView(keeper: Pick<KeeperClient, 'call'>): Promise<CarryView> {
  const { limits, carried, carriers, relayed, behind } = await keeper.call('carryReport')
  return {
    on: limits.on,
    maxBytes: limits.maxBytes,
    keepDays: limits.keepDays,
    carried: carried.map(({ owner, ...rest }) => ({ deviceId: owner, ...rest })),
    carriers: carriers.map(toCarrierView),
    relayed: relayed.map(({ owner, atUnixMs, missing }) => ({ deviceId: owner, at: toTime(atUnixMs), missing })),
    behind: behind.map(({ device, segments }) => ({ deviceId: device, segments })),
  }
}

function toCarrierView({ carrier, standing, refused, refusedUnixMs, receipts }: CarrierOfOurs): CarrierView {
  return {
    deviceId: carrier,
    standing,
    refused,
    refusedAt: refusedUnixMs === null ? null : toTime(refusedUnixMs),
    receipts: receipts.map(({ receipt, signed }) => ({
      log: receipt.log,
      incarnation: receipt.incarnation,
      from: receipt.from,
      to: receipt.to,
      at: toTime(receipt.atUnixMs),
      keptUntil: toTime(receipt.dropAfterDay * DAY_MS).slice(0, 10),
      signed: toHex(signed),
    })),
  }
}

function toTime(unixMs: number): string {
  return new Date(unixMs).toISOString()
}
