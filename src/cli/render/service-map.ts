/** The map of services in words: who calls whom, how often and how it went. */
import type { MapEdge, MapNode, ServiceMap } from '../../agent/http-types/search.ts'
import { painter } from './colour.ts'
import { formatDurationMs } from './duration.ts'
import { plural } from './plural.ts'
import { asciiText, safeText } from './safe-text.ts'
import { serviceLabel } from './service-label.ts'
import { errorCell, type SearchTableOptions } from './statistics-table.ts'
import { renderTable, type Column } from './table.ts'
import { wrapText } from './wrap-text.ts'

const COLUMNS: readonly Column[] = [
  { title: 'from', minWidth: 8 },
  { title: '' },
  { title: 'to', minWidth: 8 },
  { title: 'times', align: 'right' },
  { title: 'errors', align: 'right' },
  { title: 'p50', align: 'right', dropOrder: 1 },
  { title: 'p95', align: 'right', dropOrder: 2 },
]
const VIA: Readonly<Record<MapEdge['via'], string>> = { call: 'calls', message: 'sends to', link: 'is linked to by' }

export function renderServiceMap(map: ServiceMap, { width, color, ascii = false }: SearchTableOptions): string {
  if (map.nodes.length === 0) return 'No such span.\n'
  const label = labeller(map.nodes)
  const took = (ms: number): string => formatDurationMs(ms, { ascii })
  const rows = map.edges.map(({ from, to, via, count, errors, p50Ms, p95Ms }) => [
    label(from),
    { text: VIA[via], styles: ['dim'] as const },
    label(to),
    count.toLocaleString('en-US'),
    errorCell(errors, count),
    took(p50Ms),
    took(p95Ms),
  ])
  const table = rows.length === 0 ? '' : renderTable(COLUMNS, rows, { width, paint: painter(color), ascii })
  const clean = ascii ? asciiText : safeText
  const notes = notesOf(map, label).flatMap((note) => wrapText(clean(note), { width }))
  return table + notes.map((line) => `${line}\n`).join('')
}

function notesOf(
  { nodes, edges, unknownCallers, leftOut }: ServiceMap,
  label: (id: number) => string,
): readonly string[] {
  const joined = new Set(edges.flatMap(({ from, to }) => [from, to]))
  const alone = nodes.filter(({ id, spans }) => !joined.has(id) && spans > 0).map(({ id }) => label(id))
  return [
    ...(alone.length > 0 ? [`Without calls between services: ${alone.join(', ')}.`] : []),
    ...(unknownCallers > 0 ? [`Of ${plural(unknownCallers, 'call')} the caller is not here.`] : []),
    ...(leftOut > 0 ? [`${plural(leftOut, 'span or call')} found no room on the map.`] : []),
  ]
}

/** With the device where there are several. */
function labeller(nodes: readonly MapNode[]): (id: number) => string {
  const hasDevices = new Set(nodes.map(({ deviceId }) => deviceId)).size > 1
  const labels = new Map(
    nodes.map((node) => [node.id, hasDevices ? `${node.deviceName}: ${serviceLabel(node)}` : serviceLabel(node)]),
  )
  return (id) => labels.get(id) ?? '?'
}
