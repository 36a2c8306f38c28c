/** Consent: who may see what, said in plain words before and after. */
import type { ConsentEventView, GrantedView, GrantView, RevokedAllView, RevokedView } from '../../agent/http-types.ts'
import { startOfUtcDay } from '../../base/clock.ts'
import type { Command, CommandContext } from '../command.ts'
import { usage } from '../cli-error.ts'
import { parseEnd, parseTime } from '../parse-time.ts'
import { existingWords, revokedAllWords, revokedWords } from '../render/consent-words.ts'
import { safeText } from '../render/safe-text.ts'
import { deviceNames } from './device-names.ts'
import { table } from './device-commands.ts'

const grant: Command = {
  name: 'consent grant',
  takes: '--to DEVICE --lanes traces,logs [--modules A,B] [--since TIME|all] [--until TIME] [--purpose WORDS]',
  help: 'let a paired device see records of this one',
  options: {
    to: { type: 'string' },
    lanes: { type: 'string' },
    modules: { type: 'string' },
    since: { type: 'string' },
    until: { type: 'string' },
    purpose: { type: 'string' },
  },
  async run({ client, output, options }) {
    const { to, lanes, modules, since, until, purpose } = options
    if (typeof to !== 'string' || typeof lanes !== 'string') throw usage('consent grant needs --to DEVICE and --lanes')
    const now = Date.now()
    const sinceUnixMs = typeof since === 'string' ? parseTime(since, now, '--since') : startOfUtcDay(now)
    const before = await client.call<{ history: readonly ConsentEventView[] }>('GET', '/v1/consent/history')
    const granted = await client.call<GrantedView>('POST', '/v1/consent', {
      to,
      lanes: listOf(lanes),
      modules: typeof modules === 'string' ? listOf(modules) : undefined,
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
  takes: 'GRANT | --to DEVICE',
  help: 'end a grant, or every grant to a device: nothing more is sent under it',
  options: { to: { type: 'string' } },
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
  async run({ client, output }) {
    const view = await client.callAnyway<{ grants: readonly GrantView[] }>('GET', '/v1/consent')
    if (output.json) return output.answer(view, () => '')
    const names = await deviceNames(client)
    output.answer(view, () =>
      view.grants.length === 0
        ? 'Nobody may see anything of anybody.'
        : table(
            output,
            ['state', 'whose', 'may be seen by', 'kinds', 'modules', 'since', 'until', 'grant'],
            view.grants.map((each) => [
              each.state,
              names(each.from),
              names(each.to),
              each.lanes.join(', '),
              each.modules === null ? 'every one' : each.modules.map((module) => safeText(module)).join(', '),
              each.since === null ? 'all kept' : minutes(each.since),
              each.until === null ? 'no end set' : minutes(each.until),
              each.grantId.slice(0, 8),
            ]),
          ),
    )
  },
}

const history: Command = {
  name: 'consent history',
  takes: '',
  help: 'what was granted and revoked, in order',
  async run({ client, output }) {
    const view = await client.callAnyway<{ history: readonly ConsentEventView[] }>('GET', '/v1/consent/history')
    if (output.json) return output.answer(view, () => '')
    const names = await deviceNames(client)
    const verb = { grant: 'let', revoke: 'no longer lets' } as const
    output.answer(view, () =>
      view.history.length === 0
        ? 'Nothing was ever granted.'
        : view.history
            .map(({ at, kind, from, to, grantId }) => {
              return `${minutes(at)}  ${names(from)} ${verb[kind]} ${names(to)} see records  (${grantId.slice(0, 8)})`
            })
            .join('\n'),
    )
  },
}

export const consentCommands: readonly Command[] = [grant, revoke, list, history]

/** A person who revoked and grants again may not expect that the time in between is opened as well. */
function reopensRevokedTime(events: readonly ConsentEventView[], sinceUnixMs: number): boolean {
  return events.some(({ kind, at }) => kind === 'revoke' && Date.parse(at) >= sinceUnixMs)
}

function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}

function minutes(time: string): string {
  return time.slice(0, 16).replace('T', ' ')
}
