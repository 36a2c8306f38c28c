/**
 * Whether something is told again, kept, and told now: merging, rate limits, muting and quiet hours. Pure, never throws.
 * Rules: docs/spec/notifications.md.
 */
import { categoryOf, severityOf, type NotificationArgs, type NotificationId } from './catalogue.ts'
import type { NotificationSettings } from './notification-settings.ts'
import { isQuiet } from './quiet-hours.ts'

/** The same within this time, in milliseconds, is one that counts. */
export const MERGE_WINDOW_MS = 600_000
/** Time over which notifications are counted for the limits below, in milliseconds. */
export const RATE_WINDOW_MS = 600_000
/** Most of one source in that time: more than anybody reads. A source is a category, or a module that says something. */
export const MAX_OF_SOURCE = 6
/** Most of what the agent says in that time, alerts not counted, and as many of what modules say: their words leave out none of its own. */
export const MAX_IN_ALL = 24

export interface News {
  readonly id: NotificationId
  readonly args: NotificationArgs
}
/** One that is kept, as far as it matters here. */
export interface Recent extends News {
  readonly number: number
  readonly firstUnixMs: number
}
export interface Now {
  readonly unixMs: number
  /** After midnight, local time. */
  readonly minute: number
}
/** `now`: told as it happens. `muted`, `quiet`: kept for whoever asks, and not told. */
export type Told = 'now' | 'muted' | 'quiet'
export type NotificationVerdict =
  | { readonly is: 'merged'; readonly into: number }
  | { readonly is: 'dropped'; readonly limit: 'source' | 'all' }
  | { readonly is: 'kept'; readonly told: Told }

/** @param recent those of the last {@link RATE_WINDOW_MS} and {@link MERGE_WINDOW_MS}; older ones do no harm */
export function decideNotification(
  news: News,
  recent: readonly Recent[],
  settings: NotificationSettings,
  now: Now,
): NotificationVerdict {
  const same = recent.find((each) => isWithin(each, MERGE_WINDOW_MS, now) && isSame(each, news))
  if (same !== undefined) return { is: 'merged', into: same.number }
  const limit = limitReached(news, recent, now)
  if (limit !== undefined) return { is: 'dropped', limit }
  return { is: 'kept', told: toldWhen(news, settings, now) }
}

/** What somebody may be doing to the person is never left out because there is so much of it: merging bounds it. */
function limitReached(news: News, recent: readonly Recent[], now: Now): 'source' | 'all' | undefined {
  if (isAlert(news)) return undefined
  const counted = recent.filter((each) => isWithin(each, RATE_WINDOW_MS, now) && !isAlert(each))
  if (counted.filter((each) => sourceOf(each) === sourceOf(news)).length >= MAX_OF_SOURCE) return 'source'
  return counted.filter((each) => isWords(each) === isWords(news)).length >= MAX_IN_ALL ? 'all' : undefined
}

/** What a module says, and not the agent. */
function isWords({ id }: News): boolean {
  return id === 'module.message'
}

function toldWhen(news: News, { muted, quiet }: NotificationSettings, { minute }: Now): Told {
  if (muted.includes(categoryOf(news.id))) return 'muted'
  return quiet !== undefined && !isAlert(news) && isQuiet(quiet, minute) ? 'quiet' : 'now'
}

function isAlert({ id }: News): boolean {
  return severityOf(id) === 'alert'
}

/** A module that says a lot is no reason to leave out what another says. */
function sourceOf(news: News): string {
  return isWords(news) ? `modules ${news.args['module']}` : categoryOf(news.id)
}

function isSame(a: News, b: News): boolean {
  const names = Object.keys(a.args)
  return a.id === b.id && names.length === Object.keys(b.args).length && names.every((n) => a.args[n] === b.args[n])
}

/** A clock that was put back must not keep anything untold for as long as it was ahead. */
function isWithin({ firstUnixMs }: Recent, windowMs: number, { unixMs }: Now): boolean {
  return Math.abs(unixMs - firstUnixMs) < windowMs
}
