import { describe, expect, test } from 'vitest'
import type { NotificationId } from '../../../../src/policy/notifications/catalogue.ts'
import {
  decideNotification,
  MAX_IN_ALL,
  MAX_OF_SOURCE,
  MERGE_WINDOW_MS,
  RATE_WINDOW_MS,
  type News,
  type Recent,
} from '../../../../src/policy/notifications/decide-notification.ts'
import { DEFAULT_SETTINGS, readSettings } from '../../../../src/policy/notifications/notification-settings.ts'
import { isQuiet, quietHoursText, readQuietHours } from '../../../../src/policy/notifications/quiet-hours.ts'

const NOW = { unixMs: 1_700_000_000_000, minute: 12 * 60 }
const KEPT = { is: 'kept', told: 'now' }

function news(id: NotificationId, args: News['args'] = {}): News {
  return { id, args }
}
function recent(number: number, id: NotificationId, args: News['args'] = {}, agoMs = 1_000): Recent {
  return { number, id, args, firstUnixMs: NOW.unixMs - agoMs }
}
function many(
  count: number,
  id: NotificationId,
  argsOf: (n: number) => News['args'],
  agoMs?: number,
): readonly Recent[] {
  return Array.from({ length: count }, (_, n) => recent(n, id, argsOf(n), agoMs))
}
const phone = { device: 'Phone' }
const joined = (n: number): News['args'] => ({ device: `Device ${n}` })
const said =
  (module: string) =>
  (n: number): News['args'] => ({ module, text: `${n}` })

describe('merging', () => {
  test.each([
    { name: 'the same a moment ago', before: [recent(7, 'device.joined', phone)], is: { is: 'merged', into: 7 } },
    {
      name: 'the same at the end of the window',
      before: [recent(7, 'device.joined', phone, MERGE_WINDOW_MS - 1)],
      is: { is: 'merged', into: 7 },
    },
    { name: 'the same after the window', before: [recent(7, 'device.joined', phone, MERGE_WINDOW_MS)], is: KEPT },
    { name: 'of another device', before: [recent(7, 'device.joined', { device: 'TV' })], is: KEPT },
    { name: 'another id with the same arguments', before: [recent(7, 'device.left', phone)], is: KEPT },
    { name: 'fewer arguments', before: [recent(7, 'device.joined')], is: KEPT },
    {
      name: 'a clock that was put back by an hour keeps nothing untold',
      before: [recent(7, 'device.joined', phone, -3_600_000)],
      is: KEPT,
    },
  ])('[NT5] $name', ({ before, is }) => {
    expect(decideNotification(news('device.joined', phone), before, DEFAULT_SETTINGS, NOW)).toEqual(is)
  })
})

describe('limits', () => {
  const full = many(MAX_OF_SOURCE, 'device.joined', joined)
  const all = Array.from({ length: MAX_IN_ALL / 4 }, (_, module) =>
    many(4, 'module.message', said(`m${module}`)),
  ).flat()
  const another = news('module.message', { module: 'Voice', text: 'hello' })
  const own = (['agent.recovered', 'device.left', 'plugin.refused', 'error.returned'] as const).flatMap((id) =>
    many(MAX_OF_SOURCE, id, said(id)),
  )

  test.each([
    { name: 'one below that of its source', before: full.slice(1), of: news('device.joined', phone), is: KEPT },
    {
      name: 'that of its source',
      before: full,
      of: news('device.joined', phone),
      is: { is: 'dropped', limit: 'source' },
    },
    { name: 'another category has its own', before: full, of: news('agent.recovered'), is: KEPT },
    {
      name: 'what is long ago does not count',
      before: many(MAX_OF_SOURCE, 'device.joined', joined, RATE_WINDOW_MS),
      of: news('device.joined', phone),
      is: KEPT,
    },
    {
      name: 'a module that says a lot',
      before: many(MAX_OF_SOURCE, 'module.message', said('Core')),
      of: news('module.message', { module: 'Core', text: 'more' }),
      is: { is: 'dropped', limit: 'source' },
    },
    {
      name: 'leaves another one its turn',
      before: many(MAX_OF_SOURCE, 'module.message', said('Core')),
      of: news('module.message', { module: 'Voice', text: 'hello' }),
      is: KEPT,
    },
    { name: 'one below that of all modules', before: all.slice(1), of: another, is: KEPT },
    { name: 'that of all modules', before: all, of: another, is: { is: 'dropped', limit: 'all' } },
    { name: 'which leaves the agent its own', before: all, of: news('storage.full'), is: KEPT },
    { name: 'that of the agent', before: own, of: news('storage.full'), is: { is: 'dropped', limit: 'all' } },
    { name: 'which leaves the modules theirs', before: own, of: another, is: KEPT },
  ])('[NT6] $name', ({ before, of, is }) => {
    expect(decideNotification(of, before, DEFAULT_SETTINGS, NOW)).toEqual(is)
  })

  const alerts = many(MAX_IN_ALL, 'security.module-refused', (n) => ({ module: `m${n}` }))
  test.each([
    { name: 'an alert comes through all limits', before: [...all, ...alerts], of: news('security.put-back'), is: KEPT },
    { name: 'and leaves the others theirs', before: alerts, of: news('agent.recovered'), is: KEPT },
    {
      name: 'but is merged',
      before: alerts,
      of: news('security.module-refused', { module: 'm3' }),
      is: { is: 'merged', into: 3 },
    },
  ])('[NT7] $name', ({ before, of, is }) => {
    expect(decideNotification(of, before, DEFAULT_SETTINGS, NOW)).toEqual(is)
  })
})

describe('when it is told', () => {
  const night = { fromMinute: 22 * 60, toMinute: 7 * 60 }
  const at = (minute: number) => ({ ...NOW, minute })
  test.each([
    { name: '[NT9] muted', id: 'agent.recovered', settings: { muted: ['agent'] }, minute: 720, told: 'muted' },
    {
      name: '[NT9] another is muted',
      id: 'agent.recovered',
      settings: { muted: ['modules'] },
      minute: 720,
      told: 'now',
    },
    {
      name: '[NT9] alerts too',
      id: 'security.put-back',
      settings: { muted: ['security'] },
      minute: 720,
      told: 'muted',
    },
    { name: '[NT10] at night', id: 'agent.recovered', settings: { quiet: night }, minute: 23 * 60, told: 'quiet' },
    { name: '[NT10] by day', id: 'agent.recovered', settings: { quiet: night }, minute: 720, told: 'now' },
    { name: '[NT10] a warning waits', id: 'storage.full', settings: { quiet: night }, minute: 0, told: 'quiet' },
    { name: '[NT10] an alert does not', id: 'security.put-back', settings: { quiet: night }, minute: 0, told: 'now' },
    {
      name: '[NT9] muted and at night',
      id: 'agent.recovered',
      settings: { muted: ['agent'], quiet: night },
      minute: 0,
      told: 'muted',
    },
  ] as const)('$name', ({ id, settings, minute, told }) => {
    const chosen = { ...DEFAULT_SETTINGS, ...settings }
    expect(decideNotification(news(id), [], chosen, at(minute))).toEqual({ is: 'kept', told })
  })
})

describe('quiet hours', () => {
  test.each([
    { text: '22:00-07:00', minute: 21 * 60 + 59, quiet: false },
    { text: '22:00-07:00', minute: 22 * 60, quiet: true },
    { text: '22:00-07:00', minute: 0, quiet: true },
    { text: '22:00-07:00', minute: 6 * 60 + 59, quiet: true },
    { text: '22:00-07:00', minute: 7 * 60, quiet: false },
    { text: '12:30-13:00', minute: 12 * 60 + 29, quiet: false },
    { text: '12:30-13:00', minute: 12 * 60 + 30, quiet: true },
    { text: '12:30-13:00', minute: 13 * 60, quiet: false },
  ])('[NT10] $text is quiet at minute $minute: $quiet', ({ text, minute, quiet }) => {
    const hours = readQuietHours(text)
    if (hours === undefined) throw new Error('not read')
    expect(isQuiet(hours, minute)).toBe(quiet)
    expect(quietHoursText(hours)).toBe(text)
  })

  test.each([
    '',
    'off',
    '22-07',
    '24:00-07:00',
    '22:60-07:00',
    '7:00-22:00',
    '08:00-08:00',
    '22:00-07:00 ',
    '-1:00-02:00',
  ])('[NT10] %j is refused', (text) => expect(readQuietHours(text)).toBeUndefined())
})

describe('stored settings', () => {
  test.each([
    { name: 'nothing', value: undefined, is: DEFAULT_SETTINGS },
    { name: 'no object', value: 'muted', is: DEFAULT_SETTINGS },
    {
      name: 'what is whole',
      value: { muted: ['agent'], quiet: { fromMinute: 1, toMinute: 0 }, desktop: true },
      is: { muted: ['agent'], quiet: { fromMinute: 1, toMinute: 0 }, desktop: true },
    },
    {
      name: 'what is wrong in each part',
      value: { muted: ['agent', 'agent', 'none', 3], quiet: { fromMinute: 1440, toMinute: 0 }, desktop: 'yes' },
      is: { muted: ['agent'], quiet: undefined, desktop: false },
    },
    { name: 'hours of no length', value: { quiet: { fromMinute: 5, toMinute: 5 } }, is: DEFAULT_SETTINGS },
    { name: 'half a minute', value: { quiet: { fromMinute: 0.5, toMinute: 5 } }, is: DEFAULT_SETTINGS },
  ])('[NT11] $name', ({ value, is }) => expect(readSettings(value)).toEqual(is))
})
