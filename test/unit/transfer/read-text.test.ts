import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../../src/base/bytes.ts'
import { MAX_LINE_BYTES, TextFileReader } from '../../../src/transfer/read-text.ts'
import { decodeLogRecords } from '../../../src/wire/otlp/decode-logs.ts'
import { scanOtlp } from '../../../src/wire/otlp/scan.ts'
import { messagesOf, problemsOf, readFile } from './read-files.ts'

const FILE = { name: 'app.log', service: 'app', changedUnixNano: 1000n }

function read(text: string | Uint8Array) {
  const found = readFile(new TextFileReader(FILE), typeof text === 'string' ? utf8(text) : text)
  const records = messagesOf(found).flatMap(({ signal, bytes }) => {
    expect(signal).toBe('logs')
    const decoded = decodeLogRecords(bytes)
    expect(scanOtlp('logs', bytes)).toMatchObject({ accepted: decoded.length, rejected: undefined })
    return decoded
  })
  return { found, records, problems: problemsOf(found) }
}

describe('log files', () => {
  const text = [
    'first, without a time',
    '',
    '2026-11-22T12:00:00Z ERROR it broke',
    '    at some.place',
    '    at another.place',
    '2026-11-22T12:00:01Z INFO on again',
    'ünïcode 🙂',
  ].join('\n')

  test('[IM12] each line is a record whose body is the line, and says where it stood', () => {
    const { records, problems } = read(text)
    expect(problems).toEqual([])
    expect(records.map(({ body }) => body)).toEqual(text.split('\n').filter((line) => line !== ''))
    expect(records.map(({ attributes }) => attributes)).toEqual(
      [1n, 3n, 4n, 5n, 6n, 7n].map((value) => [{ key: 'log.file.record_number', value }]),
    )
    expect(records[0]?.resource.attributes).toEqual([
      { key: 'service.name', value: 'app' },
      { key: 'log.file.name', value: 'app.log' },
    ])
  })

  test('[IM12] lines without a time follow the last that has one, in the order of the file', () => {
    const times = read(text).records.map(({ timeUnixNano, observedUnixNano }) => [timeUnixNano, observedUnixNano])
    const noon = 1_795_348_800_000_000_000n
    expect(times).toEqual([
      [0n, 1001n],
      [noon, 0n],
      [0n, noon + 1n],
      [0n, noon + 2n],
      [noon + 1_000_000_000n, 0n],
      [0n, noon + 1_000_000_001n],
    ])
  })

  test('[IM6] the same file gives the same bytes every time', () => {
    expect(read(text).found).toEqual(read(text).found)
  })

  test('[IM5] a line that is not UTF-8 and one that is too long are left out alone', () => {
    const long = 'x'.repeat(MAX_LINE_BYTES)
    const { records, problems } = read(concat(utf8('a\n'), Uint8Array.of(0xff, 0x0a), utf8(`${long}y\n${long}\nb`)))
    expect(problems).toEqual(['line 2: OTLP_BAD_TEXT', 'line 3: IMPORT_LINE_TOO_LONG'])
    expect(records.map(({ body }) => (body as string).length)).toEqual([1, MAX_LINE_BYTES, 1])
  })

  test('[IM2] many lines are many messages', () => {
    const { found, records } = read('line\n'.repeat(1100))
    expect(messagesOf(found).map(({ place, bytes }) => [place.at, decodeLogRecords(bytes).length])).toEqual([
      [1, 512],
      [513, 512],
      [1025, 76],
    ])
    expect(records).toHaveLength(1100)
  })
})
