/** What the build refuses: URLs of workers and assets that lead nowhere once compiled. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findBrokenUrls } from '../../../scripts/asset-urls.ts'

let root: string
let dist: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'aico-mesh-dist-'))
  dist = join(root, 'dist')
  mkdirSync(join(dist, 'agent'), { recursive: true })
  writeFileSync(join(root, 'package.json'), '{}')
  writeFileSync(join(dist, 'agent', 'worker.js'), '')
})
afterEach(() => rmSync(root, { recursive: true }))

const cases: readonly { name: string; code: string; want: readonly string[] }[] = [
  { name: 'a compiled file that is there is right', code: "new URL('./worker.js', import.meta.url)", want: [] },
  {
    name: 'a choice is right if its compiled half is there',
    code: "new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)",
    want: [],
  },
  {
    name: 'a choice is wrong if its compiled half is not there',
    code: "new URL(import.meta.url.endsWith('.ts') ? './gone.ts' : './gone.js', import.meta.url)",
    want: ['agent/main.js: agent/gone.js is not there'],
  },
  {
    name: 'source code alone is wrong, which is what the compiler leaves behind',
    code: "new URL('./worker.ts', import.meta.url)",
    want: ["agent/main.js: no path for compiled code in './worker.ts'"],
  },
  { name: 'a folder above is a path', code: "new URL('..', import.meta.url)", want: [] },
  {
    name: 'a file of the package is found above dist',
    code: 'new URL("../../package.json", import.meta.url)',
    want: [],
  },
  {
    name: 'a file that is not in the package is wrong',
    code: "new URL('../../assets/logo.svg', import.meta.url)",
    want: ['agent/main.js: ../assets/logo.svg is not there'],
  },
  {
    name: 'a name put together while running cannot be checked and is refused',
    code: 'new URL(`./${name}.js`, import.meta.url)',
    want: ['agent/main.js: agent/${name}.js is not there'],
  },
  {
    name: 'a URL of another kind is left alone',
    code: "new URL('http://127.0.0.1/v1/traces'); new URL(text, base)",
    want: [],
  },
  {
    name: 'each URL of a file is looked at',
    code: "new URL('./a.js', import.meta.url); new URL('./worker.js', import.meta.url); new URL('./b.js',\n  import.meta.url)",
    want: ['agent/main.js: agent/a.js is not there', 'agent/main.js: agent/b.js is not there'],
  },
]

test.each(cases)('[PK6] $name', ({ code, want }) => {
  writeFileSync(join(dist, 'agent', 'main.js'), code)
  expect(findBrokenUrls(dist)).toEqual(want)
})
