/**
 * Finds URLs of workers and assets that lead nowhere. The compiler rewrites imports, but not `new URL('./w.ts',
 * import.meta.url)`, so a worker that is there in a clone can be missing in the published package.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const URL_CALL = /new URL\((?<target>[^;]*?),\s*import\.meta\.url\)/g
const LITERAL = /(?<quote>['"`])(?<path>\.{1,2}(?:\/.*?)?)\k<quote>/g

/** @returns a sentence for each `new URL(..., import.meta.url)` in compiled files under `dist` that has no target there. */
export function findBrokenUrls(dist: string): string[] {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'))
  return files.flatMap((file) => brokenUrlsOf(dist, file))
}

function brokenUrlsOf(dist: string, file: string): string[] {
  const calls = [...readFileSync(join(dist, file), 'utf8').matchAll(URL_CALL)]
  return calls.flatMap(({ groups }) => {
    const paths = [...(groups?.['target'] ?? '').matchAll(LITERAL)].map((literal) => literal.groups?.['path'] ?? '')
    // A choice between './w.ts' and './w.js' is right: compiled code takes the second.
    const compiled = paths.filter((path) => !path.endsWith('.ts'))
    if (compiled.length === 0) return [`${file}: no path for compiled code in ${groups?.['target']}`]
    return compiled
      .map((path) => join(dist, dirname(file), path))
      .filter((target) => !existsSync(target))
      .map((target) => `${file}: ${relative(dist, target)} is not there`)
  })
}
