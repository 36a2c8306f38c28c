/** Other devices: pairing, the list of them, and how sync with each stands. */
import type { DeviceList, InviteView, NearbyView, PairedView, PeersView } from '../../agent/http-types.ts'
import type { Command } from '../command.ts'
import { usage } from '../cli-error.ts'
import { confirm } from '../confirm.ts'
import { qrLines } from '../render/qr.ts'
import { relativeTime } from '../render/relative-time.ts'
import { safeText } from '../render/safe-text.ts'
import { table } from './device-commands.ts'
import { describePeer, describeRemoval } from './peer-words.ts'

const invite: Command = {
  name: 'pair invite',
  takes: '',
  help: 'print a ticket that lets one other device join yours, within ten minutes',
  async run({ client, output }) {
    const view = await client.call<InviteView>('POST', '/v1/pair/invite')
    output.answer(view, () => {
      const picture = qrLines(view.ticket.toUpperCase(), { width: output.width, color: output.color })
      return [
        ...(picture ?? []),
        'On the other device, before ' + new Date(view.expiresAt).toLocaleTimeString() + ':',
        `  aico-mesh pair join ${view.ticket}`,
        'Whoever has this ticket can join once. It shares nothing by itself: consent is given separately.',
      ].join('\n')
    })
  },
}

const join: Command = {
  name: 'pair join',
  takes: 'TICKET',
  help: 'join the devices of whoever made the ticket',
  words: [1, 64],
  async run({ client, output, words }) {
    // A ticket broken into lines by a terminal or a chat arrives as several words.
    const paired = await client.call<PairedView>('POST', '/v1/pair/join', { ticket: words.join('') })
    output.answer(paired, () => `Paired with ${safeText(paired.name)}. Nothing is shared until one of you consents.`)
  },
}

const nearby: Command = {
  name: 'pair nearby',
  takes: '',
  help: 'devices that announce themselves on this network',
  async run({ client, output }) {
    const view = await client.call<{ nearby: readonly NearbyView[] }>('GET', '/v1/pair/nearby')
    output.answer(view, () =>
      view.nearby.length === 0
        ? 'Nobody announces itself here. Some networks filter this; tickets work all the same.'
        : table(
            output,
            ['device', 'waiting to pair', 'address'],
            view.nearby.map((device) => [
              device.name === null ? 'not paired' : safeText(device.name),
              device.pairing ? 'yes' : '',
              device.addresses[0] ?? '',
            ]),
          ),
    )
  },
}

const devicesList: Command = {
  name: 'devices list',
  takes: '',
  help: 'the devices of your mesh, and who added them',
  async run({ client, output }) {
    const view = await client.callAnyway<DeviceList>('GET', '/v1/devices')
    const nameOf = (id: string | null): string => safeText(view.devices.find((d) => d.deviceId === id)?.name ?? '')
    output.answer(view, () => {
      if (view.removedBy !== null) return describeRemoval(view.removedBy)
      return table(
        output,
        ['device', 'state', 'added by', 'id'],
        view.devices.map((device) => [
          safeText(device.name),
          device.self ? 'this device' : (describePeer(device).split(': ').at(-1) ?? ''),
          nameOf(device.addedBy),
          device.deviceId,
        ]),
      )
    })
  },
}

const devicesRemove: Command = {
  name: 'devices remove',
  takes: 'DEVICE [--yes]',
  help: 'remove a device from the mesh; every grant to it ends',
  options: { yes: { type: 'boolean' } },
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
  async run({ client, output }) {
    const view = await client.call<PeersView>('GET', '/v1/peers')
    output.answer(view, () => {
      if (view.removedBy !== null) return describeRemoval(view.removedBy)
      return view.peers.length === 0
        ? 'No paired devices yet. Start with: aico-mesh pair invite'
        : table(
            output,
            ['device', 'state', 'in step', 'waiting', 'in', 'out', 'clock'],
            view.peers.map((peer) => [
              safeText(peer.name),
              describePeer(peer).split(': ').at(-1) ?? '',
              peer.syncedUnixMs === null ? 'never' : relativeTime(peer.syncedUnixMs, Date.now()),
              `${peer.pendingSegments} segments`,
              `${peer.segmentsIn} (${kib(peer.bytesIn)})`,
              `${peer.segmentsOut} (${kib(peer.bytesOut)})`,
              peer.clock === null
                ? 'not measured'
                : `${signed(peer.clock.offsetMs)} ± ${peer.clock.errorMs.toFixed(1)} ms`,
            ]),
          )
    })
  },
}

export const meshCommands: readonly Command[] = [invite, join, nearby, devicesList, devicesRemove, peers]

function kib(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KiB`
}

function signed(ms: number): string {
  return `${ms < 0 ? '' : '+'}${ms.toFixed(1)}`
}
