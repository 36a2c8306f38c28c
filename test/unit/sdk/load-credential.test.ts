import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { createModuleCredential } from '../../../src/bus/module-credential.ts'
import { CREDENTIAL_VARIABLE, loadCredential } from '../../../src/sdk/load-credential.ts'

const dir = mkdtempSync(join(tmpdir(), 'credential-'))
const { credential } = createModuleCredential('core', 'ipc:///run/core.sock')
const file = (name: string, text: string): string => {
  const path = join(dir, name)
  writeFileSync(path, text)
  return path
}

afterAll(() => rmSync(dir, { recursive: true }))
afterEach(() => vi.unstubAllEnvs())

describe('loadCredential', () => {
  test('[BU4] takes an object, a file, or the file that the environment names', () => {
    const path = file('good.json', JSON.stringify(credential))
    expect(loadCredential(credential)).toEqual({ credential, file: undefined })
    expect(loadCredential(path)).toEqual({ credential, file: path })
    vi.stubEnv(CREDENTIAL_VARIABLE, path)
    expect(loadCredential(undefined)).toEqual({ credential, file: path })
  })

  test.each([
    { name: 'nothing given', given: () => undefined, code: 'SDK_CREDENTIAL_MISSING' },
    { name: 'no such file', given: () => join(dir, 'none.json'), code: 'SDK_CREDENTIAL_UNREADABLE' },
    { name: 'a folder', given: () => dir, code: 'SDK_CREDENTIAL_UNREADABLE' },
    { name: 'no JSON', given: () => file('bad.json', '{'), code: 'SDK_CREDENTIAL_UNREADABLE' },
    {
      name: 'a file over the limit',
      given: () => file('big.json', ' '.repeat(8193)),
      code: 'SDK_CREDENTIAL_UNREADABLE',
    },
    { name: 'a field missing', given: () => file('part.json', '{"v":1}'), code: 'SDK_CREDENTIAL_INVALID' },
  ])('[BU50] $name: $code', ({ given, code }) => {
    vi.stubEnv(CREDENTIAL_VARIABLE, '')
    expect(() => loadCredential(given())).toThrow(expect.objectContaining({ code }))
  })

  test('[BU50] an error never quotes the file', () => {
    const path = file('secret.json', `${credential.secretKey} is no JSON`)
    try {
      loadCredential(path)
      expect.unreachable()
    } catch (err) {
      expect(String(err) + String((err as Error).cause)).not.toContain(credential.secretKey.slice(0, 8))
    }
  })
})
