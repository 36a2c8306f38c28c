import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PACK_HEAD, PackFiles, type Place } from '../../../src/store/packs/pack-files.ts'
import { finish } from '../../support/finish.ts'
import { describeLog, device, storeFixture, type StoreFixture } from './tables-fixture.ts'

let fixture: StoreFixture
let log: number
beforeEach(() => {
  fixture = storeFixture()
  log = fixture.store.logs.add(describeLog('core'), true).rowId
})
afterEach(() => fixture.remove())

const ME = device('me')
const body = (length: number, fill = 7): Uint8Array => new Uint8Array(length).fill(fill)
const folder = (): string => join(fixture.folder, 'packs')
const packFile = (pack: number): string => join(folder(), `${String(pack).padStart(8, '0')}.pack`)

/** Appends bodies and names them in rows, as a cut does. */
function keep(seqFrom: number, bodies: readonly Uint8Array[], author = ME, ofLog = log): readonly Place[] {
  const { store } = fixture
  return store.transaction(() => {
    const places = store.packs.append(author, bodies)
    for (const [i, place] of places.entries()) {
      const seq = seqFrom + i
      store.segments.insert({
        log: ofLog,
        seq,
        segmentId: Uint8Array.of(seq),
        epoch: 0,
        header: Uint8Array.of(seq),
        place,
        rawBytes: 1,
        records: 1,
        minUnixNano: 0n,
        maxUnixNano: 0n,
        maxDurationNano: 0n,
      })
    }
    return places
  })
}

/** What the rows name, in order. */
function stored(): readonly (Uint8Array | undefined)[] {
  const { segments, packs } = fixture.store
  return [...segments.downFrom(log, { from: 0, to: 10_000 })].toReversed().map((segment) => packs.read(segment))
}

describe('pack files', () => {
  test('[ST27] a file is its head and the bodies, and is open to nobody else', () => {
    keep(0, [body(3, 1), body(2, 2)])
    expect([...readFileSync(packFile(1))]).toEqual([...PACK_HEAD, 1, 1, 1, 2, 2])
    expect([...PACK_HEAD]).toEqual([...Buffer.from('aicopak\x01')])
    expect(statSync(packFile(1)).mode & 0o777).toBe(0o600)
    expect(statSync(folder()).mode & 0o777).toBe(0o700)
  })

  test('[ST27] what is kept is read back, by this run and by the next', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 }), (bodies) => {
        const places = fixture.store.packs.append(ME, bodies)
        expect(places.map((place) => fixture.store.packs.read(place))).toEqual(bodies)
        expect(places.map((place) => fixture.reopen().packs.read(place))).toEqual(bodies)
      }),
      { numRuns: 20 },
    )
  })

  test('[ST28] behind bytes that a failed write left, bodies are found where they are', () => {
    keep(0, [body(10, 1)])
    appendFileSync(packFile(1), body(5, 9))
    keep(1, [body(4, 2)])
    expect(stored()).toEqual([body(10, 1), body(4, 2)])
  })

  test('[ST27] what a transaction takes back leaves only bytes that nobody reads', () => {
    expect(() =>
      fixture.store.transaction(() => {
        fixture.store.packs.append(ME, [body(10, 1)])
        throw new Error('taken back')
      }),
    ).toThrow('taken back')
    keep(0, [body(4, 2)])
    expect(stored()).toEqual([body(4, 2)])
  })

  test('[ST27] of a file that is shorter or gone, a body is not there', () => {
    const [first, second] = keep(0, [body(10, 1), body(10, 2)]) as [Place, Place]
    writeFileSync(packFile(1), readFileSync(packFile(1)).subarray(0, second.at + 9))
    expect(fixture.reopen().packs.read(first)).toEqual(body(10, 1))
    expect(fixture.store.packs.read(second)).toBeUndefined()
    expect(fixture.store.packs.read({ pack: 99, at: 8, bytes: 1 })).toBeUndefined()
  })

  test.runIf(process.platform === 'linux')(
    '[ST27] what the disk cannot give is not there, and costs only itself',
    () => {
      const [mine] = keep(0, [body(10, 1)])
      const [yours] = keep(1, [body(10, 2)], device('you'))
      fixture.store.close()
      rmSync(packFile(1))
      // Reading it at the place of a body fails with EIO, as a bad sector does: nothing is mapped there.
      symlinkSync('/proc/self/mem', packFile(1))
      const { packs } = fixture.reopen()
      expect([packs.read(mine as Place), packs.read(yours as Place)]).toEqual([undefined, body(10, 2)])
    },
  )

  test('[ST27] more files are read from than are kept open', () => {
    const files = new PackFiles(folder())
    const places = Array.from({ length: 40 }, (_, i) => files.append(i + 1, [body(3, i)])[0] as Place)
    for (const i of [0, 39, 17, 0]) expect(files.read(places[i] as Place)).toEqual(body(3, i))
    files.close()
  })

  test('[ST29] authors do not share a file, and a full one is followed by the next', () => {
    const other = fixture.store.logs.add(describeLog('other', { author: device('peer') }), false).rowId
    const mine = keep(0, [body(10)])
    const theirs = keep(0, [body(10)], device('peer'), other)
    expect(mine[0]?.pack).not.toBe(theirs[0]?.pack)
    const filled = keep(1, [body(64 << 20)])
    const next = keep(2, [body(1)])
    expect(filled[0]?.pack).toBe(mine[0]?.pack)
    expect(next[0]?.pack).toBe((theirs[0]?.pack as number) + 1)
  })
})

describe('space', () => {
  test('[ST30] a pack that nothing is left of goes, file and row', () => {
    keep(0, [body(1000)])
    fixture.store.segments.deleteLog(log)
    expect(finish(fixture.store.packs.reclaim())).toBe(1008)
    expect(existsSync(packFile(1))).toBe(false)
    expect(readdirSync(folder())).toEqual([])
    expect(fixture.store.packs.bytes()).toBe(0)
  })

  test('[ST30] one that is mostly empty is emptied into a newer one; what is left reads as before', () => {
    keep(
      0,
      Array.from({ length: 100 }, (_, i) => body(100, i)),
    )
    fixture.store.db.exec('DELETE FROM segment WHERE seq >= 40')
    expect(finish(fixture.store.packs.reclaim())).toBeGreaterThan(5000)
    expect(existsSync(packFile(1))).toBe(false)
    expect(stored()).toEqual(Array.from({ length: 40 }, (_, i) => body(100, i)))
    fixture.reopen()
    expect(stored()).toEqual(Array.from({ length: 40 }, (_, i) => body(100, i)))
  })

  test('[ST30] stopped after any step, nothing is lost, and the next run goes on', () => {
    keep(
      0,
      Array.from({ length: 200 }, (_, i) => body(50, i % 250)),
    )
    fixture.store.db.exec('DELETE FROM segment WHERE seq >= 90')
    const wanted = Array.from({ length: 90 }, (_, i) => body(50, i % 250))
    for (let steps = 0; steps < 6; steps++) {
      const reclaiming = fixture.store.packs.reclaim()
      for (let i = 0; i < steps && reclaiming.next().done !== true; i++);
      fixture.reopen()
      expect(stored()).toEqual(wanted)
    }
    finish(fixture.store.packs.reclaim())
    expect(stored()).toEqual(wanted)
    expect(readdirSync(folder())).toHaveLength(1)
  })

  test('[ST30] a pack that is mostly in use stays as it is', () => {
    const places = keep(0, [body(100), body(40)])
    fixture.store.db.exec('DELETE FROM segment WHERE seq = 1')
    expect(finish(fixture.store.packs.reclaim())).toBe(0)
    expect(fixture.store.packs.read(places[0] as Place)).toEqual(body(100))
  })

  test('[ST30] a body that comes while space is given back is kept', () => {
    const other = fixture.store.logs.add(describeLog('other', { author: device('peer') }), false).rowId
    keep(0, [body(10)])
    keep(0, [body(10)], device('peer'), other)
    for (const gone of [log, other]) fixture.store.segments.deleteLog(gone)
    const reclaiming = fixture.store.packs.reclaim()
    reclaiming.next()
    const [place] = keep(0, [body(20)], device('peer'), other)
    finish(reclaiming)
    expect(fixture.store.packs.read(place as Place)).toEqual(body(20))
  })

  test('[ST30] a file that lost its row, and then the power went, goes at the next start', () => {
    const [place] = keep(0, [body(10)])
    writeFileSync(packFile(7), PACK_HEAD)
    writeFileSync(join(folder(), 'notes.txt'), 'of somebody')
    fixture.reopen()
    finish(fixture.store.packs.reclaim())
    expect(readdirSync(folder()).sort()).toEqual(['00000001.pack', 'notes.txt'])
    expect(fixture.store.packs.read(place as Place)).toEqual(body(10))
  })
})
