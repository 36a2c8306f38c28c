/** How fast records may travel between devices. */
import type { SyncLimitsView } from '../../agent/http-types/device.ts'
import type { Command } from '../command.ts'
import { parseRate, refuseRate } from '../parse-rate.ts'
import { formatSize } from '../render/data-size.ts'
import { safeText } from '../render/safe-text.ts'
import { wrapText } from '../render/wrap-text.ts'

export const peersLimit: Command = {
  name: 'peers limit',
  takes: '',
  help: 'show or change how fast records may travel between your devices',
  details: [
    'Rates are of this device with all others together, a second: 500kB, 2MiB; 0 for nothing, none for no limit.',
    'Consents, keys and what says that there is news are small and never wait.',
  ],
  examples: ['peers limit', 'peers limit --up 500kB', 'peers limit --metered wlan1,usb0 --metered-rate 0'],
  options: {
    up: { type: 'string', value: 'RATE', refuse: refuseRate, help: 'what leaves this device at most' },
    down: { type: 'string', value: 'RATE', refuse: refuseRate, help: 'what comes at most' },
    metered: {
      type: 'string',
      value: 'NAMES',
      help: 'interfaces on which every byte costs, with commas; none for none',
    },
    'metered-rate': { type: 'string', value: 'RATE', refuse: refuseMetered, help: 'both ways over those' },
  },
  async run({ client, output, options }) {
    const change = changeOf(options)
    const view =
      Object.keys(change).length === 0
        ? await client.call<SyncLimitsView>('GET', '/v1/sync/limits')
        : await client.call<SyncLimitsView>('POST', '/v1/sync/limits', change)
    output.answer(view, () => wrapText(limitWords(view), { width: output.width }).join('\n'))
  },
}

function refuseMetered(text: string): string | undefined {
  return text === 'none' ? 'a rate; to lift it: --metered none' : refuseRate(text)
}

function changeOf(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { up, down, metered, 'metered-rate': meteredRate } = options
  return {
    ...(typeof up === 'string' ? { up: parseRate(up) } : {}),
    ...(typeof down === 'string' ? { down: parseRate(down) } : {}),
    ...(typeof metered === 'string' ? { metered: metered === 'none' ? null : metered.split(',') } : {}),
    ...(typeof meteredRate === 'string' ? { meteredRate: parseRate(meteredRate) } : {}),
  }
}

export function limitWords({ up, down, metered, meteredRate }: SyncLimitsView): string {
  const names = metered.map((name) => safeText(name)).join(', ')
  const over =
    metered.length === 0 ? 'No network counts as metered.' : `Over ${names}: ${rateWords(meteredRate)} both ways.`
  return `Records leave this device ${rateWords(up)} and come ${rateWords(down)}. ${over}`
}

function rateWords(rate: number | null): string {
  if (rate === null) return 'as fast as they can'
  return rate === 0 ? 'not at all' : `at ${formatSize(rate)} a second at most`
}
