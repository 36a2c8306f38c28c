/**
 * All that a device has, as its own answers say it: through the calls that the command line, the dashboard and peers
 * make, never through tables. Two versions of the store that give the same facts hold the same.
 */
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { keeperApi } from '../../src/agent/keeper/keeper-api.ts'
import type { Keeper } from '../../src/agent/keeper/keeper.ts'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import type { DeviceId, GrantId } from '../../src/model/ids.ts'
import { parseParts } from './finish.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import type { LogLine } from '../../src/query/log-line.ts'
import type { TraceList } from '../../src/query/search/search-traces.ts'
import type { StitchedTrace } from '../../src/query/stitched-trace.ts'
import { MAX_RUN_BYTES, type Sealed } from '../../src/sync/serving.ts'
import { segmentId } from '../../src/wire/segment-header.ts'

export interface StoredFacts {
  readonly device: DeviceId
  readonly name: string
  readonly stage: string
  /** Of all lanes, open ones too. */
  readonly records: number
  /** Newest first. */
  readonly traces: readonly TraceFacts[]
  /** Oldest first. */
  readonly logs: readonly string[]
  readonly peers: readonly PeerFacts[]
  readonly grants: readonly GrantFacts[]
  /** `id name` of each. */
  readonly members: readonly string[]
  readonly modules: readonly string[]
  readonly audit: { readonly size: number; readonly root: string; readonly types: readonly string[] }
  readonly alarms: readonly string[]
}
interface TraceFacts {
  readonly traceId: string
  readonly complete: boolean
  readonly spans: number
  /** Over every span with its attributes, in the order of their ids. */
  readonly digest: string
}
interface GrantFacts {
  readonly grantId: GrantId
  readonly owner: DeviceId
  readonly recipient: DeviceId
  readonly lanes: readonly string[]
  readonly state: string
}
interface PeerFacts {
  readonly device: DeviceId
  /** What we would send it: `log/seq id hash-of-sealed-bytes` of each segment it may have. */
  readonly served: readonly string[]
  /** Over what we hold of it. */
  readonly received: string
}

type Api = ReturnType<typeof keeperApi>

/** More than any store of a test holds. */
const ALL = 5_000

export async function storedFacts(keeper: Keeper, storeFile: string): Promise<StoredFacts> {
  const api = keeperApi(keeper, storeFile)
  const view = api.view()
  const audit = api.auditList(0, ALL)
  const others = [...view.membership.members.keys()].filter((device) => device !== view.self.deviceId)
  return {
    device: view.self.deviceId,
    name: view.self.name,
    stage: view.stage,
    records: api.status().records,
    traces: await traceFacts(api),
    logs: await logFacts(api),
    peers: await Promise.all(others.map((device) => peerFacts(api, device))),
    grants: api.grants().map(({ grant: { grantId, owner, recipient, lanes }, state }) => {
      return { grantId, owner, recipient, lanes, state }
    }),
    members: [...view.membership.members.values()].map(({ card }) => `${card.deviceId} ${card.name}`).sort(),
    modules: api.modules().map(({ name }) => name),
    audit: { size: audit.length, root: toHex(keeper.audit.root()), types: audit.map(({ leaf }) => leaf.type) },
    alarms: view.alarms.map(({ code }) => code),
  }
}

/**
 * What a keeper over the same home no longer says, in words. Its audit log and its own logs may have gone on since.
 * @param before what was said then
 */
export async function lostFacts(keeper: Keeper, folder: string, before: StoredFacts): Promise<readonly string[]> {
  const now = await storedFacts(keeper, join(folder, 'store.db'))
  const { audit, peers, ...same } = before
  const lost = Object.entries(same).flatMap(([name, value]) => {
    return isDeepStrictEqual(now[name as keyof StoredFacts], value) ? [] : [`${name} are not what they were`]
  })
  const root = keeper.audit.rootAt(audit.size)
  if (root === undefined || toHex(root) !== audit.root) lost.push('the audit log is another')
  for (const { device, served, received } of peers) {
    const peer = now.peers.find((each) => each.device === device)
    if (peer?.received !== received) lost.push(`what is held of ${device} is not what it was`)
    const others = served.filter((segment) => !(peer?.served.includes(segment) ?? false))
    lost.push(...others.map((segment) => `${device} would not get ${segment}`))
  }
  return lost
}

async function traceFacts(api: Api): Promise<readonly TraceFacts[]> {
  const list = readAnswer(await api.searchTraces({ limit: ALL })) as TraceList
  const facts: TraceFacts[] = []
  for (const listed of list.traces) {
    const trace = readAnswer(await api.traceShow(listed.traceId, { attributes: true })) as StitchedTrace
    const { traceId, complete, spans } = trace
    facts.push({ traceId, complete, spans: spans.length, digest: digestOf(spans.map(spanFact).sort()) })
  }
  return facts
}

/** Without provenance: what is only acknowledged is chained at the next start. */
function spanFact(span: StitchedTrace['spans'][number]): string {
  const { spanId, parentSpanId, deviceId, module, name, startUnixNano, endUnixNano, status, attributes } = span
  return JSON.stringify({
    spanId,
    parentSpanId,
    deviceId,
    module,
    name,
    startUnixNano,
    endUnixNano,
    status,
    attributes,
  })
}

async function logFacts(api: Api): Promise<readonly string[]> {
  const { logs } = readAnswer(await api.searchLogs({ limit: ALL })) as { readonly logs: readonly LogLine[] }
  return logs.map(({ timeUnixNano, severity, body, traceId, deviceId, module, attributes }) =>
    JSON.stringify({ timeUnixNano, severity, body, traceId, deviceId, module, attributes }),
  )
}

async function peerFacts(api: Api, device: DeviceId): Promise<PeerFacts> {
  return { device, served: await servedTo(api, device), received: toHex(api.digestOf(device)) }
}

async function servedTo(api: Api, device: DeviceId): Promise<readonly string[]> {
  const facts: string[] = []
  for (const row of await api.rowsFor(device)) {
    for (let to = row.to; to >= row.from;) {
      const run = api.readRun(device, { ...row, to }, MAX_RUN_BYTES)
      if (run === 'denied') throw new Error(`segment ${to} of ${row.log} is offered and not given`)
      facts.push(...run.segments.map((segment, i) => segmentFact(row.log, run.from + i, segment)))
      to = run.from - 1
    }
  }
  return facts.sort()
}

function segmentFact(log: string, seq: number, { header, sealed }: Sealed): string {
  const { sha256 } = nodeCrypto
  return `${log}/${seq} ${toHex(segmentId(header, sha256))} ${toHex(sha256(sealed))}`
}

function digestOf(facts: readonly string[]): string {
  return toHex(nodeCrypto.sha256(utf8(facts.join('\n'))))
}

/** JSON in one piece or in parts. */
/** An answer of the keeper, whole or in parts. */
export function readAnswer(json: Uint8Array | readonly Uint8Array[] | undefined): unknown {
  return parseParts(json instanceof Uint8Array ? [json] : (json ?? []))
}
