/** What is said of carrying. */
import type { BehindView, CarriedView, CarrierView, CarryView, RelayedView } from '../../agent/http-types/carry.ts'
import { formatSize } from './data-size.ts'
import type { NameOf } from './audit-words.ts'
import { plural } from './plural.ts'
import { relativeTime } from './relative-time.ts'
import type { Column } from './table.ts'

const COLUMNS: readonly Column[] = [
  { title: 'of', minWidth: 6 },
  { title: 'for', minWidth: 6 },
  { title: 'segments', align: 'right' },
  { title: 'size', align: 'right' },
  { title: 'state' },
]
const STATES: Readonly<Record<CarriedView['standing'], string>> = {
  open: 'in force',
  paused: 'paused: not heard of for too long',
  ended: 'ended',
}
const REFUSALS: Readonly<Record<string, string>> = {
  CARRY_OFF: 'it is not set to carry (there: aico-mesh carry on)',
  CARRY_FULL: 'it has no room left',
  CARRY_NO_GRANT: 'it knows of no consent to carry yet',
  STORE_FULL: 'its disk is full',
}

export function carryState({ on, maxBytes, carried }: CarryView): string {
  const bytes = carried.reduce((sum, each) => sum + each.bytes, 0)
  if (!on) return 'This device carries nothing for others. Let it: aico-mesh carry on'
  return `This device carries for others that consent to it: ${formatSize(bytes)} of at most ${formatSize(maxBytes)}. It cannot read any of it.`
}

export function carriedTable(
  carried: readonly CarriedView[],
  nameOf: NameOf,
): { readonly columns: readonly Column[]; readonly rows: readonly (readonly string[])[] } {
  const rows = carried.map(({ deviceId, readers, segments, bytes, standing }) => [
    nameOf(deviceId),
    readers.length === 0 ? 'nobody yet' : readers.map((reader) => nameOf(reader)).join(', '),
    String(segments),
    formatSize(bytes),
    STATES[standing],
  ])
  return { columns: COLUMNS, rows }
}

/** One line about each carrier of ours. */
export function carrierLines(carriers: readonly CarrierView[], nameOf: NameOf): readonly string[] {
  return carriers.map(({ deviceId, refused, refusedAt, receipts }) => {
    const name = nameOf(deviceId)
    const [latest] = receipts.map(({ at }) => at).toSorted((a, b) => (a < b ? 1 : -1))
    const kept =
      latest === undefined
        ? `${name} has taken nothing yet`
        : `${name} signed for ${plural(receipts.length, 'log')}, last ${ago(latest)}`
    if (refused === null) return `${kept}.`
    const since = refusedAt === null ? '' : ` since ${ago(refusedAt)}`
    return `${kept}. It takes nothing more${since}: ${REFUSALS[refused] ?? refused}.`
  })
}

export function relayedLines(relayed: readonly RelayedView[], nameOf: NameOf): readonly string[] {
  return relayed.map(({ deviceId, at, missing }) => {
    const said = `${nameOf(deviceId)}, as of ${ago(at)}`
    if (missing === 0) return `${said}: everything it had for this device is here.`
    return `${said}: ${plural(missing, 'segment')} that it had for this device ${missing === 1 ? 'is' : 'are'} not here.`
  })
}

export function behindLines(behind: readonly BehindView[], nameOf: NameOf): readonly string[] {
  return behind.map(
    ({ deviceId, segments }) =>
      `${nameOf(deviceId)} brought word of ${plural(segments, 'segment')} more than it brought: it is behind, or keeps them back.`,
  )
}

function ago(time: string): string {
  return relativeTime(Date.parse(time), Date.now())
}
