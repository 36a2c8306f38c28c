import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isTailLost, readCommits } from '../../../src/store/log-tail.ts'
import { openStore, type Store } from '../../../src/store/store.ts'

const KEY = new Uint8Array(32).fill(7)
const FRAME_BYTES = 24 + 4096
let folder: string
let copies = 0

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-tail-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function opened(path = join(folder, 'store.db'), mustExist = false): Store {
  return openStore(path, KEY, { mustExist })
}

/** What a kill leaves, with one change to the write-ahead log. */
function killed(change: (log: Buffer) => Uint8Array = (log) => log): string {
  const target = join(folder, `copy-${++copies}`)
  mkdirSync(target)
  for (const file of ['store.db', 'store.db-wal']) {
    if (existsSync(join(folder, file))) copyFileSync(join(folder, file), join(target, file))
  }
  const log = join(target, 'store.db-wal')
  writeFileSync(log, change(readFileSync(log)))
  return join(target, 'store.db')
}

function isDamaged(path: string): boolean {
  const store = opened(path, true)
  store.close()
  return store.isLogDamaged
}

const flipAt = (at: number) => (log: Buffer) => {
  log[at] = (log[at] as number) ^ 1
  return log
}
const frameAt = (frame: number): number => 32 + (frame - 1) * FRAME_BYTES

describe('[ST43] a log', () => {
  let store: Store
  let commits: readonly number[]

  beforeEach(() => {
    store = opened()
    store.checkpoint()
    for (let n = 0; n < 5; n++) store.settings.set(`name ${n}`, n)
    commits = readCommits(join(folder, 'store.db-wal'))
  })
  afterEach(() => store.close())

  test('as a kill leaves it is whole', () => {
    expect(commits.length).toBe(5)
    expect(isDamaged(killed())).toBe(false)
  })

  test.each([
    ['the body of its first frame', () => frameAt(1) + 1_000],
    ['the number of a page', () => frameAt(2) + 3],
    ['the salt of a frame', () => frameAt(2) + 9],
    ['a checksum', () => frameAt(3) + 20],
    ['its header', () => 17],
    ['its first word', () => 0],
  ])('that was altered in %s is damaged', (_, at) => {
    expect(isDamaged(killed(flipAt(at())))).toBe(true)
  })

  test('whose newest commit is torn is not: that is what a power cut does', () => {
    const last = commits.at(-1) as number
    expect(isDamaged(killed(flipAt(frameAt(last) + 100)))).toBe(false)
    expect(isDamaged(killed((log) => log.subarray(0, frameAt(last) + 100)))).toBe(false)
  })

  test('that lost its newest commit before the last is: the last was flushed after it', () => {
    expect(isDamaged(killed(flipAt(frameAt(commits.at(-2) as number) + 100)))).toBe(true)
  })

  test('that is used again has nothing to do with what was in it before', () => {
    store.checkpoint()
    store.settings.set('after', 1)
    expect(readCommits(join(folder, 'store.db-wal'))).toHaveLength(1)
    expect(isDamaged(killed())).toBe(false)
  })

  test('with a torn commit begins anew, so that two crashes in a row are not taken for damage', () => {
    const path = killed(flipAt(frameAt(commits.at(-1) as number) + 100))
    const next = opened(path, true)
    next.settings.set('next', 1)
    expect(readCommits(`${path}-wal`)).toHaveLength(1)
    next.close()
  })
})

test('[ST43] no file, and one that is no log, has no commits', () => {
  const path = join(folder, 'none')
  expect(readCommits(path)).toEqual([])
  for (const bytes of [0, 10, 40, 32 + FRAME_BYTES]) {
    writeFileSync(path, new Uint8Array(bytes).fill(1))
    expect(isTailLost(readCommits(path), 0)).toBe(false)
  }
})
