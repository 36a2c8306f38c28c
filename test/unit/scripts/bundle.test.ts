/** What the published package is made of: programs that load little, and nothing they were not meant to. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleAll } from '../../../scripts/bundle.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const FROM = /^(?:import|export)\b[^'"]*?["'](?<target>[^'"]+)["'];$|\bimport\(["'](?<later>[^'"]+)["']\)/gm
let dist: string

beforeAll(async () => {
  dist = mkdtempSync(join(tmpdir(), 'aico-mesh-bundle-'))
  await bundleAll(dist)
})
afterAll(() => rmSync(dist, { recursive: true }))

function importsOf(file: string): readonly string[] {
  const found = [...readFileSync(join(dist, file), 'utf8').matchAll(FROM)]
  return found.map(({ groups }) => groups?.['target'] ?? groups?.['later'] ?? '')
}

test('[PK13] the devtools process is one file, and loads nothing but that and Node', () => {
  const imports = importsOf('devtools/main.js')
  expect(imports).toContain('node:events')
  expect(imports.filter((target) => !target.startsWith('node:'))).toEqual([])
})

test('[PK13] the store thread is one file, and its packages are the database and encryption to devices', () => {
  const imports = importsOf('agent/keeper/worker.js')
  const packages = ['@hpke/chacha20poly1305', '@hpke/core', 'better-sqlite3']
  expect(imports.filter((target) => !target.startsWith('node:')).sort()).toEqual(packages)
})

test('[PK13] packages are not put into it, and those that are imported are those that users get', () => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'))
  const packages = new Set(files.flatMap(importsOf).filter((target) => !/^(?:\.|node:)/.test(target)))
  const names = [...packages].map((target) => /^(?:@[^/]+\/)?[^/]+/.exec(target)?.[0] ?? '')
  expect(names).toContain('libp2p')
  expect(names.filter((name) => !(name in dependencies))).toEqual([])
})

test('[PK13] errors are named by their classes, and functions as in the source', () => {
  const store = readFileSync(join(dist, 'agent', 'keeper', 'worker.js'), 'utf8')
  expect(store).toMatch(/\bStoreError = class extends MeshError\b/)
  expect(store).toMatch(/^function toStoreError\(/m)
})
