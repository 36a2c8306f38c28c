/** What a device is and does, on a few lines. */
import type { AlarmView, CorruptView, DamagedView, StatusView } from '../../agent/http-types/device.ts'
import { formatDurationMs } from '../render/duration.ts'
import { plural } from '../render/plural.ts'
import { safeText } from '../render/safe-text.ts'
import { shortIds } from '../render/short-ids.ts'
import { wrapText, wrapWords } from '../render/wrap-text.ts'
import { describePeer, describeRemoval } from './peer-words.ts'

export function describeStatus(view: StatusView, width: number): string {
  const { store, mesh } = view
  // At casual whatever takes a technical word is closed or nobody's business but a developer's (CL24).
  const isPlain = view.stage === 'casual'
  const held = [
    `${plural(store.records, 'record')}${isPlain ? ',' : ''}`,
    ...(isPlain ? [] : [`in ${plural(store.segments, 'segment')},`]),
    `${kib(store.bytes)},`,
  ]
  return [
    `${safeText(view.name)} · ${view.stage} stage · running for ${formatDurationMs(view.uptimeMs)}`,
    ...(isPlain ? [] : [row('id', fitting(view.deviceId, width))]),
    row('keys', view.keyStore === 'file' ? 'protected only by file permissions' : 'locked by a passphrase'),
    ...wrapWords([...held, 'encrypted'], { width, lead: row('store', '') }),
    ...wrapText(view.modules.length === 0 ? 'none' : view.modules.join(', '), { width, lead: row('modules', '') }),
    ...(view.held === null ? [] : wrapText(heldWords(view.held), { width, lead: row('held', '') })),
    ...view.corrupt.flatMap(({ part }) => wrapText(CORRUPT[part], { width, lead: row('corrupt', '') })),
    ...view.damaged.flatMap((damaged) => wrapText(damagedWords(damaged), { width, lead: row('damaged', '') })),
    ...(view.diskFullSinceUnixMs === null ? [] : wrapText(FULL, { width, lead: row('disk', '') })),
    ...(view.unreadNotifications === 0
      ? []
      : wrapText(newsWords(view.unreadNotifications), { width, lead: row('news', '') })),
    ...(isPlain
      ? [row('network', 'closed')]
      : [
          row('OTLP', view.otlp ?? 'closed'),
          ...rows('mesh', mesh.listening.length === 0 ? ['closed'] : mesh.listening),
        ]),
    ...rows('peers', mesh.peers.map(describePeer)),
    ...(view.removedBy === null ? [] : [describeRemoval(view.removedBy)]),
    ...describeAlarms(view.alarms, width),
  ].join('\n')
}

/** What keeps this device from sharing, and what to do about it. */
export function describeAlarms(alarms: readonly AlarmView[], width: number): readonly string[] {
  if (alarms.length === 0) return []
  const told = alarms.map(({ code, at, message }) => `ALARM ${code} (${at.slice(0, 19).replace('T', ' ')}): ${message}`)
  const remedy = 'Nothing of this device is shared until you say that you know: aico-mesh audit accept'
  return [...told, remedy].flatMap((text) => wrapText(text, { width }))
}

function newsWords(count: number): string {
  return `${plural(count, 'notification')} you have not read: aico-mesh notifications`
}

function heldWords(code: string): string {
  return `${code}: nothing comes in or leaves until the disk takes what is to be recorded`
}

/** What does not work, and what to do about it. */
const CORRUPT: Readonly<Record<CorruptView['part'], string>> = {
  index:
    'the index in store.db is damaged; no record is lost by that. It is made again by itself; if this stays: aico-mesh store reindex. Where that fails, stop the agent and put back a copy of the home',
  store:
    'a part of store.db cannot be read: what needs it fails, everything else is answered. aico-mesh store reindex makes again what can be made from the records; if it comes back, stop the agent and put back a copy of the home',
  audit:
    'a part of audit.db cannot be read. Stop the agent, then put back a copy of the file, or begin a new audit log: aico-mesh audit set-aside',
}

/** A person cannot do much about it but let the devices meet, and look after the disk. */
function damagedWords({ deviceId, name, self, segments, records }: DamagedView): string {
  const owner = self ? 'this device' : safeText(name ?? shortIds([deviceId])[0] ?? deviceId)
  const what = `${plural(records, 'record')} of ${owner} in ${plural(segments, 'segment')} cannot be read`
  const where = self ? 'paired devices that may see them' : owner
  return `${what}: the disk altered what was stored. Asked for again of ${where}`
}

const FULL = 'full: records are refused until it has room; what is here can be read, and nothing of it is lost'

function rows(name: string, lines: readonly string[]): readonly string[] {
  return lines.map((line, i) => row(i === 0 ? name : '', line))
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(7)}  ${text}`
}

/** The whole id where there is room for it, else as much as commands need. */
function fitting(id: string, width: number): string {
  return row('id', id).length <= width ? id : (shortIds([id])[0] ?? id)
}

function kib(bytes: number): string {
  return `${Math.ceil(bytes / 1024).toLocaleString('en-US')} KiB`
}
