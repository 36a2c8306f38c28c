/** Which program a benchmark runs: this clone's, or what the published package holds. */
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleAll } from '../../scripts/bundle.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** The command of this clone: sources, stripped of their types by Node as they are loaded. */
export const CLONE = join(ROOT, 'bin', 'aico-mesh.js')

/** Runs `work` with the command of a package laid out as the published one: bundled, without any source. */
export async function withPackage<T>(work: (command: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-package-'))
  try {
    await bundleAll(join(folder, 'dist'))
    for (const part of ['bin', 'package.json']) cpSync(join(ROOT, part), join(folder, part), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    return await work(join(folder, 'bin', 'aico-mesh.js'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
