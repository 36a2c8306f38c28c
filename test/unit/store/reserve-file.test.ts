import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { RESERVE_BYTES, ReserveFile } from '../../../src/store/reserve-file.ts'
import { smallDisk } from '../../support/small-disk.ts'

const disk = smallDisk(4 << 20)
let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(disk?.folder ?? tmpdir(), 'reserve-'))
  path = join(folder, 'reserve')
})
afterEach(() => {
  disk?.free()
  rmSync(folder, { recursive: true })
})
afterAll(() => disk?.remove())

const sizeOf = (at: string): number | undefined => statSync(at, { throwIfNoEntry: false })?.size

test('[ST51] it takes all of its room, readable by its owner alone, and no file system makes it smaller', () => {
  new ReserveFile(path, nodeCrypto).take()
  expect([sizeOf(path), statSync(path).mode & 0o777]).toEqual([RESERVE_BYTES, 0o600])
  expect(gzipSync(readFileSync(path)).length).toBeGreaterThan(RESERVE_BYTES)
})

test('[ST51] one that is there is left as it is, one that a crash cut short is made again', () => {
  const reserve = new ReserveFile(path, nodeCrypto)
  reserve.take()
  const before = readFileSync(path)
  reserve.take()
  expect(readFileSync(path).equals(before)).toBe(true)
  truncateSync(path, RESERVE_BYTES - 1)
  reserve.take()
  expect(sizeOf(path)).toBe(RESERVE_BYTES)
  reserve.giveUp()
  reserve.giveUp()
  expect(sizeOf(path)).toBeUndefined()
})

describe.runIf(disk !== undefined)('a full disk', () => {
  test('[ST52] has no room for it, and nothing of it is left', () => {
    disk?.fill()
    expect(() => new ReserveFile(path, nodeCrypto).take()).toThrow(expect.objectContaining({ code: 'STORE_FULL' }))
    expect(sizeOf(path)).toBeUndefined()
  })
})
