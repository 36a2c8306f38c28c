/** Numbers and names that stand in more than one place of the package agree. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isNewEnough } from '../../../bin/find-node.js'
import { SDK_VERSION } from '../../../src/sdk/origin.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const { version, engines } = JSON.parse(read('package.json')) as { version: string; engines: { node: string } }

test('[PK7] the SDK says the version of the package', () => {
  expect(SDK_VERSION).toBe(version)
})

test('[PK7] the launcher takes exactly the versions of Node that package.json allows', () => {
  const [, major = 0, minor = 0] = (/^>=(\d+)\.(\d+)$/.exec(engines.node) ?? []).map(Number)
  expect([`${major}.${minor}.0`, `${major}.${minor}.7`, `${major + 1}.0.0`].map(isNewEnough)).toEqual([
    true,
    true,
    true,
  ])
  expect([`${major}.${minor - 1}.9`, `${major - 1}.99.0`].map(isNewEnough)).toEqual([false, false])
})

test('[PK8] each Node the launcher looks for is one a clone installs, and no other', () => {
  const { optionalDependencies } = JSON.parse(read('scripts/runtime/package.json')) as {
    optionalDependencies: Record<string, string>
  }
  const looksFor = [...read('bin/find-node.js').matchAll(/'(node-[a-z0-9-]+)'/g)].map((match) => match[1])
  expect(new Set(looksFor)).toEqual(new Set(Object.keys(optionalDependencies)))
})

test('[PK9] every npm script starts in a Node that is new enough', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const direct = Object.values(scripts)
    .flatMap((script) => script.split(' && '))
    .filter((command) => !command.startsWith('node scripts/on-node.js ') && !command.startsWith('npm '))
  expect(direct).toEqual([])
})

test('[PK11] the lock file has every optional package it names, for all platforms', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Readonly<Record<string, LockEntry>> }
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !foldersAbove(path).some((at) => `${at}${name}` in packages)),
  )
  expect(missing).toEqual([])
})

interface LockEntry {
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** Where Node looks for what the package at `path` imports. */
function foldersAbove(path: string): string[] {
  const parents = [...path.matchAll(/node_modules\//g)].map(({ index }) => path.slice(0, index) + 'node_modules/')
  return [`${path}/node_modules/`, 'node_modules/', ...parents]
}
