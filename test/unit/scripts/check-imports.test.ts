/** The table of rooms: the page says what the script enforces, and the script finds what breaks it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkImports, MAY_IMPORT, PURE } from '../../../scripts/check-imports.ts'

const PAGE = join(import.meta.dirname, '..', '..', '..', 'docs', 'spec', 'rooms.md')
const ROOM_ROW = /^\| `(?<room>[a-z/-]+)` \|[^|]+\|(?<pure>[^|]*)\|(?<imports>[^|]+)\|$/gm
const words = (text: string): string[] => (text === '-' ? [] : text.split(', '))

test('[RM6] the page and the script have the same table', () => {
  const rows = [...readFileSync(PAGE, 'utf8').matchAll(ROOM_ROW)].map(({ groups = {} }) => ({
    room: groups['room'] ?? '',
    pure: (groups['pure'] ?? '').trim(),
    imports: words((groups['imports'] ?? '').trim()),
  }))
  expect(Object.fromEntries(rows.map(({ room, imports }) => [room, imports]))).toEqual(MAY_IMPORT)
  const pure = rows.filter(({ pure: text }) => text !== '').map(({ room, pure: text }) => [room, packages(text)])
  expect(Object.fromEntries(pure)).toEqual(PURE)
})

/** `yes`, or `yes: yjs, lib0`. */
function packages(text: string): string[] {
  return text.startsWith('yes: ') ? text.slice('yes: '.length).split(', ') : []
}

describe('what the script finds', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'aico-mesh-rooms-'))
  })
  afterEach(() => rmSync(root, { recursive: true }))

  const cases: readonly { name: string; files: Readonly<Record<string, string>>; want: readonly string[] }[] = [
    {
      name: '[RM1] rooms of its row are fine',
      files: { 'wire/frame.ts': "import { x } from '../base/bytes.ts'", 'base/bytes.ts': '' },
      want: [],
    },
    {
      name: '[RM1] another room is not',
      files: { 'wire/frame.ts': "import type { S } from '../store/store.ts'", 'store/store.ts': '' },
      want: ["wire/frame.ts: 'wire' must not import 'store' (../store/store.ts)"],
    },
    {
      name: '[RM1] a part of a room is a room of its own',
      files: { 'sync/core/plan.ts': "export { x } from '../serving.ts'", 'sync/serving.ts': '' },
      want: ["sync/core/plan.ts: 'sync/core' must not import 'sync' (../serving.ts)"],
    },
    {
      name: '[RM1] a single file can be a room',
      files: {
        'cli/run.ts': "import type { View } from '../agent/http-types.ts'\nimport { y } from '../agent/compose.ts'",
        'agent/http-types.ts': '',
        'agent/compose.ts': '',
      },
      want: ["cli/run.ts: 'cli' must not import 'agent' (../agent/compose.ts)"],
    },
    {
      name: '[RM1] a file in no room may import nothing',
      files: { 'helpers/x.ts': "import { y } from '../base/bytes.ts'", 'base/bytes.ts': '' },
      want: ["helpers/x.ts: '(no room: helpers/x.ts)' must not import 'base' (../base/bytes.ts)"],
    },
    {
      name: '[RM1] an import while running counts',
      files: { 'bus/bus.ts': "const x = await import('../store/store.ts')", 'store/store.ts': '' },
      want: ["bus/bus.ts: 'bus' must not import 'store' (../store/store.ts)"],
    },
    {
      name: '[RM2] a pure room has nothing of Node',
      files: { 'policy/gate.ts': "import { createHash } from 'node:crypto'" },
      want: ["policy/gate.ts: 'policy' is pure but imports 'node:crypto'"],
    },
    {
      name: '[RM2] a pure room has no package but its own',
      files: { 'sync/core/document.ts': "import * as Y from 'yjs'\nimport { libp2p } from 'libp2p'" },
      want: ["sync/core/document.ts: 'sync/core' is pure but imports 'libp2p'"],
    },
    {
      name: '[RM2] a package that begins with the name of another is another',
      files: { 'sync/core/document.ts': "import x from 'yjs-extra'" },
      want: ["sync/core/document.ts: 'sync/core' is pure but imports 'yjs-extra'"],
    },
    {
      name: '[RM3] a circle is named',
      files: { 'base/a.ts': "import { b } from './b.ts'", 'base/b.ts': "import { a } from './a.ts'" },
      want: ['cycle: base/a.ts -> base/b.ts -> base/a.ts'],
    },
  ]
  test.each(cases)('$name', ({ files, want }) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    expect(checkImports(root)).toEqual(want)
  })

  test('[RM1] an empty tree is an error, not a pass', () => {
    expect(checkImports(root)).toEqual([`no .ts files under ${root}`])
  })
})
