/** Consent: who may see what, said in plain words before and after. */
import type {
  ConsentEventView,
  GrantedView,
  GrantView,
  RevokedAllView,
  RevokedView,
} from '../../agent/http-types/device.ts'
import { startOfUtcDay } from '../../base/clock.ts'
import type { Command, CommandContext } from '../command.ts'
import { usage } from '../cli-error.ts'
import { oneOf, someOf, splitList } from '../option-values.ts'
import { parseEnd, parseTime, TIMES_HELP } from '../parse-time.ts'
import type { NameOf } from '../render/audit-words.ts'
import { existingWords, revokedAllWords, revokedWords } from '../render/consent-words.ts'
import { relativeTime } from '../render/relative-time.ts'
import { safeText } from '../render/safe-text.ts'
import { shortIds } from '../render/short-ids.ts'
import type { Column } from '../render/table.ts'
import { deviceNames } from './device-names.ts'
import { table } from './answer-table.ts'

/** Enough to tell the grants of a household apart. */
const GRANT_DIGITS = 8
/** As src/model/lane.ts has them; nothing of the model is known here. */
const LANES = ['traces', 'logs', 'metrics', 'audit', 'documents']
const MAYS = ['see', 'carry']

const grant: Command = {
  name: 'consent grant',
  takes: '',
  help: 'let a paired device see records of this one, or carry them to others',
  details: [
    'What was recorded before now is opened too, back to --since: say --since now to open nothing that exists.',
    TIMES_HELP,
    'It is printed in plain words what the grant opens. It ends with: aico-mesh consent revoke GRANT',
  ],
  examples: [
    'consent grant --to laptop --lanes traces,logs',
    'consent grant --to 3f9a12 --lanes logs --since now --until 3d',
    'consent grant --to box --may carry --lanes traces,logs',
  ],
  options: {
    to: { type: 'string', value: 'DEVICE', isRequired: true, help: 'which device: a name, or the start of an id' },
    may: {
      type: 'string',
      value: 'WHAT',
      refuse: oneOf(MAYS),
      help: 'see, or carry: keep them sealed and bring them to those that may see them; default see',
    },
    lanes: {
      type: 'string',
      value: 'A,B',
      isRequired: true,
      refuse: someOf(LANES),
      help: `kinds of records: ${LANES.join(', ')}`,
    },
    modules: {
      type: 'string',
      value: 'A,B',
      help: 'only what these modules recorded; default every one, also those to come',
    },
    since: { type: 'string', value: 'TIME', help: 'the oldest records opened; default today, 00:00 UTC' },
    until: { type: 'string', value: 'TIME', help: 'when it ends by itself; default not before it is revoked' },
    purpose: { type: 'string', value: 'WORDS', help: 'what it is for, kept with the grant' },
  },
  async run({ client, output, options }) {
    const { to, may, lanes, modules, since, until, purpose } = options
    if (typeof to !== 'string' || typeof lanes !== 'string') throw usage('consent grant needs --to DEVICE and --lanes')
    const now = Date.now()
    const sinceUnixMs = typeof since === 'string' ? parseTime(since, now, '--since') : startOfUtcDay(now)
    const before = await client.call<{ history: readonly ConsentEventView[] }>('GET', '/v1/consent/history')
    const granted = await client.call<GrantedView>('POST', '/v1/consent', {
      to,
      may,
      lanes: splitList(lanes),
      modules: typeof modules === 'string' ? splitList(modules) : undefined,
      sinceUnixMs,
      untilUnixMs: typeof until === 'string' ? parseEnd(until, now, '--until') : undefined,
      purpose,
    })
    output.answer(granted, () =>
      [
        ...(granted.existing ? [existingWords(granted.grantId), ''] : []),
        granted.notice,
        '',
        `End it with: aico-mesh consent revoke ${granted.grantId}`,
      ].join('\n'),
    )
    if (may === 'carry') output.hint('\nIt carries once its own person has said so, there: aico-mesh carry on')
    if (!granted.existing && reopensRevokedTime(before.history, sinceUnixMs)) {
      output.hint(
        '\nA grant was revoked after the time from which this one opens records: what was recorded in between is opened too.\n' +
          'To leave it out, revoke this grant and give one with --since now.',
      )
    }
  },
}

const revoke: Command = {
  name: 'consent revoke',
  takes: '[GRANT]',
  help: 'end a grant, or every grant to a device: nothing more is sent under it',
  details: [
    'GRANT is the start of its id (4 digits or more), as `consent list` shows it. What was already received cannot be recalled.',
  ],
  examples: ['consent revoke 167e1e15', 'consent revoke --to laptop'],
  options: { to: { type: 'string', value: 'DEVICE', help: 'end every grant to this device, instead of one grant' } },
  words: [0, 1],
  async run(context) {
    const { client, output, options, words } = context
    const { to } = options
    const [grantId] = words
    if (typeof to === 'string' && grantId === undefined) return revokeAll(context, to)
    if (typeof to === 'string' || grantId === undefined)
      throw usage('name a grant, or --to DEVICE for all grants to it')
    const revoked = await client.callAnyway<RevokedView>('DELETE', `/v1/consent/${encodeURIComponent(grantId)}`)
    const nameOf = output.json || revoked.stillOpen.length === 0 ? () => '' : await deviceNames(client)
    output.answer(revoked, () => revokedWords(revoked, nameOf))
  },
}

async function revokeAll({ client, output }: CommandContext, to: string): Promise<void> {
  const revoked = await client.callAnyway<RevokedAllView>('DELETE', `/v1/consent?to=${encodeURIComponent(to)}`)
  output.answer(revoked, () => revokedAllWords(revoked, safeText(to)))
}

const list: Command = {
  name: 'consent list',
  takes: '',
  help: 'every grant this device gave or got, and whether it is in force',
  details: [
    'Oldest first. Since is in UTC; until is open where no end was set. The first digits of a grant name it to `consent revoke`.',
  ],
  examples: ['consent list'],
  async run({ client, output }) {
    const view = await client.callAnyway<{ grants: readonly GrantView[] }>('GET', '/v1/consent')
    if (output.json) return output.answer(view, () => '')
    const names = await deviceNames(client)
    const ids = shortIds(
      view.grants.map(({ grantId }) => grantId),
      GRANT_DIGITS,
    )
    output.answer(view, () =>
      view.grants.length === 0
        ? 'Nobody may see or carry anything of anybody.'
        : table(
            output,
            COLUMNS,
            view.grants.map((each, i) => grantRow(each, ids[i] ?? each.grantId, names)),
          ),
    )
  },
}

const history: Command = {
  name: 'consent history',
  takes: '',
  help: 'what was granted and revoked, in order',
  examples: ['consent history'],
  async run({ client, output }) {
    const view = await client.callAnyway<{ history: readonly ConsentEventView[] }>('GET', '/v1/consent/history')
    if (output.json) return output.answer(view, () => '')
    const names = await deviceNames(client)
    const verb = { grant: 'let', revoke: 'no longer lets' } as const
    output.answer(view, () =>
      view.history.length === 0
        ? 'Nothing was ever granted.'
        : view.history
            .map(({ at, kind, may, from, to, grantId }) => {
              return `${minutes(at)}  ${names(from)} ${verb[kind]} ${names(to)} ${may} records  (${grantId.slice(0, GRANT_DIGITS)})`
            })
            .join('\n'),
    )
  },
}

const COLUMNS: readonly Column[] = [
  { title: 'grant' },
  { title: 'state' },
  { title: 'of', minWidth: 6 },
  { title: 'to', minWidth: 7 },
  { title: 'kinds', minWidth: 10 },
  { title: 'modules', minWidth: 7, dropOrder: 2 },
  { title: 'since' },
  { title: 'until', dropOrder: 1 },
]

export const consentCommands: readonly Command[] = [grant, revoke, list, history]

/** A person who revoked and grants again may not expect that the time in between is opened as well. */
function reopensRevokedTime(events: readonly ConsentEventView[], sinceUnixMs: number): boolean {
  return events.some(({ kind, at }) => kind === 'revoke' && Date.parse(at) >= sinceUnixMs)
}

function grantRow(view: GrantView, id: string, names: NameOf): readonly string[] {
  return [
    id,
    view.state,
    names(view.from),
    view.may === 'see' ? names(view.to) : `${names(view.to)} (to carry)`,
    view.lanes.join(', '),
    view.modules?.join(', ') ?? 'all',
    view.since === null ? 'all kept' : dayOrMinutes(view.since),
    view.until === null ? 'open' : relativeTime(Date.parse(view.until), Date.now()),
  ]
}

/** A day alone where it begins. */
function dayOrMinutes(time: string): string {
  return time.slice(11, 16) === '00:00' ? time.slice(0, 10) : minutes(time)
}

function minutes(time: string): string {
  return time.slice(0, 16).replace('T', ' ')
}
