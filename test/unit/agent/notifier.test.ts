/** Where the person is told: what goes to the bus, to followers and to the desktop. */
import { expect, test } from 'vitest'
import { MAX_FOLLOWERS, MAX_WAITING_LINES, Notifier } from '../../../src/agent/notifier.ts'
import type { NotificationView } from '../../../src/agent/http-types/notifications.ts'
import type { ToldNotification } from '../../../src/agent/keeper/notices.ts'
import type { AgentPublication } from '../../../src/bus/bus.ts'
import type { DesktopMessage } from '../../../src/platform/desktop-notifier.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const TOLD: ToldNotification = {
  number: 4,
  id: 'device.joined',
  args: { device: 'Phone' },
  unixMs: 1_700_000_000_000,
  onDesktop: false,
}

function harness() {
  const published: AgentPublication[] = []
  const shown: DesktopMessage[] = []
  const notifier = new Notifier({
    log: silent,
    keeper: () => ({ call: () => Promise.reject(new Error('gone')) }),
    publish: (publication) => published.push(publication),
    desktop: { show: (message) => shown.push(message) },
  })
  return { notifier, published, shown }
}

/** Follows until `count` lines have come. */
async function followed(notifier: Notifier, count: number, during: () => void): Promise<readonly NotificationView[]> {
  const lines: NotificationView[] = []
  const end = new AbortController()
  const stream = notifier.follow()
  during()
  await stream(async (line) => {
    lines.push(JSON.parse(line) as NotificationView)
    if (lines.length === count) end.abort()
  }, end.signal)
  return lines
}

test('[NT13] what is published is told by its category, in the shape of the page', async () => {
  const { notifier, published } = harness()
  await notifier.start()
  notifier.tell(TOLD)
  const [{ topic, contentType, body } = { topic: '', contentType: '', body: new Uint8Array() }] = published
  expect({ topic, contentType }).toEqual({ topic: 'notifications/devices', contentType: 'application/json' })
  expect(JSON.parse(new TextDecoder().decode(body))).toEqual({
    v: 1,
    id: 'device.joined',
    category: 'devices',
    severity: 'info',
    message: 'Phone joined your devices.',
    action: 'aico-mesh devices list',
    time_unix_ms: 1_700_000_000_000,
  })
})

test('[NT16] the desktop shows only what is to be shown there, an alert as urgent', async () => {
  const { notifier, shown } = harness()
  await notifier.start()
  notifier.tell(TOLD)
  notifier.tell({ ...TOLD, onDesktop: true })
  notifier.tell({ ...TOLD, id: 'security.put-back', args: {}, onDesktop: true })
  expect(shown).toEqual([
    { text: 'Phone joined your devices.', isUrgent: false },
    { text: expect.stringContaining('older state') as string, isUrgent: true },
  ])
})

test('[NT4] what is told before the start waits for it', async () => {
  const { notifier, published } = harness()
  notifier.tell(TOLD)
  expect(published).toEqual([])
  await notifier.start()
  expect(published).toHaveLength(1)
})

test('[NT15] a follower gets what comes from then on; of a slow one the oldest lines go', async () => {
  const { notifier } = harness()
  await notifier.start()
  notifier.tell({ ...TOLD, number: 0 })
  const lines = await followed(notifier, MAX_WAITING_LINES, () => {
    for (let number = 1; number <= MAX_WAITING_LINES + 1; number++) notifier.tell({ ...TOLD, number })
  })
  expect(lines.map(({ number }) => number)).toEqual(Array.from({ length: MAX_WAITING_LINES }, (_, n) => n + 2))
})

test('[NT15] no more than 16 follow at once, and one that ends makes room', async () => {
  const { notifier } = harness()
  await notifier.start()
  const streams = Array.from({ length: MAX_FOLLOWERS }, () => notifier.follow())
  expect(() => notifier.follow()).toThrow(expect.objectContaining({ code: 'TAIL_BUSY' }))
  await streams[0]?.(async () => undefined, AbortSignal.abort())
  expect(() => notifier.follow()).not.toThrow()
})

test('[NT15] a stop ends those who follow', async () => {
  const { notifier } = harness()
  await notifier.start()
  const stream = notifier.follow()(async () => undefined, new AbortController().signal)
  await notifier.stop()
  await expect(stream).resolves.toBeUndefined()
})

test('[NT4] raising never fails its caller, even if the store thread is gone', () => {
  expect(() => harness().notifier.raise('storage.full', {})).not.toThrow()
})
