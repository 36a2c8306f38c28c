/** What is said of grants after one was given or ended. */
import type { GrantView, RevokedAllView, RevokedView } from '../../agent/http-types/device.ts'
import { plural } from './plural.ts'

/** Digits of a grant's id that are shown: the start of an id is enough to name it. */
const SHORT_ID_DIGITS = 8
const NOT_RECALLED = 'What was already received cannot be recalled.'

/** @param nameOf a device's name by its id, safe to print */
export function revokedWords({ stillOpen }: RevokedView, nameOf: (deviceId: string) => string): string {
  const revoked = `Revoked. Nothing more is sent under this grant. ${NOT_RECALLED}`
  const [first] = stillOpen
  if (first === undefined) return revoked
  const name = nameOf(first.to)
  const later = stillOpen.filter(({ state }) => state === 'scheduled')
  const now = (may: GrantView['may']) => stillOpen.filter((each) => each.may === may && !later.includes(each))
  return [
    revoked,
    ...(['see', 'carry'] as const)
      .filter((may) => now(may).length > 0)
      .map((may) => `${name} can still ${may} ${openWords(now(may))}.`),
    ...later.map((each) => `${name} will ${each.may} ${openWords([each])} from ${minutes(each.since)} UTC on.`),
    `To end ${stillOpen.length === 1 ? 'it' : 'them all'}: aico-mesh consent revoke --to ${first.to.slice(0, SHORT_ID_DIGITS)}`,
  ].join('\n')
}

export function revokedAllWords({ grantIds }: RevokedAllView, name: string): string {
  if (grantIds.length === 0) return `No grant to ${name} was in force. Nothing was changed.`
  const ended = `${plural(grantIds.length, 'grant')} to ${name}: ${grantIds.map(shortId).join(', ')}`
  return `Revoked ${ended}. Nothing more is sent to it. ${NOT_RECALLED}`
}

export function existingWords(grantId: string): string {
  return `This was granted before and is still in force, as ${shortId(grantId)}. No other grant was given.`
}

function openWords(grants: readonly GrantView[]): string {
  const lanes = [...new Set(grants.flatMap((each) => each.lanes))]
  const others = plural(grants.length, 'other grant')
  return `${listed(lanes)} under ${others}: ${grants.map(({ grantId }) => shortId(grantId)).join(', ')}`
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`
}

function shortId(grantId: string): string {
  return grantId.slice(0, SHORT_ID_DIGITS)
}

function minutes(time: string | null): string {
  return (time ?? '').slice(0, 16).replace('T', ' ')
}
