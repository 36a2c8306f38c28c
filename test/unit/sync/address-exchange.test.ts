/** What a session makes of addresses, by where the other end of its link is. */
import { expect, test } from 'vitest'
import { toDeviceId, type DeviceId } from '../../../src/model/ids.ts'
import { AddressExchange } from '../../../src/sync/address-exchange.ts'
import type { PeerNews } from '../../../src/sync/sync-store.ts'
import { MAX_ADDRESS_ROWS, type AddressRow, type SyncMessage } from '../../../src/wire/sync-message-types.ts'
import { manualClock } from '../../support/manual-clock.ts'

const device = (n: number): DeviceId => toDeviceId(new Uint8Array(32).fill(n)) as DeviceId
const LAN = '/ip4/192.168.1.7/tcp/4001'
const HERE = '/ip4/127.0.0.1/tcp/4001'
const HERE_6 = '/ip6/0:0:0:0:0:0:0:1/tcp/4001'
const row = (...addresses: readonly string[]): AddressRow => ({ deviceId: device(2), saidUnixMs: 5, addresses })

function exchange(remoteAddress: string, rows: readonly AddressRow[] = []) {
  const remembered: PeerNews[] = []
  const taken: AddressRow[] = []
  const posted: SyncMessage[] = []
  const side = new AddressExchange({
    peer: device(1),
    clock: manualClock(1_000),
    remoteAddress,
    post: (message) => posted.push(message),
    store: {
      rememberPeer: async (_, news) => void remembered.push(news),
      addressesToTell: async () => rows,
      takeAddresses: async (_, all) => void taken.push(...all),
    },
  })
  return { side, remembered, taken, posted }
}

test.each([
  { where: 'another host', remoteAddress: '/ip4/192.168.1.9/tcp/50000', want: [LAN] },
  { where: 'this host, over loopback', remoteAddress: '/ip4/127.0.0.1/tcp/50000', want: [LAN, HERE, HERE_6] },
])(
  '[SE18] between us and a device on $where, these are passed on and taken: $want',
  async ({ remoteAddress, want }) => {
    const all = [LAN, HERE, HERE_6, '/dns4/example.org/tcp/1', 'noise']
    const { side, remembered, taken, posted } = exchange(remoteAddress, [row(...all)])
    await side.onHello(all)
    await side.onAddresses([row(...all)])
    await side.tell()
    // To itself the device may say what it likes: it is dialled as before.
    expect(remembered).toEqual([
      { addresses: all, said: { saidUnixMs: 1_000, addresses: want }, lastSeenUnixMs: 1_000 },
    ])
    expect(taken).toEqual([row(...want)])
    expect(posted).toEqual([{ type: 'addresses', rows: [row(...want)] }])
  },
)

test('[SE17] is told once, again when it changed, and when it can no longer be dialled', async () => {
  const rows: AddressRow[] = [row(LAN)]
  const { side, posted } = exchange('/ip4/192.168.1.9/tcp/50000', rows)
  await side.tell()
  rows[0] = { ...row(LAN), saidUnixMs: 6 }
  await side.tell()
  expect(posted).toHaveLength(1)
  rows[0] = row()
  await side.tell()
  await side.tell()
  await side.tellAnew()
  expect(posted.slice(1)).toEqual([{ type: 'addresses', rows: [row()] }])
})

test('[SE17] more devices than one message holds go into the next', async () => {
  const many = Array.from({ length: MAX_ADDRESS_ROWS + 1 }, () => row(LAN))
  const { side, posted } = exchange('/ip4/192.168.1.9/tcp/50000', many)
  await side.tell()
  expect(posted.map((message) => (message.type === 'addresses' ? message.rows.length : 0))).toEqual([
    MAX_ADDRESS_ROWS,
    1,
  ])
})
