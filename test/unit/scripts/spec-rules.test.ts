/** Rule ids: each is defined once over all pages of docs/spec, and every one that a test claims to prove is there. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..', '..', '..')
/** A rule is a paragraph or an item that begins with its id in bold, or a table row whose first cell is its id. */
const DEFINED = /^(?:(?:- )?\*\*|\| (?=\w+ \|))(?<id>[A-Z]{2,3}\d+)\b/gm
const CITED = /(?<=['"` ])\[(?<id>[A-Z]{2,3}\d+)\]/g

function idsUnder(folder: string, suffix: string, pattern: RegExp): readonly { id: string; file: string }[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  return files
    .filter((file) => file.endsWith(suffix))
    .flatMap((file) =>
      [...readFileSync(join(ROOT, folder, file), 'utf8').matchAll(pattern)].map(({ groups }) => ({
        id: groups?.['id'] ?? '',
        file,
      })),
    )
}

const defined = idsUnder('docs/spec', '.md', DEFINED)

test('every page of rules is read, in each of the forms they are written in', () => {
  const pages = new Set(defined.map(({ file }) => file))
  expect(readdirSync(join(ROOT, 'docs', 'spec')).filter((file) => !pages.has(file))).toEqual([])
})

test('no rule id is defined twice', () => {
  const twice = defined.filter(({ id }, at) => defined.findIndex((rule) => rule.id === id) !== at)
  expect(twice).toEqual([])
})

test('every rule that a test cites is defined', () => {
  const known = new Set(defined.map(({ id }) => id))
  const cited = idsUnder('test', '.ts', CITED)
  expect(cited.length).toBeGreaterThan(defined.length)
  expect(cited.filter(({ id }) => !known.has(id))).toEqual([])
})
