import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import type { Clock } from '../../src/base/clock.ts'
import { nodeClock } from '../../src/platform/node-clock.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { FolderSpool } from '../../src/sdk/spool/folder-spool.ts'
import { EXTRA_BYTES, MAX_FILE_BYTES, SpoolFiles } from '../../src/sdk/spool/spool-file.ts'
import type { SpooledBatch } from '../../src/sdk/spool/spool.ts'
import { manualClock } from '../support/manual-clock.ts'
import { MemorySpool } from '../support/memory-spool.ts'
import { spoolContract } from './spool-contract.ts'

const SECRET = 'a secret key of a module'
/** Made by OpenSSL's own functions, beside this code. */
const GOLDEN = '41530100000000030707070707070707070707070cd0b5c1d426a16a8d84bd895b01dfff1ef9a04a'
const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'spool-'))
  folders.push(folder)
  return join(folder, 'talker.spool')
}
const spoolIn = (folder: string, pid: number, secret = SECRET, clock: Pick<Clock, 'now'> = nodeClock): FolderSpool =>
  new FolderSpool(folder, new SpoolFiles(nodeCrypto, secret), clock, {
    pid,
    streams: new Set(),
    isAlive: (each) => each === RUNNING,
  })
const ENDED = 1_001
const RUNNING = 1_002
const NEXT = 1_003
const batch: SpooledBatch = { stream: 'a-stream', n: 1, kind: 'logs', records: 3, size: 4 }
const bytes = Uint8Array.of(1, 2, 3, 4)

spoolContract('in memory', () => {
  const spool = new MemorySpool()
  return { spool, laterRun: () => spool }
})

spoolContract('in a folder', () => {
  const folder = newFolder()
  return { spool: spoolIn(folder, ENDED), laterRun: () => spoolIn(folder, NEXT) }
})

describe('a spool in a folder', () => {
  test('[BU70] is its owner’s alone, leaves nothing when it is empty, and says nothing of what it holds', async () => {
    const folder = newFolder()
    const spool = spoolIn(folder, ENDED)
    await spool.write(batch, utf8('a secret'))
    const [run = ''] = readdirSync(folder)
    const [name = ''] = readdirSync(join(folder, run))
    const path = join(folder, run, name)
    expect([folder, join(folder, run), path].map((each) => statSync(each).mode & 0o777)).toEqual([0o700, 0o700, 0o600])
    expect(readFileSync(path).includes('secret')).toBe(false)
    await spool.remove(batch)
    expect(readdirSync(folder)).toEqual([])
  })

  test('[BU70] what a process that still runs has written is its own, until it was silent for an hour', async () => {
    const folder = newFolder()
    const clock = manualClock(Date.now())
    await spoolIn(folder, RUNNING).write(batch, bytes)
    expect(await spoolIn(folder, NEXT, SECRET, clock).takeOver()).toEqual([])
    clock.advance(3_700_000)
    expect(await spoolIn(folder, NEXT, SECRET, clock).takeOver()).toEqual([batch])
    expect(await spoolIn(folder, ENDED).takeOver(), 'of two that try, one has it').toEqual([batch])
  })

  test.each([
    ['another module’s key', 'another key', (file: Uint8Array) => file],
    ['a flipped bit', SECRET, (file: Uint8Array) => file.with(file.length - 1, (file.at(-1) ?? 0) ^ 1)],
    ['another count of records', SECRET, (file: Uint8Array) => file.with(7, 9)],
    ['an end that is missing', SECRET, (file: Uint8Array) => file.subarray(0, -1)],
    ['another version', SECRET, (file: Uint8Array) => file.with(2, 2)],
    ['nothing', SECRET, () => new Uint8Array(0)],
    ['too much', SECRET, () => new Uint8Array(MAX_FILE_BYTES + 1)],
  ])('[BU70] a file with %s is not read', async (_, secret, change) => {
    const folder = newFolder()
    await spoolIn(folder, ENDED).write(batch, bytes)
    const [run = ''] = readdirSync(folder)
    const [name = ''] = readdirSync(join(folder, run))
    const path = join(folder, run, name)
    writeFileSync(path, change(new Uint8Array(readFileSync(path))))
    const spool = spoolIn(folder, NEXT, secret)
    await spool.takeOver()
    expect(await spool.read(batch)).toBeUndefined()
  })

  test('[BU70] a file under another’s name is not read', async () => {
    const folder = newFolder()
    const spool = spoolIn(folder, ENDED)
    await spool.write(batch, bytes)
    const [run = ''] = readdirSync(folder)
    const [name = ''] = readdirSync(join(folder, run))
    renameSync(join(folder, run, name), join(folder, run, name.replace('1-', '2-')))
    expect(await spool.read({ ...batch, n: 2 })).toBeUndefined()
  })

  test('[BU70] what is not a batch’s is left alone', async () => {
    const folder = newFolder()
    await spoolIn(folder, ENDED).write(batch, bytes)
    const run = join(folder, readdirSync(folder)[0] ?? '')
    mkdirSync(join(folder, 'notes'))
    for (const name of ['00000000000001-unknown', 'x', '00000000000002-logs.part', '00000000000003-logs'])
      writeFileSync(join(run, name), new Uint8Array(EXTRA_BYTES))
    expect(await spoolIn(folder, NEXT).takeOver()).toEqual([batch])
    expect(readdirSync(folder)).toContain('notes')
  })

  test('[BU70] a file that cannot be read hides no other, and no link is followed', async () => {
    const folder = newFolder()
    await spoolIn(folder, ENDED).write({ ...batch, n: 5 }, bytes)
    const run = join(folder, readdirSync(folder)[0] ?? '')
    mkdirSync(join(run, `${'2'.padStart(14, '0')}-logs`))
    symlinkSync(join(folder, 'nowhere'), join(run, `${'3'.padStart(14, '0')}-logs`))
    symlinkSync(join(run, `${'5'.padStart(14, '0')}-logs`), join(run, `${'4'.padStart(14, '0')}-logs`))
    symlinkSync(run, join(folder, `linked-stream.${ENDED}`))
    const later = spoolIn(folder, NEXT)
    expect(await later.takeOver()).toEqual([{ ...batch, n: 5 }])
    expect(await later.read({ ...batch, n: 5 })).toEqual(bytes)
  })

  test('[BU70] the bytes of a file are those of the specification', async () => {
    const crypto = { ...nodeCrypto, randomBytes: (length: number) => new Uint8Array(length).fill(7) }
    const files = new SpoolFiles(crypto, SECRET)
    const sealed = files.seal('a-stream', '00000000000001-logs', 3, bytes)
    expect(toHex(sealed)).toBe(GOLDEN)
    expect(files.open('a-stream', '00000000000001-logs', sealed)).toEqual(bytes)
  })
})
