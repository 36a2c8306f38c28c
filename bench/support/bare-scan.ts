/**
 * The least that a reader of OTLP spans must do, as the raw limit of ingest: finds in each span its ids, times, name,
 * kind and status, and steps over the rest. Checks lengths, and nothing else: not for data from outside.
 */

export class BareScan {
  /** Spans of the last scan. The columns are used again by the next. */
  count = 0
  /** Where each span's parts lie in the bytes. 0 means that there is none. */
  readonly traceIdAt: Uint32Array
  readonly spanIdAt: Uint32Array
  readonly parentIdAt: Uint32Array
  readonly startAt: Uint32Array
  readonly endAt: Uint32Array
  readonly nameAt: Uint32Array
  readonly nameBytes: Uint32Array
  readonly kind: Uint8Array
  readonly status: Uint8Array
  readonly #maxSpans: number

  constructor(maxSpans: number) {
    const column = (): Uint32Array => new Uint32Array(maxSpans)
    this.#maxSpans = maxSpans
    this.traceIdAt = column()
    this.spanIdAt = column()
    this.parentIdAt = column()
    this.startAt = column()
    this.endAt = column()
    this.nameAt = column()
    this.nameBytes = column()
    this.kind = new Uint8Array(maxSpans)
    this.status = new Uint8Array(maxSpans)
  }

  /** @throws {RangeError} for a length that leads out of the message, or more spans than there is room for */
  scan(tracesData: Uint8Array): this {
    this.count = 0
    const spans = (end: number, at: number): void => forEach(tracesData, at, end, 0x12, span)
    const span = (end: number, at: number): void => this.#span(tracesData, at, end)
    const scopes = (end: number, at: number): void => forEach(tracesData, at, end, 0x12, spans)
    forEach(tracesData, 0, tracesData.length, 0x0a, scopes)
    return this
  }

  /** One flat loop with its position in a local: this is where the time goes. */
  #span(bytes: Uint8Array, from: number, end: number): void {
    const row = this.count++
    if (row >= this.#maxSpans) throw new RangeError('too many spans')
    this.parentIdAt[row] = 0
    this.kind[row] = 0
    this.status[row] = 0
    let at = from
    while (at < end) {
      const tag = bytes[at++] as number
      if (tag === 0x39) {
        this.startAt[row] = at
        at += 8
        continue
      }
      if (tag === 0x41) {
        this.endAt[row] = at
        at += 8
        continue
      }
      if ((tag & 7) !== 2) {
        if (tag === 0x30) this.kind[row] = bytes[at] as number
        at = skip(bytes, at, end, tag)
        continue
      }
      let length = bytes[at++] as number
      if (length >= 0x80) {
        length = longLength(bytes, at - 1)
        at = longEnd
      }
      if (tag === 0x0a) this.traceIdAt[row] = at
      else if (tag === 0x12) this.spanIdAt[row] = at
      else if (tag === 0x22) this.parentIdAt[row] = at
      else if (tag === 0x2a) {
        this.nameAt[row] = at
        this.nameBytes[row] = length
      } else if (tag === 0x7a) this.status[row] = statusCode(bytes, at, at + length)
      at += length
    }
    if (at !== end) throw new RangeError('a field leads out of its span')
  }
}

/** Enters every field with this tag up to `end`, and steps over the others. */
function forEach(
  bytes: Uint8Array,
  from: number,
  end: number,
  wanted: number,
  enter: (end: number, at: number) => void,
): void {
  let at = from
  while (at < end) {
    const tag = bytes[at++] as number
    if (tag !== wanted) {
      at = skip(bytes, at, end, tag)
      continue
    }
    const length = longLength(bytes, at)
    at = longEnd
    if (length > end - at) throw new RangeError('a length leads out of the message')
    enter(at + length, at)
    at += length
  }
}

function statusCode(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end) {
    const tag = bytes[at++] as number
    if (tag === 0x18) return bytes[at] as number
    at = skip(bytes, at, end, tag)
  }
  return 0
}

/** @returns the position behind a field whose tag was read; a tag of two bytes has its second one here */
function skip(bytes: Uint8Array, from: number, end: number, tag: number): number {
  let at = from
  if (tag >= 0x80) at++
  switch (tag & 7) {
    case 0:
      while ((bytes[at++] as number) >= 0x80);
      return at
    case 1:
      return at + 8
    case 2: {
      const length = longLength(bytes, at)
      if (length > end - longEnd) throw new RangeError('a length leads out of the message')
      return longEnd + length
    }
    case 5:
      return at + 4
    default:
      throw new RangeError('no such wire type')
  }
}

/** Position behind the last {@link longLength}: two results without an object for each. */
let longEnd = 0

function longLength(bytes: Uint8Array, from: number): number {
  let at = from
  let length = 0
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[at++] as number
    length |= (byte & 0x7f) << shift
    if (byte < 0x80) break
  }
  longEnd = at
  return length
}
