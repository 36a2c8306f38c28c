/**
 * OTLP protobuf of one resource and scope (`TracesData`, `LogsData`, `MetricsData`) that grows by a record at a time: each is
 * written when it comes, once, into one buffer, and nothing of it is kept besides.
 */
import { encodeAttributes, writeAttributes, type AttributesInput } from './encode-attributes.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

/** Bytes of a full batch's length. */
const BATCH_LENGTH_BYTES = 3
/** A buffer that grew larger is not kept for the next batch. */
const MAX_KEPT_BYTES = 262_144

export interface BatchHead {
  readonly resource: { readonly attributes: AttributesInput }
  readonly scope: { readonly name: string; readonly version?: string; readonly attributes?: AttributesInput }
}
export type WriteRecord<T> = (writer: ProtobufWriter, record: T) => void

export class BatchEncoder<T> {
  readonly #writeRecord: WriteRecord<T>
  readonly #resource: Uint8Array
  readonly #scope: Uint8Array
  #writer = new ProtobufWriter()
  #resourceLevel = 0
  #scopeLevel = 0
  #records = 0
  /** Of the last record's length: the next is likely to take as many. */
  #lengthBytes = 1

  constructor({ resource, scope }: BatchHead, writeRecord: WriteRecord<T>) {
    this.#writeRecord = writeRecord
    this.#resource = encodeAttributes(0x0a, resource.attributes)
    this.#scope = encodeScope(scope)
    this.#begin()
  }

  get records(): number {
    return this.#records
  }

  /** Bytes so far, the head's included. */
  get length(): number {
    return this.#writer.length
  }

  /** @throws what `writeRecord` throws; the batch is then as it was before */
  add(record: T): void {
    const before = this.#writer.length
    try {
      const start = this.#writer.open(0x12, this.#lengthBytes)
      this.#writeRecord(this.#writer, record)
      this.#lengthBytes = this.#writer.close(start, this.#lengthBytes)
    } catch (error) {
      this.#writer.rewind(before)
      throw error
    }
    this.#records++
  }

  /** All records so far; the next begins a new batch. */
  take(): Uint8Array {
    this.#writer.close(this.#scopeLevel, BATCH_LENGTH_BYTES)
    this.#writer.close(this.#resourceLevel, BATCH_LENGTH_BYTES)
    const bytes = this.#writer.finish()
    if (bytes.length > MAX_KEPT_BYTES) this.#writer = new ProtobufWriter()
    this.#begin()
    return bytes
  }

  #begin(): void {
    this.#records = 0
    this.#writer.rewind(0)
    this.#resourceLevel = this.#writer.open(0x0a, BATCH_LENGTH_BYTES)
    this.#writer.bytes(0x0a, this.#resource)
    this.#scopeLevel = this.#writer.open(0x12, BATCH_LENGTH_BYTES)
    this.#writer.bytes(0x0a, this.#scope)
  }
}

function encodeScope({ name, version, attributes }: BatchHead['scope']): Uint8Array {
  const writer = new ProtobufWriter()
  writer.text(0x0a, name)
  if (version) writer.text(0x12, version)
  writeAttributes(writer, 0x1a, attributes)
  return writer.finish()
}
