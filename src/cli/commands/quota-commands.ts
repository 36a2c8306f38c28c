/** How much a source may keep: a module, a device, or a module of a device. */
import type { QuotaUseView, QuotaView } from '../../agent/http-types/device.ts'
import { usage } from '../cli-error.ts'
import type { Command } from '../command.ts'
import { oneOf } from '../option-values.ts'
import { parseSize, refuseSize } from '../parse-size.ts'
import { quotaTable, quotaWords } from '../render/quota-words.ts'
import { table } from './answer-table.ts'
import { deviceNames } from './device-names.ts'
import { STORED_LANES } from './stored-lanes.ts'

const list: Command = {
  name: 'store quota list',
  takes: '',
  help: 'how much a module or a device may keep here at most, and what it has',
  details: [
    'What is used is that of the device that has most under the quota, without what is held; --json has each device.',
  ],
  examples: ['store quota list'],
  async run({ client, output }) {
    const view = await client.callAnyway<{ quotas: readonly QuotaUseView[] }>('GET', '/v1/store/quotas')
    const nameOf = output.json ? (id: string) => id : await deviceNames(client)
    output.answer(view, () => {
      if (view.quotas.length === 0) return 'No source has a quota.'
      const { columns, rows } = quotaTable(view.quotas, nameOf)
      return table(output, columns, rows)
    })
  },
}

const set: Command = {
  name: 'store quota set',
  takes: '[LANE]',
  help: 'limit how much a module or a device keeps here: what is over goes, the oldest first',
  details: [
    'With --module, what that module of each device keeps; with --device, what all modules of a device keep together; with both, one module of one device. Without LANE, over all lanes.',
    'Where several fit, the most specific counts, and only that: what has a quota of its own is no part of a wider one. A device ranks before a module, and that before a lane.',
    'What is held stays and does not count. What is dropped here stays on devices that have it.',
  ],
  examples: [
    'store quota set --module hearing --size 200MB',
    'store quota set logs --device phone --module core --size 1GiB',
  ],
  options: {
    size: { type: 'string', value: 'SIZE', isRequired: true, refuse: refuseSize, help: 'at most so much: 500MiB, 4GB' },
    device: { type: 'string', value: 'DEVICE', help: 'only what this device recorded; default each one' },
    module: { type: 'string', value: 'MODULE', help: 'only what this module recorded; default all of the device' },
  },
  words: [0, 1],
  async run({ client, output, words: [lane], options: { size, device, module } }) {
    const refused = lane === undefined ? undefined : oneOf(STORED_LANES)(lane)
    if (refused !== undefined) throw usage(`a lane is ${refused}`)
    if (typeof size !== 'string') throw usage('store quota set needs --size SIZE')
    if (device === undefined && module === undefined) throw usage('name --module MODULE, --device DEVICE or both')
    const asked = { lane, device, module, maxBytes: parseSize(size) }
    const quota = await client.callAnyway<QuotaView>('POST', '/v1/store/quotas', asked)
    const nameOf = output.json ? (id: string) => id : await deviceNames(client)
    output.answer(quota, () =>
      [`${quotaWords(quota, nameOf)}.`, `Give it up with: aico-mesh store quota clear ${quota.id}`].join('\n'),
    )
  },
}

const clear: Command = {
  name: 'store quota clear',
  takes: 'NUMBER',
  help: 'give a quota up: only the limits of the lanes are left',
  details: ['NUMBER is that of the quota, as `store quota list` shows it.'],
  examples: ['store quota clear 2'],
  words: [1, 1],
  async run({ client, output, words }) {
    const [number = ''] = words
    if (!/^\d{1,15}$/.test(number)) throw usage('a quota is named by its number; see aico-mesh store quota list')
    const quota = await client.callAnyway<QuotaView>('DELETE', `/v1/store/quotas/${number}`)
    const nameOf = output.json ? (id: string) => id : await deviceNames(client)
    output.answer(quota, () => `Given up: ${quotaWords(quota, nameOf)}.`)
  },
}

export const quotaCommands: readonly Command[] = [list, set, clear]
