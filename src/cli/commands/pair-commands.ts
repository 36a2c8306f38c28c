/** Pairing devices: with a ticket that is carried from one to the other, or nearby, with a code that a person compares. */
import type { ComparisonView, InviteView, NearbyView, PairedView } from '../../agent/http-types/device.ts'
import { nodeClock } from '../../platform/node-clock.ts'
import type { AgentClient } from '../agent-client.ts'
import type { Command } from '../command.ts'
import { yesOrNo } from '../confirm.ts'
import type { Output } from '../output.ts'
import { codeWords, headlessWords, othersWords, pairedWords } from '../render/pair-words.ts'
import { qrLines } from '../render/qr.ts'
import { relativeTime } from '../render/relative-time.ts'
import { safeText } from '../render/safe-text.ts'
import { wrapText } from '../render/wrap-text.ts'
import { table } from './answer-table.ts'

/** After so long without anybody, in milliseconds, a person is told what may be the matter. */
const NOBODY_YET_MS = 15_000

const invite: Command = {
  name: 'pair invite',
  takes: '',
  help: 'print a ticket that lets one other device join yours, within ten minutes',
  details: ['The ticket is printed as a QR code and as text. It needs the pro stage. It shares nothing by itself.'],
  examples: ['pair invite'],
  async run({ client, output }) {
    const view = await client.call<InviteView>('POST', '/v1/pair/invite')
    output.answer(view, () => {
      const { width, color } = output
      const until = `${view.expiresAt.slice(11, 16)} UTC (${relativeTime(Date.parse(view.expiresAt), Date.now())})`
      const warning = 'Whoever has this ticket can join once. It shares nothing by itself: consent is given separately.'
      return [
        ...(qrLines(view.ticket.toUpperCase(), { width, color }) ?? []),
        `On the other device, before ${until}:`,
        `  aico-mesh pair join ${view.ticket}`,
        ...wrapText(warning, { width }),
      ].join('\n')
    })
  },
}

const join: Command = {
  name: 'pair join',
  takes: 'TICKET',
  help: 'join the devices of whoever made the ticket',
  details: ['A ticket may be pasted with line breaks and in any case.'],
  examples: ['pair join aicomesh1…'],
  words: [1, 64],
  async run({ client, output, words }) {
    // A ticket broken into lines by a terminal or a chat arrives as several words.
    const paired = await client.call<PairedView>('POST', '/v1/pair/join', { ticket: words.join('') })
    output.answer(paired, () => pairedWords(paired))
  },
}

const nearby: Command = {
  name: 'pair nearby',
  takes: '',
  help: 'pair with a device on this network: run it on both, and compare what they show',
  details: [
    'Both devices show the same seven pictures (and the same as numbers) unless somebody stands in between. You are asked on each whether they are the same. It needs the pro stage. It shares nothing by itself.',
    'Without a terminal, and with --json, it ends when there is a code; pair confirm and pair reject then answer, within a minute.',
  ],
  examples: ['pair nearby', 'pair nearby --look'],
  options: { look: { type: 'boolean', help: 'only look who announces itself on this network' } },
  async run({ client, output, options }) {
    if (options['look'] === true) return listNearby(client, output)
    const view = await findNearby(client, output)
    if (output.json || !process.stdin.isTTY) return output.answer(view, () => headlessWords(view, output.width))
    output.hint(codeWords(view))
    output.hint(othersWords(view))
    const paired = await compare(client, output, view)
    output.answer(paired, () => pairedWords(paired))
  },
}

const confirmCode: Command = {
  name: 'pair confirm',
  takes: 'CODE',
  help: 'answer pair nearby: the code that the other device shows',
  details: [
    'CODE is the three numbers of the other device, or its seven pictures by name, in order. If it is not the code that this device shows, the pairing ends on both.',
    'It waits until the other device has been confirmed too.',
  ],
  examples: ['pair confirm 4231 8087 1590', 'pair confirm dog moon key pizza anchor train santa'],
  words: [1, 24],
  async run({ client, output, words }) {
    const paired = await client.call<PairedView>('POST', '/v1/pair/confirm', { code: words.join(' ') })
    output.answer(paired, () => pairedWords(paired))
  },
}

const rejectCode: Command = {
  name: 'pair reject',
  takes: '',
  help: 'answer pair nearby: the other device shows another code',
  details: ['The pairing ends on both devices, and both keep a warning of it.'],
  examples: ['pair reject'],
  async run({ client, output }) {
    const answer = await client.call('POST', '/v1/pair/reject')
    output.answer(answer, () => 'The pairing has ended on both devices. Nothing was shared.')
  },
}

export const pairCommands: readonly Command[] = [invite, join, nearby, confirmCode, rejectCode]

async function findNearby(client: AgentClient, output: Output): Promise<ComparisonView> {
  output.hint('Looking for a device nearby. Run the same there, within 5 minutes: aico-mesh pair nearby')
  const cancel = nodeClock.after(NOBODY_YET_MS, () =>
    output.hint('Nobody yet. Some networks keep devices apart; a ticket works all the same: aico-mesh pair invite'),
  )
  try {
    return await client.call<ComparisonView>('POST', '/v1/pair/nearby')
  } finally {
    cancel()
  }
}

/** Asks the person; what happens on the other device meanwhile ends the question. */
async function compare(client: AgentClient, output: Output, { name }: ComparisonView): Promise<PairedView> {
  const ended = new AbortController()
  const outcome = client.call<PairedView>('GET', '/v1/pair/outcome')
  outcome.catch(() => ended.abort())
  const question = `Does ${safeText(name)} show exactly the same, in the same order?`
  const isSame = await yesOrNo(question, ended.signal).catch(async (err: unknown) => {
    if (!ended.signal.aborted) await client.call('POST', '/v1/pair/cancel')
    throw err
  })
  if (isSame === undefined) return outcome
  if (!isSame) await client.call('POST', '/v1/pair/reject')
  else {
    output.hint(`Waiting for a yes on ${safeText(name)} …`)
    await client.call('POST', '/v1/pair/confirm')
  }
  return outcome
}

async function listNearby(client: AgentClient, output: Output): Promise<void> {
  const view = await client.call<{ nearby: readonly NearbyView[] }>('GET', '/v1/pair/nearby')
  output.answer(view, () =>
    view.nearby.length === 0
      ? wrapText('Nobody announces itself here. Some networks filter this; tickets work all the same.', {
          width: output.width,
        }).join('\n')
      : table(
          output,
          [{ title: 'device', minWidth: 10 }, 'waiting to pair', { title: 'address', minWidth: 16 }],
          view.nearby.map((device) => [
            device.name === null ? 'not paired' : device.name,
            device.pairing ? 'yes' : '',
            device.addresses[0] ?? '',
          ]),
        ),
  )
}
