/**
 * Cuts one resource of a scanned message into chunks that fit a segment, with only the records to keep.
 *
 * Every chunk is one complete resource field, so chunks of any resources put behind each other are a valid data message.
 * Record bytes are never changed; when all are kept and fit, the resource is copied as it is, else resource and scopes
 * are framed anew around the kept records. Order is kept.
 */
import type { Columns, RowList } from './columns.ts'
import { FIRST_TAG, CHILD_TAG } from './container.ts'
import type { ScannedResource, ScannedScope } from './rows.ts'

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
  readonly rows: RowList
  /** Tokens of the resource and scopes around the rows. */
  readonly sharedTokens: readonly Uint32Array[]
}

interface ScopePart {
  readonly scope: ScannedScope
  readonly rows: number[]
  contentBytes: number
}

/** @param keep says of a row number whether its record stays */
export function splitResource(
  columns: Columns,
  resource: ScannedResource,
  keep: (row: number) => boolean,
  limits: SplitLimits,
): readonly Chunk[] {
  const kept = resource.scopes.map((scope) => ({ scope, rows: scope.rows.filter(keep) }))
  const count = kept.reduce((sum, { rows }) => sum + rows.length, 0)
  if (count === 0) return []
  const { start, end } = resource
  const isAllKept = resource.isWhole && kept.every(({ scope, rows }) => rows.length === scope.rows.length)
  if (isAllKept && count <= limits.maxRecords && end - start <= limits.maxBytes) {
    return [toChunk(viewOrCopy(columns.bytes, start, end), resource, kept)]
  }
  const packer = new Packer(columns, resource, limits)
  for (const { scope, rows } of kept) for (const row of rows) packer.add(scope, row)
  return packer.finish().map((parts) => toChunk(writeChunk(columns, resource, parts), resource, parts))
}

/** A view if that is most of the message, and else a copy: a small chunk must not keep a large message in memory. */
function viewOrCopy(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return 2 * (end - start) >= bytes.buffer.byteLength ? bytes.subarray(start, end) : bytes.slice(start, end)
}

function toChunk(
  bytes: Uint8Array,
  resource: ScannedResource,
  parts: readonly { readonly scope: ScannedScope; readonly rows: ArrayLike<number> }[],
): Chunk {
  const rows = new Uint32Array(parts.reduce((sum, part) => sum + part.rows.length, 0))
  let at = 0
  for (const part of parts) {
    rows.set(part.rows, at)
    at += part.rows.length
  }
  return { bytes, rows, sharedTokens: [resource.tokens, ...parts.map(({ scope }) => scope.tokens)] }
}

/** Decides which rows share a chunk: first come, until the next one would not fit. */
class Packer {
  readonly #columns: Columns
  readonly #resource: ScannedResource
  readonly #maxRecords: number
  readonly #maxBytes: number
  readonly #chunks: ScopePart[][] = []
  #parts: ScopePart[] = []
  #count = 0
  /** Content of the resource field so far, without its last scope. */
  #closedBytes: number

  constructor(columns: Columns, resource: ScannedResource, limits: SplitLimits) {
    this.#columns = columns
    this.#resource = resource
    const headBytes = resource.othersBytes + Math.max(...resource.scopes.map((scope) => scope.othersBytes))
    this.#maxRecords = limits.maxRecords
    this.#maxBytes = Math.max(limits.maxBytes, 2 * headBytes)
    this.#closedBytes = resource.othersBytes
  }

  add(scope: ScannedScope, row: number): void {
    const bytes = (this.#columns.end[row] as number) - (this.#columns.start[row] as number)
    if (this.#count > 0 && !this.#hasRoomFor(scope, bytes)) this.#flush()
    const part = this.#partOf(scope)
    part.contentBytes += bytes
    part.rows.push(row)
    this.#count++
  }

  finish(): readonly (readonly ScopePart[])[] {
    this.#flush()
    return this.#chunks
  }

  #hasRoomFor(scope: ScannedScope, bytes: number): boolean {
    const last = this.#parts.at(-1)
    const isSameScope = last?.scope === scope
    const closed = this.#closedBytes + (last && !isSameScope ? fieldBytes(last.contentBytes) : 0)
    const open = (isSameScope ? last.contentBytes : scope.othersBytes) + bytes
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

function writeChunk(columns: Columns, resource: ScannedResource, parts: readonly ScopePart[]): Uint8Array {
  const content = parts.reduce((sum, part) => sum + fieldBytes(part.contentBytes), resource.othersBytes)
  const chunk = new Uint8Array(fieldBytes(content))
  let at = writeFrame(chunk, 0, FIRST_TAG, content)
  const copy = (start: number, end: number): void => {
    chunk.set(columns.bytes.subarray(start, end), at)
    at += end - start
  }
  for (const { start, end } of resource.others) copy(start, end)
  for (const part of parts) {
    at = writeFrame(chunk, at, CHILD_TAG, part.contentBytes)
    for (const { start, end } of part.scope.others) copy(start, end)
    for (const row of part.rows) copy(columns.start[row] as number, columns.end[row] as number)
  }
  return chunk
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
