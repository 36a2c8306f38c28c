import { describe, expect, test } from 'vitest'
import { Progress } from '../../../src/cli/progress.ts'
import { formatSize } from '../../../src/cli/render/data-size.ts'
import { importProgress } from '../../../src/cli/render/import-words.ts'

function watched({ isTTY, json = false }: { readonly isTTY: boolean; readonly json?: boolean }) {
  const said: string[] = []
  let nowMs = 0
  const progress = new Progress({
    output: { json, width: 20, hint: (text) => said.push(`hint ${text}`) },
    stderr: { isTTY, write: (text: string) => said.push(text) > 0 },
    monotonic: () => nowMs,
  })
  const showAt = (ms: number): void => {
    nowMs = ms
    progress.show((seconds) => `after ${seconds} s, of very much`)
  }
  return { progress, said, showAt }
}

describe('progress', () => {
  test('[IM13] at a terminal is one line, written over, cut to its width, and gone at the end', () => {
    const { progress, said, showAt } = watched({ isTTY: true })
    for (const ms of [100, 200, 300, 450]) showAt(ms)
    expect(progress.finish()).toBe(0.45)
    progress.finish()
    expect(said).toEqual(['\r\x1b[Kafter 0.2 s, of ver', '\r\x1b[Kafter 0.45 s, of ve', '\r\x1b[K'])
  })

  test('[IM13] elsewhere is a line now and then', () => {
    const { progress, said, showAt } = watched({ isTTY: false })
    for (const ms of [5_000, 10_000, 12_000, 25_000]) showAt(ms)
    progress.finish()
    expect(said).toEqual(['hint after 10 s, of very much', 'hint after 25 s, of very much'])
  })

  test('[IM13] is not shown where a program reads', () => {
    const { progress, said, showAt } = watched({ isTTY: true, json: true })
    showAt(60_000)
    progress.finish()
    expect(said).toEqual([])
  })

  test('[IM13] of an import says how far it is, how fast, and what it waits for', () => {
    const summary = {
      files: 1,
      bytes: 5 << 20,
      records: { traces: 1_000, logs: 500, metrics: 0 },
      rejected: 2,
      problems: [],
    }
    expect(importProgress(summary, { totalBytes: 10 << 20, seconds: 3, waitsFor: 'STORE_FULL' })).toBe(
      '5 MiB of 10 MiB, 1,500 records, 2 left out, 500/s, the agent takes nothing now (STORE_FULL); waiting',
    )
    expect(importProgress({ ...summary, rejected: 0 }, { totalBytes: 0, seconds: 0, waitsFor: undefined })).toBe(
      '5 MiB, 1,500 records, 1,500,000/s',
    )
  })
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [1024 * 1024 - 1, '1 MiB'],
  [123_456_789, '118 MiB'],
  [1.2e10, '11.2 GiB'],
  [5e15, '4547 TiB'],
])('[CL18] %d bytes are %s', (bytes, words) => {
  expect(formatSize(bytes)).toBe(words)
})
