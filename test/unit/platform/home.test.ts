import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  findHome,
  layOutHome,
  makeFolders,
  makePrivateFolder,
  narrowHome,
  requireOwnFolder,
} from '../../../src/platform/home.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'home-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('where a home is', () => {
  const fallback = join(homedir(), '.local', 'share', 'aico-mesh')
  const rows: readonly { name: string; option?: string; env: NodeJS.ProcessEnv; want: string }[] = [
    { name: 'the option wins', option: '/a', env: { AICO_MESH_HOME: '/b', XDG_DATA_HOME: '/c' }, want: '/a' },
    { name: 'then the variable', env: { AICO_MESH_HOME: '/b', XDG_DATA_HOME: '/c' }, want: '/b' },
    { name: 'then the XDG data folder', env: { XDG_DATA_HOME: '/c' }, want: '/c/aico-mesh' },
    { name: 'then its default', env: {}, want: fallback },
    { name: 'an empty variable is none', env: { AICO_MESH_HOME: '', XDG_DATA_HOME: '' }, want: fallback },
    { name: 'a relative XDG folder is none, as XDG says', env: { XDG_DATA_HOME: 'data' }, want: fallback },
    { name: 'a relative option is meant from here', option: 'phone', env: {}, want: resolve('phone') },
    { name: 'a relative variable too', env: { AICO_MESH_HOME: './x/../y' }, want: resolve('y') },
  ]
  test.each(rows)('[CL3] $name', ({ option, env, want }) => {
    expect(findHome(option, env)).toBe(want)
  })
})

describe('sockets', () => {
  test('[HT1] they are in the home while its path is short, and then elsewhere, one folder a home', () => {
    const short = layOutHome('/h')
    expect([short.socketFile, short.busFolder]).toEqual(['/h/run/agent.sock', '/h/run/bus'])
    const [long, other] = [layOutHome(`/${'a'.repeat(80)}`), layOutHome(`/${'b'.repeat(80)}`)]
    expect(dirname(long.runFolder)).toBe(tmpdir())
    expect(long.runFolder).not.toBe(other.runFolder)
    expect(layOutHome(`/${'a'.repeat(80)}`).runFolder).toBe(long.runFolder)
    expect(Buffer.byteLength(long.socketFile)).toBeLessThanOrEqual(103)
  })

  test('[HT1] the length is counted in bytes: the last that fits, and one more', () => {
    const homeOf = (bytes: number): string => `/${'é'.repeat((bytes - 1) / 2)}`
    expect(layOutHome(homeOf(65)).runFolder).toBe(join(homeOf(65), 'run'))
    expect(dirname(layOutHome(homeOf(67)).runFolder)).toBe(tmpdir())
  })
})

describe('a private folder', () => {
  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

  test('[ID5] is made with its parents, 0700', () => {
    makePrivateFolder(join(folder, 'a', 'b'))
    expect(modeOf(join(folder, 'a', 'b'))).toBe('700')
  })

  test('[ID5] is narrowed if it is there and open to others', () => {
    const path = join(folder, 'open')
    mkdirSync(path)
    chmodSync(path, 0o777)
    makePrivateFolder(path)
    expect(modeOf(path)).toBe('700')
  })

  test('[ID5] is never a link to elsewhere', () => {
    const [target, link] = [join(folder, 'target'), join(folder, 'link')]
    mkdirSync(target, { mode: 0o755 })
    chmodSync(target, 0o755)
    symlinkSync(target, link)
    expect(() => makePrivateFolder(link)).toThrow(expect.objectContaining({ code: 'HOME_NOT_PRIVATE' }))
    expect(modeOf(target)).toBe('755')
  })

  test('[ID5] is never a file', () => {
    writeFileSync(join(folder, 'file'), '')
    expect(() => makePrivateFolder(join(folder, 'file'))).toThrow(expect.objectContaining({ code: 'HOME_NOT_PRIVATE' }))
  })
})

describe('folders', () => {
  test('[ID5] are made with those they are in, 0700; one that is there is left as it is', () => {
    const path = join(folder, 'a', 'b')
    makeFolders(path)
    expect((statSync(join(folder, 'a')).mode & 0o777).toString(8)).toBe('700')
    chmodSync(path, 0o750)
    makeFolders(path)
    expect((statSync(path).mode & 0o777).toString(8)).toBe('750')
  })

  test('[ID8] where none can be made, the system says why, at once', () => {
    writeFileSync(join(folder, 'file'), '')
    expect(() => makeFolders(join(folder, 'file'))).toThrow('EEXIST')
    expect(() => makeFolders(join(folder, 'file', 'x'))).toThrow('EEXIST')
    expect(() => makeFolders('/proc/1/x/y')).toThrow(/ENOENT|EACCES|EROFS/)
  })
})

describe('a home that was copied or restored', () => {
  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

  test('[ID5] is taken from others again, and says what they could read', () => {
    const home = layOutHome(folder)
    mkdirSync(home.modulesFolder)
    const secrets = [
      join(folder, 'keys.json'),
      join(folder, 'master.key'),
      home.tokenFile,
      join(home.modulesFolder, 'ear.json'),
    ]
    for (const file of [...secrets, join(folder, 'notes.txt')]) {
      writeFileSync(file, '')
      chmodSync(file, 0o644)
    }
    for (const path of [folder, home.modulesFolder]) chmodSync(path, 0o755)
    expect([...narrowHome(home)].sort()).toEqual([folder, home.modulesFolder, ...secrets].sort())
    expect([folder, home.modulesFolder].map(modeOf)).toEqual(['700', '700'])
    expect(secrets.map(modeOf)).toEqual(['600', '600', '600', '600'])
    expect(modeOf(join(folder, 'notes.txt'))).toBe('644') // not ours to change
    expect(narrowHome(home)).toEqual([])
  })

  test("[ID5] is refused if it is another user's, as is the folder its sockets are in", () => {
    const uid = process.getuid?.() ?? 0
    const getuid = process.getuid
    process.getuid = () => uid + 1
    try {
      const refusal = expect.objectContaining({ code: 'HOME_NOT_PRIVATE', message: expect.stringContaining(folder) })
      expect(() => narrowHome(layOutHome(folder))).toThrow(refusal)
      expect(() => requireOwnFolder(folder)).toThrow(refusal)
    } finally {
      if (getuid) process.getuid = getuid
    }
    expect(() => requireOwnFolder(folder)).not.toThrow()
  })
})
