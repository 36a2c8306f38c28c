import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const COMMAND = join(import.meta.dirname, '..', '..', 'bin', 'aico-mesh.js')

test("compiled code is kept in the person's own cache folder, all of it, and not among the temporary files", () => {
  const root = mkdtempSync(join(tmpdir(), 'cache-'))
  const [temp, cache] = [join(root, 'tmp'), join(root, 'cache')]
  mkdirSync(temp)
  try {
    const { NODE_COMPILE_CACHE: _, ...env } = process.env
    execFileSync(process.execPath, [COMMAND, '--version'], { env: { ...env, TMPDIR: temp, XDG_CACHE_HOME: cache } })
    const kept = readdirSync(join(cache, 'aico-mesh'), { recursive: true, withFileTypes: true })
    // A cache that is turned on only after the command line was imported keeps nothing of it.
    expect(kept.filter((entry) => entry.isFile()).length).toBeGreaterThan(20)
    expect(readdirSync(temp)).toEqual([])
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})
