/** Takes a text apart into lines, whatever pieces it comes in. A line that is too long is passed over and said to be. */
import { PendingBytes } from '../wire/pending-bytes.ts'

/** Without its line break; a view, good until the next push. `bytes` is undefined for one that is too long. */
export interface Line {
  readonly number: number
  readonly bytes: Uint8Array | undefined
}

const NEWLINE = 0x0a
const RETURN = 0x0d

export class LineSplitter {
  readonly #maxBytes: number
  readonly #pending = new PendingBytes()
  #number = 1
  #isTooLong = false

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  *push(bytes: Uint8Array): Generator<Line> {
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      yield this.#line(bytes.subarray(start, end))
      start = end + 1
    }
    this.#keep(bytes.subarray(start))
  }

  *finish(): Generator<Line> {
    if (this.#pending.length > 0 || this.#isTooLong) yield this.#line(new Uint8Array(0))
  }

  #line(rest: Uint8Array): Line {
    const isWhole = this.#pending.length === 0 && rest.length <= this.#maxBytes
    if (!isWhole) this.#keep(rest)
    const bytes = isWhole ? rest : this.#pending.view()
    const line = { number: this.#number++, bytes: this.#isTooLong ? undefined : withoutReturn(bytes) }
    this.#pending.drop(this.#pending.length)
    this.#isTooLong = false
    return line
  }

  #keep(bytes: Uint8Array): void {
    this.#isTooLong ||= this.#pending.length + bytes.length > this.#maxBytes
    if (this.#isTooLong) this.#pending.drop(this.#pending.length)
    else this.#pending.append(bytes)
  }
}

function withoutReturn(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === RETURN ? bytes.subarray(0, -1) : bytes
}
