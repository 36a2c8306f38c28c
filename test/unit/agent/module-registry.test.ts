import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MAX_MODULES, ModuleRegistry } from '../../../src/agent/module-registry.ts'
import { layOutHome, type Home } from '../../../src/platform/home.ts'
import { readCredential } from '../../../src/wire/bus-credential.ts'

let folder: string
let home: Home
let registry: ModuleRegistry
const kept: string[] = []
const keep = async ({ name }: { readonly name: string }): Promise<void> => void kept.push(name)

beforeEach(() => {
  kept.length = 0
  folder = mkdtempSync(join(tmpdir(), 'modules-'))
  home = layOutHome(folder)
  registry = new ModuleRegistry([], home)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const code = (wanted: string) => expect.objectContaining({ code: wanted })
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

describe('modules', () => {
  test('[BU5] adding one writes a credential only its owner can read, which the SDK reads', async () => {
    const record = await registry.add('core', keep)
    const path = registry.credentialFile('core')
    expect([modeOf(home.modulesFolder), modeOf(path)]).toEqual(['700', '600'])
    const read = readCredential(JSON.parse(readFileSync(path, 'utf8')))
    expect(read).toMatchObject({ credential: { module: 'core', serverPublicKey: record.serverPublicKey } })
    expect(readFileSync(path, 'utf8')).not.toContain(record.serverSecretKey)
    expect([kept, registry.list().map(({ name }) => name)]).toEqual([['core'], ['core']])
  })

  test('[BU5] the credential is there when the record is kept; if that fails nothing is added', async () => {
    const seen: boolean[] = []
    await registry.add('seen', async ({ name }) => void seen.push(existsSync(registry.credentialFile(name))))
    expect(seen).toEqual([true])
    await registry.remove('seen', async () => undefined)
    await expect(registry.add('core', () => Promise.reject(new Error('disk')))).rejects.toThrow('disk')
    expect([registry.list(), existsSync(registry.credentialFile('core'))]).toEqual([[], false])
    await registry.add('core', keep)
  })

  const names = ['', 'Core', '../core', 'a/b', '.hidden', 'tail-', 'a b', 'é', 'x'.repeat(65), 'core\n']
  test.each(names)('[BU5] %j is no module name', async (name) => {
    await expect(registry.add(name, keep)).rejects.toEqual(code('MODULE_NAME_INVALID'))
    expect(kept).toEqual([])
  })

  test.each(['a', 'x'.repeat(64), 'speech.v2', 'a-b_c'])('[BU5] %s is one', async (name) => {
    expect((await registry.add(name, keep)).name).toBe(name)
  })

  test('[BU5] a name is taken once, and removing it ends its credential', async () => {
    await registry.add('core', keep)
    await expect(registry.add('core', keep)).rejects.toEqual(code('MODULE_EXISTS'))
    await registry.remove('core', async () => undefined)
    expect([registry.list(), existsSync(registry.credentialFile('core'))]).toEqual([[], false])
    await expect(registry.remove('core', async () => undefined)).rejects.toEqual(code('MODULE_UNKNOWN'))
  })

  test('[BU5] of two who add one name at once, the second is told that it is there', async () => {
    const both = await Promise.allSettled([registry.add('core', keep), registry.add('core', keep)])
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(both[1]).toMatchObject({ reason: code('MODULE_EXISTS') })
    expect(kept).toEqual(['core'])
  })

  test('[BU5] what was stored is there again, and 64 is the most', async () => {
    const stored = Array.from({ length: MAX_MODULES - 1 }, (_, i) => ({ name: `m${i}`, record: { name: `m${i}` } }))
    const full = new ModuleRegistry(stored, home)
    await full.add('last', keep)
    expect(full.list().length).toBe(MAX_MODULES)
    await expect(full.add('more', keep)).rejects.toEqual(code('MODULE_TOO_MANY'))
  })
})
