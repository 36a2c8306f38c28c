/**
 * A second reader of segment headers, written from docs/spec/segments.md alone and sharing no code with src/:
 * if both read the vectors alike, it is the page that says what a header is.
 */
export type PlainHeader = Readonly<Record<number, number | string>>

/** Values by key: integers as numbers, byte strings as hex. */
export function readHeaderPlainly(hex: string): PlainHeader {
  let rest = Buffer.from(hex, 'hex')
  const next = (length: number): Buffer => {
    const part = rest.subarray(0, length)
    rest = rest.subarray(length)
    return part
  }
  const item = (): [major: number, argument: number] => {
    const first = next(1).readUInt8()
    const small = first % 32
    const extra = [1, 2, 4, 8][small - 24] ?? 0
    return [Math.floor(first / 32), small < 24 ? small : Number(`0x${next(extra).toString('hex')}`)]
  }
  const header: Record<number, number | string> = {}
  const [major, count] = item()
  if (major !== 5) throw new Error('not a map')
  for (let i = 0; i < count; i++) {
    const [, key] = item()
    const [kind, argument] = item()
    header[key] = kind === 0 ? argument : next(argument).toString('hex')
  }
  return header
}
