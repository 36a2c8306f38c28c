/** Carrying: whether this device keeps for others what it cannot read, for whom and how much, and who does so for it. */
import type { CarryView } from '../../agent/http-types/carry.ts'
import type { Command, CommandContext } from '../command.ts'
import { parseSize, refuseSize } from '../parse-size.ts'
import { behindLines, carriedTable, carrierLines, carryState, relayedLines } from '../render/carry-words.ts'
import { table } from './answer-table.ts'
import { deviceNames } from './device-names.ts'

const ABOUT =
  'A carrier keeps sealed records of other devices and brings them to those who may see them. It cannot read them.'

const list: Command = {
  name: 'carry list',
  takes: '',
  help: 'what this device carries for others, and who carries for it',
  details: [ABOUT, '--json has every receipt, signed by the carrier that gave it.'],
  examples: ['carry list'],
  async run(context) {
    await show(context, await context.client.callAnyway<CarryView>('GET', '/v1/carry'))
  },
}

const on: Command = {
  name: 'carry on',
  takes: '',
  help: 'let this device carry for others that consent to it',
  details: [
    ABOUT,
    'Each owner consents on its own device: aico-mesh consent grant --to DEVICE --may carry --lanes A,B',
    'Every owner gets an equal part of the room. What is 30 days old goes.',
  ],
  examples: ['carry on', 'carry on --max 4GiB'],
  options: {
    max: {
      type: 'string',
      value: 'SIZE',
      refuse: refuseSize,
      help: 'room for all of it; default as before, at first 1GiB',
    },
  },
  async run(context) {
    const { max } = context.options
    const maxBytes = typeof max === 'string' ? parseSize(max) : undefined
    await show(context, await context.client.callAnyway<CarryView>('POST', '/v1/carry', { on: true, maxBytes }))
  },
}

const off: Command = {
  name: 'carry off',
  takes: '',
  help: 'carry nothing any more: what is carried is deleted from this device',
  details: ['The records stay where they were recorded. Owners are told that this device carries nothing.'],
  examples: ['carry off'],
  async run(context) {
    await show(context, await context.client.callAnyway<CarryView>('POST', '/v1/carry', { on: false }))
  },
}

export const carryCommands: readonly Command[] = [list, on, off]

async function show({ client, output }: CommandContext, view: CarryView): Promise<void> {
  if (output.json) return output.answer(view, () => '')
  const nameOf = await deviceNames(client)
  output.answer(view, () => {
    const { columns, rows } = carriedTable(view.carried, nameOf)
    return [
      carryState(view),
      ...(rows.length === 0 ? [] : ['', table(output, columns, rows)]),
      ...section('Who carries for this device:', carrierLines(view.carriers, nameOf)),
      ...section('Who is heard of through others:', [
        ...relayedLines(view.relayed, nameOf),
        ...behindLines(view.behind, nameOf),
      ]),
    ].join('\n')
  })
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]
}
