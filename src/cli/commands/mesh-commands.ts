/** Other devices: the list of them, and how sync with each stands. */
import type { DeviceList, PeerClockView, PeersView, StatusView } from '../../agent/http-types/device.ts'
import type { Command } from '../command.ts'
import { usage } from '../cli-error.ts'
import { confirm } from '../confirm.ts'
import { relativeTime } from '../render/relative-time.ts'
import { safeText } from '../render/safe-text.ts'
import { shortIds } from '../render/short-ids.ts'
import { table } from './answer-table.ts'
import { devicesHistory } from './device-history.ts'
import { peersLimit } from './limit-command.ts'
import { describePeerDetail } from './peer-detail.ts'
import { pairCommands } from './pair-commands.ts'
import { describePeers } from './peer-table.ts'
import { describeRemoval, peerState } from './peer-words.ts'

const devicesList: Command = {
  name: 'devices list',
  takes: '',
  help: 'the devices of your mesh, who added them, and when',
  details: ['The first digits of each id are shown; commands take them as the id. --json has the whole.'],
  examples: ['devices list'],
  async run({ client, output }) {
    const view = await client.callAnyway<DeviceList>('GET', '/v1/devices')
    const nameOf = (id: string | null): string => view.devices.find((d) => d.deviceId === id)?.name ?? ''
    const devices = view.devices.toSorted((a, b) => Number(b.self) - Number(a.self))
    const ids = shortIds(devices.map(({ deviceId }) => deviceId))
    output.answer(view, () => {
      if (view.removedBy !== null) return describeRemoval(view.removedBy)
      return table(
        output,
        [
          { title: 'device', minWidth: 10 },
          'state',
          { title: 'added by', minWidth: 8, dropOrder: 1 },
          { title: 'added', dropOrder: 2 },
          'id',
        ],
        devices.map((device, i) => [
          device.name,
          device.self ? 'this device' : peerState(device),
          nameOf(device.addedBy),
          relativeTime(Date.parse(device.addedAt), Date.now()),
          ids[i] ?? device.deviceId,
        ]),
      )
    })
  },
}

const devicesRemove: Command = {
  name: 'devices remove',
  takes: 'DEVICE',
  help: 'remove a device from the mesh; every grant to it ends',
  details: ['DEVICE is a name or the start of an id. What the device already received cannot be recalled.'],
  examples: ['devices remove laptop'],
  options: { yes: { type: 'boolean', help: 'remove it without a question; scripts are not asked anyway' } },
  words: [1, 1],
  async run({ client, output, options, words }) {
    const [device] = words
    if (device === undefined) throw usage('name a device')
    // Without a terminal there is nobody to ask: a script that says this means it.
    if (options['yes'] !== true && process.stdin.isTTY) {
      await confirm(`Remove ${safeText(device)} from your devices? Every grant to it ends.`)
    }
    const removed = await client.call<{ deviceId: string }>('DELETE', `/v1/devices/${encodeURIComponent(device)}`)
    output.answer(removed, () => `Removed. What it already received cannot be recalled.`)
  },
}

const peers: Command = {
  name: 'peers',
  takes: '',
  help: 'how sync with each device stands',
  examples: ['peers'],
  async run({ client, output }) {
    const view = await client.call<PeersView>('GET', '/v1/peers')
    if (output.json) return output.answer(view, () => '')
    const { stage } = await client.call<StatusView>('GET', '/v1/status')
    output.answer(view, () => {
      if (view.removedBy !== null) return describeRemoval(view.removedBy)
      if (view.peers.length > 0) return describePeers(output, view.peers)
      return stage === 'casual'
        ? 'No paired devices. Pairing needs the pro stage: aico-mesh stage pro'
        : 'No paired devices yet. Start on both devices with: aico-mesh pair nearby'
    })
  },
}

const peersShow: Command = {
  name: 'peers show',
  takes: 'DEVICE',
  help: 'how sync with one device stands, and how its clock went',
  details: ['DEVICE is its name, or the first digits of its id.'],
  examples: ['peers show phone'],
  words: [1, 1],
  async run({ client, output, words }) {
    const peer = await client.call<PeerClockView>('GET', `/v1/peers/${encodeURIComponent(words[0] as string)}`)
    output.answer(peer, () => describePeerDetail(output, peer, Date.now()))
  },
}

export const meshCommands: readonly Command[] = [
  ...pairCommands,
  devicesList,
  devicesHistory,
  devicesRemove,
  peers,
  peersShow,
  peersLimit,
]
