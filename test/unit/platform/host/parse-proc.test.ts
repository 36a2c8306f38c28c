import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  MAX_PROC_ROWS,
  parseCpuTimes,
  parseDisks,
  parseInterfaces,
  parseMemory,
} from '../../../../src/platform/host/parse-proc.ts'

const KIB = 1024

describe('parseCpuTimes', () => {
  const cases = [
    {
      name: 'every mode of a kernel of today, in seconds',
      text: 'cpu  100 200 300 400 500 60 40 700 0 0\ncpu0 1 1 1 1\n',
      want: { user: 1, nice: 2, system: 3, idle: 4, iowait: 5, interrupt: 1, steal: 7 },
    },
    {
      name: 'a kernel that tells four modes only',
      text: 'cpu 100 0 0 100\n',
      want: { user: 1, nice: 0, system: 0, idle: 1, iowait: 0, interrupt: 0, steal: 0 },
    },
    { name: 'a line that was cut off', text: 'cpu  100 200 300 400', want: undefined },
    { name: 'three numbers', text: 'cpu 1 2 3\n', want: undefined },
    { name: 'a word for a number', text: 'cpu 1 2 x 4\n', want: undefined },
    { name: 'a negative number', text: 'cpu 1 -2 3 4\n', want: undefined },
    { name: 'a number that is not exact', text: 'cpu 1 2 3 9999999999999999\n', want: undefined },
    { name: 'one processor only', text: 'cpu0 1 2 3 4\n', want: undefined },
    { name: 'nothing', text: '', want: undefined },
  ]
  test.each(cases)('[HE11] $name', ({ text, want }) => expect(parseCpuTimes(text)).toEqual(want))
})

describe('parseMemory', () => {
  const cases = [
    {
      name: 'what is in no state of its own is used',
      text: 'MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 600 kB\nBuffers: 50 kB\nCached: 250 kB\nSwapCached: 9 kB\n',
      want: {
        totalBytes: 1000 * KIB,
        freeBytes: 100 * KIB,
        buffersBytes: 50 * KIB,
        cachedBytes: 250 * KIB,
        usedBytes: 600 * KIB,
      },
    },
    { name: 'no total', text: 'MemFree: 100 kB\n', want: undefined },
    { name: 'another unit', text: 'MemTotal: 10 MB\nMemFree: 1 MB\n', want: undefined },
    { name: 'more free than there is', text: 'MemTotal: 10 kB\nMemFree: 11 kB\n', want: undefined },
    { name: 'nothing', text: '', want: undefined },
  ]
  test.each(cases)('[HE11] $name', ({ text, want }) => expect(parseMemory(text)).toEqual(want))
})

function disk(name: string, readSectors: number | string, writtenSectors: number | string): string {
  return `   8       0 ${name} 5 0 ${readSectors} 0 6 0 ${writtenSectors} 0 0 0 0\n`
}

describe('parseDisks', () => {
  const one = (name: string) => ({ name, inBytes: 1024, outBytes: 512 })
  const cases = [
    { name: 'bytes of a disk', text: disk('sda', 2, 1), want: [one('sda')] },
    { name: 'partitions are parts of their disk', text: disk('sda', 2, 1) + disk('sda1', 2, 1), want: [one('sda')] },
    {
      name: 'those of a disk whose name ends with a digit too',
      text: disk('nvme0n1', 2, 1) + disk('nvme0n1p2', 2, 1) + disk('nvme0n2', 2, 1),
      want: [one('nvme0n1'), one('nvme0n2')],
    },
    { name: 'a partition whose disk is not told of stands for it', text: disk('vda1', 2, 1), want: [one('vda1')] },
    {
      name: 'what lies in memory or in a file',
      text: disk('loop0', 2, 1) + disk('zram0', 2, 1) + disk('ram1', 2, 1),
      want: [],
    },
    { name: 'a disk that was never used', text: disk('sdb', 0, 0), want: [] },
    { name: 'a line that is too short, among others', text: `8 0 sda 1\n${disk('sdb', 2, 1)}`, want: [one('sdb')] },
    { name: 'a word for a number', text: disk('sda', 'many', 1), want: [] },
    { name: 'a line that was cut off', text: disk('sda', 2, 1).slice(0, -1), want: [] },
    { name: 'a name that is too long', text: disk('d'.repeat(65), 2, 1), want: [] },
  ]
  test.each(cases)('[HE11] $name', ({ text, want }) => expect(parseDisks(text)).toEqual(want))
})

describe('parseInterfaces', () => {
  const head = 'Inter-|   Receive |  Transmit\n face |bytes    packets|bytes    packets\n'
  const row = (name: string, received: number | string, sent: number | string): string =>
    `${name}: ${received} 1 0 0 0 0 0 0 ${sent} 1 0 0 0 0 0 0\n`
  const cases = [
    {
      name: 'bytes of an interface',
      text: head + row('  eth0', 10, 20),
      want: [{ name: 'eth0', inBytes: 10, outBytes: 20 }],
    },
    {
      name: 'no space after the colon',
      text: row('eth0', 10, 20).replace(': ', ':'),
      want: [{ name: 'eth0', inBytes: 10, outBytes: 20 }],
    },
    { name: 'a name with a colon', text: row('eth0:1', 1, 2), want: [{ name: 'eth0:1', inBytes: 1, outBytes: 2 }] },
    { name: 'the way back to this device', text: row('lo', 10, 20), want: [] },
    { name: 'one that was never used', text: row('wlan0', 0, 0), want: [] },
    { name: 'numbers that are none', text: row('eth0', '1e9', 2), want: [] },
  ]
  test.each(cases)('[HE11] $name', ({ text, want }) => expect(parseInterfaces(text)).toEqual(want))
})

test('[HE11] at most so many rows', () => {
  const rows = Array.from({ length: MAX_PROC_ROWS + 1 }, (_, i) => i)
  expect(
    parseDisks(rows.map((i) => disk(`sd${'abcdefghijklmnopqrstuvwxyz'[i % 26]}x${'y'.repeat(i)}`, 2, 1)).join('')),
  ).toHaveLength(MAX_PROC_ROWS)
  expect(parseInterfaces(rows.map((i) => `veth${i}: 1 0 0 0 0 0 0 0 1\n`).join(''))).toHaveLength(MAX_PROC_ROWS)
})

test('[HE11] hostile texts give numbers or nothing, and never throw', () => {
  const word = fc.oneof(
    fc.constantFrom('cpu', 'MemTotal:', 'MemFree:', 'sda', 'eth0:', 'kB', '\n', '-1', 'NaN'),
    fc.nat().map(String),
    fc.string(),
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 60 }), (words) => {
      const text = `${words.join(' ')}\n`
      const numbers = [
        ...Object.values(parseCpuTimes(text) ?? {}),
        ...Object.values(parseMemory(text) ?? {}),
        ...[...parseDisks(text), ...parseInterfaces(text)].flatMap(({ inBytes, outBytes }) => [inBytes, outBytes]),
      ]
      expect(numbers.filter((number) => !(number >= 0))).toEqual([])
    }),
  )
})
