/**
 * Fails if a file under src/ imports from a room it must not know, or if files
 * import each other in a circle. The table is docs/spec/rooms.md. Reads text only: no compiler needed.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'

/** Room -> rooms it may import from (and always from itself). Packages: see PURE. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  model: ['base'],
  platform: ['base'],
  wire: ['base', 'model'],
  policy: ['base', 'model'],
  audit: ['base', 'model'],
  ingest: ['base', 'model', 'wire', 'policy', 'audit'],
  store: ['base', 'model', 'wire', 'audit', 'platform'],
  bus: ['base', 'model', 'wire', 'platform'],
  'sync/core': ['base', 'model', 'wire', 'policy'],
  sync: ['base', 'model', 'wire', 'policy', 'audit', 'sync/core', 'platform'],
  query: ['base', 'model', 'wire', 'policy'],
  capsule: ['base', 'model', 'wire', 'policy', 'audit', 'query', 'platform'],
  sdk: ['base', 'model', 'wire', 'platform'],
  devtools: ['base', 'model', 'wire', 'sdk', 'platform'],
  ui: ['model'],
  transfer: ['base', 'model', 'wire'],
  cli: ['base', 'sdk', 'platform', 'transfer', 'agent/http-types'],
  agent: [
    'base',
    'model',
    'platform',
    'wire',
    'policy',
    'audit',
    'ingest',
    'store',
    'bus',
    'sync/core',
    'sync',
    'query',
    'capsule',
    'sdk',
    'devtools',
    'agent/http-types',
  ],
  'agent/http-types': ['base', 'model'],
  main: ['base', 'platform', 'cli', 'agent'],
}
/** Pure rooms, with the packages each may still import. Rooms absent here may import any package. */
export const PURE: Readonly<Record<string, readonly string[]>> = {
  base: [],
  model: [],
  wire: [],
  policy: [],
  audit: [],
  'sync/core': ['yjs', 'lib0'],
  transfer: [],
  'agent/http-types': [],
}
const IMPORT =
  /^\s*(?:import|export)\b[^'"]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm

export function checkImports(root: string): string[] {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'))
  if (files.length === 0) return [`no .ts files under ${root}`]
  const problems: string[] = []
  const graph = new Map<string, string[]>()
  for (const file of files) {
    const room = roomOf(file)
    const edges: string[] = []
    for (const match of readFileSync(join(root, file), 'utf8').matchAll(IMPORT)) {
      const specifier = match[1] ?? match[2] ?? match[3] ?? ''
      if (!specifier.startsWith('.')) {
        const allowed = PURE[room]
        if (allowed && !allowed.some((name) => specifier === name || specifier.startsWith(`${name}/`))) {
          problems.push(`${file}: '${room}' is pure but imports '${specifier}'`)
        }
        continue
      }
      const target = relative(root, join(root, dirname(file), specifier))
      const targetRoom = roomOf(target)
      if (targetRoom !== room && !MAY_IMPORT[room]?.includes(targetRoom)) {
        problems.push(`${file}: '${room}' must not import '${targetRoom}' (${specifier})`)
      }
      edges.push(target)
    }
    graph.set(file, edges)
  }
  return problems.concat(findCycles(graph))
}

/** The most specific room of MAY_IMPORT that holds `file`; a room may also be a single file, such as `main.ts`. */
function roomOf(file: string): string {
  const path = file.split(sep).join('/')
  const rooms = Object.keys(MAY_IMPORT).filter((room) => path.startsWith(`${room}/`) || path === `${room}.ts`)
  return rooms.sort((a, b) => b.length - a.length)[0] ?? `(no room: ${path})`
}

function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const cycles: string[] = []
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file)
    if (at >= 0) {
      cycles.push(`cycle: ${[...path.slice(at), file].join(' -> ')}`)
      return
    }
    if (done.has(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  return cycles
}

if (import.meta.main) {
  const problems = checkImports(process.argv[2] ?? join(import.meta.dirname, '..', 'src'))
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length > 0 ? 1 : 0
}
