/** Logs of made-up segments for reconcile tests: ids hash what is below them, as real headers do. */
import { concat, utf8 } from '../../../../src/base/bytes.ts'
import { toDeviceId, toIncarnation, toLogId } from '../../../../src/model/ids.ts'
import type { LogKey, SeqRange } from '../../../../src/model/segment.ts'
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts'
import type { RunRow } from '../../../../src/sync/core/heads-digest.ts'
import type { ChainLink } from '../../../../src/sync/core/verify-run.ts'

export const logKey = (n: number): LogKey => ({
  author: toDeviceId(new Uint8Array(32).fill(n)) as LogKey['author'],
  log: toLogId(new Uint8Array(16).fill(n)) as LogKey['log'],
  incarnation: toIncarnation(new Uint8Array(16).fill(n)) as LogKey['incarnation'],
})

/** A chain of `length` segments; `salt` tells histories apart. */
export function chainOf(length: number, salt = ''): ChainLink[] {
  const links: ChainLink[] = []
  for (let seq = 0; seq < length; seq++) {
    const prev = links.at(-1)?.id
    const id = nodeCrypto.sha256(concat(utf8(`${salt}/${seq}/`), prev ?? new Uint8Array()))
    links.push({ seq, id, prev })
  }
  return links
}

export const rowOf = (key: LogKey, { from, to }: SeqRange, chain: readonly ChainLink[]): RunRow => ({
  ...key,
  from,
  to,
  id: chain[to]?.id ?? new Uint8Array(32),
})
