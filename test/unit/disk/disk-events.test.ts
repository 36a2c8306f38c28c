import { describe, expect, test } from 'vitest'
import { diskEvents, type FolderImage } from '../../support/disk/disk-events.ts'
import { readCalls } from '../../support/disk/strace-lines.ts'

const EMPTY: FolderImage = { files: new Map(), folders: new Set() }
const hex = (text: string): string =>
  `"${[...Buffer.from(text)].map((b) => `\\x${b.toString(16).padStart(2, '0')}`).join('')}"`

function eventsOf(lines: readonly string[], before = EMPTY) {
  const calls = readCalls(lines.map((line) => `7 ${line}`).join('\n'))
  return diskEvents(calls, { folder: '/home', before, sayFile: '/said' }).map(
    ({ startedAt: _s, endedAt: _e, ...event }) => event,
  )
}

describe('calls', () => {
  test('a call that another thread came between is one call, from where it began', () => {
    const text = ['7 fsync(3 <unfinished ...>', '8 close(4) = 0', '7 <... fsync resumed>) = 0'].join('\n')
    expect(readCalls(text)).toEqual([
      { name: 'fsync', args: '3', result: 0, startedAt: 0, endedAt: 2 },
      { name: 'close', args: '4', result: 0, startedAt: 1, endedAt: 1 },
    ])
  })

  test('one that a kill ended is none', () => {
    expect(readCalls('7 fsync(3 <unfinished ...>\n7 +++ killed by SIGKILL +++')).toEqual([])
  })
})

describe('events', () => {
  const opened = (flags: string, fd = 3) => `openat(AT_FDCWD, ${hex('/home/a')}, ${flags}, 0600) = ${fd}`

  test('writes are placed where the system places them', () => {
    const write = { kind: 'change', file: 0 }
    expect(
      eventsOf([
        opened('O_RDWR|O_CREAT'),
        `pwrite64(3, ${hex('abc')}, 3, 4096) = 3`,
        `write(3, ${hex('de')}, 2) = 2`,
        `write(3, ${hex('f')}, 1) = 1`,
        opened('O_WRONLY|O_APPEND', 4),
        `write(4, ${hex('gh')}, 2) = 1`,
        'ftruncate(3, 10) = 0',
      ]).slice(1),
    ).toEqual([
      { ...write, change: { kind: 'write', offset: 4096, bytes: Buffer.from('abc') } },
      { ...write, change: { kind: 'write', offset: 0, bytes: Buffer.from('de') } },
      { ...write, change: { kind: 'write', offset: 2, bytes: Buffer.from('f') } },
      { ...write, change: { kind: 'write', offset: 4099, bytes: Buffer.from('g') } },
      { ...write, change: { kind: 'resize', size: 10 } },
    ])
  })

  test('a file that takes the name of another is another', () => {
    const before: FolderImage = { files: new Map([['a', Buffer.from('old')]]), folders: new Set() }
    expect(eventsOf([`unlink(${hex('/home/a')}) = 0`, opened('O_RDWR|O_CREAT'), 'fsync(3) = 0'], before)).toEqual([
      { kind: 'name', change: { kind: 'unlink', path: 'a' } },
      { kind: 'name', change: { kind: 'link', path: 'a', file: 1 } },
      { kind: 'sync', file: 1 },
    ])
  })

  test('a sync of the folder is not one of a file, and what lies elsewhere is left out', () => {
    expect(
      eventsOf([
        `openat(AT_FDCWD, ${hex('/home')}, O_RDONLY) = 3`,
        'fsync(3) = 0',
        `openat(AT_FDCWD, ${hex('/elsewhere')}, O_RDWR|O_CREAT, 0600) = 4`,
        `write(4, ${hex('x')}, 1) = 1`,
        `openat(AT_FDCWD, ${hex('/said')}, O_WRONLY|O_APPEND) = 5`,
        `write(5, ${hex('done\n')}, 5) = 5`,
      ]),
    ).toEqual([
      { kind: 'sync-folder', path: '' },
      { kind: 'say', line: 'done' },
    ])
  })

  test.each([
    ['a mapped file', 'mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 3, 0) = 0x7f'],
    ['a copied range', 'copy_file_range(9, NULL, 3, NULL, 10, 0) = 10'],
    ['a link', `link(${hex('/home/a')}, ${hex('/home/b')}) = 0`],
  ])('%s is not left out but an error', (_name, line) => {
    const other = `openat(AT_FDCWD, ${hex('/home/b')}, O_RDWR|O_CREAT, 0600) = 9`
    expect(() => eventsOf([opened('O_RDWR|O_CREAT'), other, line])).toThrow('cannot be replayed')
  })
})
