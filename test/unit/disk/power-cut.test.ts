import { describe, expect, test } from 'vitest'
import type { DiskEvent, FolderImage } from '../../support/disk/disk-events.ts'
import { PowerCut } from '../../support/disk/power-cut.ts'
import { seeded } from '../../support/seeded.ts'

const EMPTY: FolderImage = { files: new Map(), folders: new Set() }
const TRIES = 200

type Step = DiskEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, 'startedAt' | 'endedAt'>
    : never
  : never

/** One after the other. */
function inOrder(...steps: readonly Step[]): readonly DiskEvent[] {
  return steps.map((step, at) => ({ ...step, startedAt: at * 2, endedAt: at * 2 + 1 }))
}
const link = (path: string, file = 0): Step => ({ kind: 'name', change: { kind: 'link', path, file } })
const write = (bytes: Uint8Array, offset = 0, file = 0): Step => {
  return { kind: 'change', file, change: { kind: 'write', offset, bytes } }
}
const sync: Step = { kind: 'sync', file: 0 }
const syncFolder: Step = { kind: 'sync-folder', path: '' }
const full = (length: number, byte: number) => new Uint8Array(length).fill(byte)

/** Every folder that is found in many tries, in words. */
function found(events: readonly DiskEvent[], words: (image: FolderImage) => string, before = EMPTY): readonly string[] {
  const random = seeded(7)
  const cut = new PowerCut(events, before)
  cut.advanceTo(events.length)
  return [...new Set(Array.from({ length: TRIES }, () => words(cut.image(random))))].sort()
}
const contentOf = ({ files }: FolderImage): string => {
  const bytes = files.get('a')
  return bytes === undefined ? 'none' : Buffer.from(bytes).toString('latin1').replaceAll('\0', '-')
}

describe('what is certain', () => {
  test('what was synced, with its name, is always there', () => {
    expect(found(inOrder(link('a'), write(full(3, 65)), sync, syncFolder), contentOf)).toEqual(['AAA'])
  })

  test('what was there before is', () => {
    const before = { files: new Map([['a', Buffer.from('old')]]), folders: new Set<string>() }
    expect(found([], contentOf, before)).toEqual(['old'])
  })
})

describe('what is not', () => {
  test('each write after the sync may be there or not; where a file grew without its bytes there are zeros', () => {
    const events = inOrder(
      link('a'),
      syncFolder,
      write(full(1, 65)),
      sync,
      write(full(1, 66), 1),
      write(full(1, 67), 2),
    )
    expect(found(events, contentOf)).toEqual(['A', 'A-', 'A--', 'A-C', 'AB', 'AB-', 'ABC'])
  })

  test('a write that was under way when the sync began is not synced by it', () => {
    const events: DiskEvent[] = [
      ...inOrder(link('a'), syncFolder),
      { ...write(full(1, 65)), startedAt: 10, endedAt: 13 },
      { ...sync, startedAt: 12, endedAt: 14 },
    ]
    expect(found(events, contentOf)).toEqual(['', '-', 'A'])
  })

  test('a write may be torn at sectors, never within one', () => {
    const events = inOrder(link('a'), syncFolder, write(full(1024, 65)), sync, write(full(1024, 66)))
    const halves = found(events, (image) => contentOf(image).replaceAll(/(.)\1{511}/g, '$1'))
    expect(halves).toEqual(['AA', 'AB', 'BA', 'BB'])
  })

  test('a new file may have no name while its folder was not synced', () => {
    expect(found(inOrder(link('a'), write(full(1, 65)), sync), contentOf)).toEqual(['A', 'none'])
  })

  test('names change in order: a later one is never there without the earlier', () => {
    const words = ({ files }: FolderImage): string => [...files.keys()].join(' ')
    expect(found(inOrder(link('a'), link('b', 1), link('c', 2)), words)).toEqual(['', 'a', 'a b', 'a b c'])
  })

  test('what follows a resize is not there without it', () => {
    const shrink: Step = { kind: 'change', file: 0, change: { kind: 'resize', size: 0 } }
    const events = inOrder(link('a'), syncFolder, write(full(2, 65)), sync, shrink, write(full(1, 66)))
    expect(found(events, contentOf)).toEqual(['', '-', 'AA', 'B'])
  })

  test('what was said counts from when it was said', () => {
    const cut = new PowerCut(inOrder({ kind: 'say', line: 'one' }, { kind: 'say', line: 'two' }), EMPTY)
    expect([...cut.advanceTo(0)]).toEqual([])
    expect([...cut.advanceTo(1)]).toEqual(['one'])
    expect([...cut.advanceTo(2)]).toEqual(['one', 'two'])
  })
})
