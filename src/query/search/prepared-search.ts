/** A query made ready to run: which chunks may matter, what a record has to be, and under which name results are kept. */
import { toHex, utf8 } from '../../base/bytes.ts'
import type { Sha256 } from '../../base/crypto.ts'
import type { DeviceId } from '../../model/ids.ts'
import { deviceName } from '../device-name.ts'
import type { MeshKnowledge } from '../trace-source.ts'
import type { ChunkCache } from './chunk-cache.ts'
import type { LookLimits } from './look.ts'
import type { IsDevice } from './record-filter.ts'
import type { RecordQuery } from './search-query.ts'
import { scopeOf, type SearchScope } from './search-scope.ts'
import type { SearchChunk, SearchSource } from './search-source.ts'

export interface SearchDeps {
  readonly source: SearchSource
  readonly knowledge: MeshKnowledge
  readonly sha256: Sha256
  readonly cache: ChunkCache
  readonly limits: LookLimits
}

export interface PreparedSearch {
  readonly scope: SearchScope
  readonly isDevice: IsDevice
  /** The same for queries that ask the same of a record, whatever their time range. */
  readonly key: string
}

export function prepareSearch(query: RecordQuery, { source, knowledge, sha256 }: SearchDeps): PreparedSearch {
  const devices = new Set([...source.devices(query.lane), ...knowledge.members.map(({ deviceId }) => deviceId)])
  const isDevice = namesDevice(knowledge)
  const devicesNamed = (text: string): readonly DeviceId[] => [...devices].filter((id) => isDevice(id, text))
  const scope = scopeOf(query, source.indexVersion, devicesNamed)
  // A device that is called otherwise tomorrow is another condition then.
  const named = query.conditions.flatMap(({ test }) => (test.on === 'device' ? devicesNamed(test.device) : []))
  const words = JSON.stringify([query.lane, query.conditions, named], (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  )
  return { scope, isDevice, key: toHex(sha256(utf8(words)).subarray(0, KEY_BYTES)) }
}

/** Whether a device is meant by a name, or by the first digits of an id. */
export function namesDevice(knowledge: MeshKnowledge): IsDevice {
  return (deviceId, text) => deviceName(deviceId, knowledge) === text || isStartOf(text, deviceId)
}

/** Enough that two queries of a lifetime never share a key by chance. */
const KEY_BYTES = 16
const ID_START = /^[0-9a-f]{4,64}$/

function isStartOf(text: string, deviceId: DeviceId): boolean {
  const digits = text.toLowerCase()
  return ID_START.test(digits) && deviceId.startsWith(digits)
}

/** Whether none of a chunk's records can lie outside of the query's time range. */
export function isWithin(chunk: SearchChunk, { fromUnixNano, toUnixNano }: SearchScope): boolean {
  return (
    (fromUnixNano === undefined || chunk.earliestUnixNano >= fromUnixNano) &&
    (toUnixNano === undefined || chunk.latestUnixNano < toUnixNano)
  )
}
