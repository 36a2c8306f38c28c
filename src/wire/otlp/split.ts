/**
 * Cuts one resource of a scanned message into chunks that fit a segment, with only the records to keep.
 *
 * Every chunk is one complete resource field, so chunks of any resources put behind each other are a valid data message.
 * Record bytes are never changed; when all are kept and fit, the resource is copied as it is, else resource and scopes
 * are framed anew around the kept records. Order is kept.
 */
import type { Signal } from '../../model/lane.ts'
import { FIRST_TAG, CHILD_TAG } from './container.ts'
import type { Row, ScannedResource, ScannedScope } from './rows.ts'

export interface SplitLimits {
  readonly maxRecords: number
  /**
   * Raised to twice the resource and scope around the records where those are large, so that repeating them at most
   * doubles the bytes. A record that does not fit even so gets a chunk of its own, which always fits a segment.
   */
  readonly maxBytes: number
}

export interface Chunk {
  readonly bytes: Uint8Array
  readonly rows: readonly Row[]
}

interface ScopePart {
  readonly scope: ScannedScope
  readonly rows: Row[]
  contentBytes: number
}

/** `bytes` are those that were scanned. The layout is the same in every signal, which is named for the reader only. */
export function splitResource(
  _signal: Signal,
  bytes: Uint8Array,
  resource: ScannedResource,
  keep: (row: Row) => boolean,
  limits: SplitLimits,
): readonly Chunk[] {
  const kept = resource.scopes.map((scope) => ({ scope, rows: scope.rows.filter(keep) }))
  const count = kept.reduce((sum, { rows }) => sum + rows.length, 0)
  if (count === 0) return []
  const { start, end } = resource
  const isAllKept = resource.isWhole && kept.every(({ scope, rows }) => rows.length === scope.rows.length)
  if (isAllKept && count <= limits.maxRecords && end - start <= limits.maxBytes) {
    return [{ bytes: bytes.slice(start, end), rows: kept.flatMap(({ rows }) => rows) }]
  }
  const packer = new Packer(resource, limits)
  for (const { scope, rows } of kept) for (const row of rows) packer.add(scope, row)
  return packer.finish().map((parts) => writeChunk(bytes, resource, parts))
}

/** Decides which rows share a chunk: first come, until the next one would not fit. */
class Packer {
  readonly #resource: ScannedResource
  readonly #maxRecords: number
  readonly #maxBytes: number
  readonly #chunks: ScopePart[][] = []
  #parts: ScopePart[] = []
  #count = 0
  /** Content of the resource field so far, without its last scope. */
  #closedBytes: number

  constructor(resource: ScannedResource, limits: SplitLimits) {
    this.#resource = resource
    const headBytes = resource.othersBytes + Math.max(...resource.scopes.map((scope) => scope.othersBytes))
    this.#maxRecords = limits.maxRecords
    this.#maxBytes = Math.max(limits.maxBytes, 2 * headBytes)
    this.#closedBytes = resource.othersBytes
  }

  add(scope: ScannedScope, row: Row): void {
    if (this.#count > 0 && !this.#hasRoomFor(scope, row)) this.#flush()
    const part = this.#partOf(scope)
    part.contentBytes += row.end - row.start
    part.rows.push(row)
    this.#count++
  }

  finish(): readonly (readonly ScopePart[])[] {
    this.#flush()
    return this.#chunks
  }

  #hasRoomFor(scope: ScannedScope, row: Row): boolean {
    const last = this.#parts.at(-1)
    const isSameScope = last?.scope === scope
    const closed = this.#closedBytes + (last && !isSameScope ? fieldBytes(last.contentBytes) : 0)
    const open = (isSameScope ? last.contentBytes : scope.othersBytes) + row.end - row.start
    return this.#count < this.#maxRecords && fieldBytes(closed + fieldBytes(open)) <= this.#maxBytes
  }

  #partOf(scope: ScannedScope): ScopePart {
    const last = this.#parts.at(-1)
    if (last?.scope === scope) return last
    if (last) this.#closedBytes += fieldBytes(last.contentBytes)
    const part: ScopePart = { scope, rows: [], contentBytes: scope.othersBytes }
    this.#parts.push(part)
    return part
  }

  #flush(): void {
    if (this.#count > 0) this.#chunks.push(this.#parts)
    this.#parts = []
    this.#count = 0
    this.#closedBytes = this.#resource.othersBytes
  }
}

function writeChunk(bytes: Uint8Array, resource: ScannedResource, parts: readonly ScopePart[]): Chunk {
  const content = parts.reduce((sum, part) => sum + fieldBytes(part.contentBytes), resource.othersBytes)
  const chunk = new Uint8Array(fieldBytes(content))
  let at = writeFrame(chunk, 0, FIRST_TAG, content)
  const copy = ({ start, end }: { readonly start: number; readonly end: number }): void => {
    chunk.set(bytes.subarray(start, end), at)
    at += end - start
  }
  resource.others.forEach(copy)
  for (const part of parts) {
    at = writeFrame(chunk, at, CHILD_TAG, part.contentBytes)
    part.scope.others.forEach(copy)
    part.rows.forEach(copy)
  }
  return { bytes: chunk, rows: parts.flatMap(({ rows }) => rows) }
}

/** Bytes of a length-delimited field with a one-byte tag. */
function fieldBytes(contentBytes: number): number {
  let bytes = 2 + contentBytes
  for (let rest = contentBytes; rest >= 0x80; rest >>>= 7) bytes++
  return bytes
}

function writeFrame(target: Uint8Array, at: number, tag: number, length: number): number {
  let next = at
  target[next++] = tag
  let rest = length
  for (; rest >= 0x80; rest >>>= 7) target[next++] = (rest & 0x7f) | 0x80
  target[next++] = rest
  return next
}
