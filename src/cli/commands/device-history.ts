/** Who took in and removed whom, as this device knows it, and who else is known to know. */
import type { MembershipEventView } from '../../agent/http-types/device.ts'
import type { Command } from '../command.ts'
import { wholeNumber } from '../option-values.ts'
import { shortIds } from '../render/short-ids.ts'
import { wrapText } from '../render/wrap-text.ts'
import { table } from './answer-table.ts'

const MAX_EVENTS = 500
const LEGEND =
  'When: on the clock of the device that did it. Known here: since when this device knows it. Known to: other devices that have signed it or acted on it since; more may know it.'

export const devicesHistory: Command = {
  name: 'devices history',
  takes: '',
  help: 'who added and removed which device and when, and who knows of it',
  details: ['The oldest comes first. What changed nothing, such as what a removed device made up later, says so.'],
  examples: ['devices history', 'devices history --limit 20'],
  options: {
    limit: { type: 'string', value: 'N', refuse: wholeNumber(1, MAX_EVENTS), help: 'at most so many, the newest' },
  },
  async run({ client, output, options }) {
    const limit = typeof options['limit'] === 'string' ? `?limit=${options['limit']}` : ''
    const view = await client.callAnyway<{ events: readonly MembershipEventView[] }>(
      'GET',
      `/v1/devices/history${limit}`,
    )
    output.answer(view, () =>
      [
        table(
          output,
          [
            'when (UTC)',
            { title: 'what', minWidth: 20 },
            { title: 'known here', dropOrder: 2 },
            { title: 'known to', minWidth: 8, dropOrder: 1 },
          ],
          historyRows(view.events),
        ),
        '',
        ...wrapText(LEGEND, { width: output.width }),
      ].join('\n'),
    )
  },
}

function historyRows(events: readonly MembershipEventView[]): readonly (readonly string[])[] {
  const devices = [...new Set(events.flatMap(({ deviceId, by }) => [deviceId, by]))]
  const short = new Map(shortIds(devices).map((id, at) => [devices[at], id]))
  const called = (name: string | null, id: string): string => name ?? short.get(id) ?? id
  return events.map((event) => [
    minute(event.at),
    what(event, called(event.name, event.deviceId), called(event.byName, event.by)),
    event.learnedAt === null ? '' : minute(event.learnedAt),
    event.knownBy.map(({ name, deviceId }) => called(name, deviceId)).join(', '),
  ])
}

function what({ kind, counts }: MembershipEventView, device: string, by: string): string {
  const words = kind === 'founded' ? `${device} began this mesh` : `${device} was ${kind} by ${by}`
  return counts ? words : `${words}: changed nothing`
}

function minute(time: string): string {
  return time.slice(0, 16).replace('T', ' ')
}
