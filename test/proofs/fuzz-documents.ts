/**
 * Updates of investigations, damaged in every way: ours refuses them with an error of its own, or reads exactly what Yjs
 * reads, and nothing that means something only together with another update.
 */
import * as Y from 'yjs'
import { decodeDocumentRecords, encodeDocumentRecord } from '../../src/wire/documents/document-record.ts'
import type { AnyValue } from '../../src/wire/documents/any-value.ts'
import { decodeEntries, mergeUpdates } from '../../src/wire/documents/entry-update.ts'
import { decodeYjsUpdate, encodeYjsUpdate } from '../../src/wire/documents/yjs-update.ts'
import { toTraceId, type TraceId } from '../../src/model/ids.ts'
import { WireError } from '../../src/wire/wire-error.ts'
import { seeded, type Seeded } from '../support/seeded.ts'
import type { ProofOptions, ProofResult } from './proof.ts'

export const what =
  'However an update of an investigation is damaged, it is refused whole with a code, or read as Yjs reads it, standing on its own; a payload of such records is refused whole or read, and nothing else is thrown.'
export const cases = 1_000_000

const ROOT = 'entries'
const SUBJECT = toTraceId('0af7651916cd43dd8448eb211c80319c') as TraceId
const MAX_CHANGES = 5
const PROGRESS_EVERY = 10_000

// oxlint-disable-next-line typescript/require-await -- what a proof is to its runner may wait
export async function run({ seed, cases: wanted, onProgress }: ProofOptions): Promise<ProofResult> {
  const random = seeded(seed)
  const failures: string[] = []
  const facts = { read: 0, refused: 0, 'payloads read': 0, 'payloads refused': 0 }
  for (let done = 0; done < wanted; done++) {
    const update = damaged(updateOf(random), random)
    const read = attempt(() => problemOf(update))
    if (read.problem !== undefined) failures.push(`case ${done}: ${read.problem}`)
    facts[read.isRefused ? 'refused' : 'read']++
    const payload = damaged(
      encodeDocumentRecord({ kind: 1, subject: SUBJECT, atUnixMs: 1, update: updateOf(random) }),
      random,
    )
    const decoded = attempt(() => void decodeDocumentRecords(payload))
    if (decoded.problem !== undefined) failures.push(`case ${done}, payload: ${decoded.problem}`)
    facts[decoded.isRefused ? 'payloads refused' : 'payloads read']++
    if (done % PROGRESS_EVERY === 0) onProgress?.(done)
  }
  return { cases: wanted, failures, facts }
}

/** @param work answers what is wrong, if anything */
function attempt(work: () => string | undefined): {
  readonly problem?: string | undefined
  readonly isRefused: boolean
} {
  try {
    return { problem: work(), isRefused: false }
  } catch (err) {
    if (err instanceof WireError) return { isRefused: true }
    return { problem: `it threw ${(err as Error).name}: ${(err as Error).message}`, isRefused: false }
  }
}

/** What ours read otherwise than Yjs. @throws {UpdateError} if ours refuses it */
function problemOf(update: Uint8Array): string | undefined {
  const blocks = decodeYjsUpdate(update, ROOT)
  decodeEntries(update)
  const ours = blocks.flatMap(({ items }) => items.map(({ key, value }) => [key, plain(value)]))
  const { structs, ds } = Y.decodeUpdate(update.slice())
  const theirs = structs.map((struct) =>
    struct instanceof Y.Item ? [struct.parentSub, ...struct.content.getContent()] : ['no item'],
  )
  if (ds.clients.size > 0 || words(theirs) !== words(ours)) return `Yjs reads ${words(theirs)}, ours ${words(ours)}`
  const doc = new Y.Doc({ gc: false })
  Y.applyUpdate(doc, update.slice())
  const isPending = doc.store.pendingStructs !== null || doc.store.pendingDs !== null
  if (isPending) return 'Yjs waits for another update'
  if (mergeUpdates([update]).length > 2 * update.length + 64) return 'it grows when it is merged'
  return undefined
}

function words(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === 'bigint') return `${each}n`
    if (typeof each === 'number' && !Number.isFinite(each)) return String(each)
    return each instanceof Uint8Array ? [...each] : each
  })
}

/** As Yjs has it. */
function plain(value: AnyValue): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, each]) => [key, plain(each)]))
  return Array.isArray(value) ? value.map(plain) : value
}

function updateOf(random: Seeded): Uint8Array {
  const blocks = Array.from({ length: 1 + random.below(3) }, (_, n) => ({
    client: random.below(2 ** 30) * 4 + n,
    items: Array.from({ length: 1 + random.below(2) }, (__, at) => ({
      key: (random.below(2 ** 30) * 4 + at).toString(16).padStart(16, '0'),
      value: valueOf(random),
    })),
  }))
  return encodeYjsUpdate(ROOT, blocks)
}

function valueOf(random: Seeded): AnyValue {
  const fields = new Map<string, AnyValue>([['at', random.pick<AnyValue>([5, 1.8e12, 0.5, -1, undefined, 'now'])]])
  if (random.below(2) === 0) fields.set('over', ['0000000000000001', random.pick<AnyValue>([null, 'x', 7n])])
  const about = random.pick(['note', 'status', 'label', 'pin', 'hide', 'later'])
  fields.set(about, random.pick<AnyValue>(['open', 'dark', null, true, 'b7ad6b7169203331', Uint8Array.of(1, 2)]))
  if (random.below(2) === 0) fields.set('set', random.pick<AnyValue>([true, false, 1]))
  return fields
}

/** A few bytes changed, taken out, put in or repeated, or nothing at all. */
function damaged(bytes: Uint8Array, random: Seeded): Uint8Array {
  const copy = [...bytes]
  for (let changes = random.below(MAX_CHANGES); changes > 0; changes--) {
    const at = random.below(copy.length)
    const byte = random.pick([random.below(256), 0, 1, 0x28, 0x7f, 0x80, 0xff, 116 + random.below(12)])
    const how = random.below(8)
    if (how === 0) copy.length = Math.max(1, at)
    else if (how === 1) copy.splice(at, 1 + random.below(4))
    else if (how === 2) copy.splice(at, 0, byte)
    else if (how === 3) copy.splice(at, 0, ...copy.slice(at, at + random.below(30)))
    else copy[at] = byte
    if (copy.length === 0) copy.push(byte)
  }
  return Uint8Array.from(copy)
}
