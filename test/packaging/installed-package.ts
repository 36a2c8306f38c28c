/** Builds and packs this clone, and installs the tarball as a stranger would: an empty folder, the registry, npm. */
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { runSuccessfully } from '../support/run-program.ts'

const ROOT = join(import.meta.dirname, '..', '..')

export interface InstalledPackage {
  /** The stranger's project. Its path has a blank and a letter beyond ASCII: what breaks paths made from URLs. */
  readonly folder: string
  /** Files of the tarball, without the `package/` that npm puts before them. */
  readonly tarball: readonly string[]
  /** PATH whose `node` is the Node that runs the test. */
  readonly path: string
  remove(): void
}

export async function installPackage(): Promise<InstalledPackage> {
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'aico-mesh-package-')))
  const folder = join(scratch, 'a strängers project')
  mkdirSync(folder)
  const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`
  const env = { PATH: path }
  await runSuccessfully([process.execPath, join(ROOT, 'scripts', 'build.ts')])
  await runSuccessfully(['npm', 'pack', '--silent', '--pack-destination', scratch], { cwd: ROOT, env })
  const file = join(scratch, readdirSync(scratch).find((name) => name.endsWith('.tgz')) ?? 'no tarball')
  const tarball = (await runSuccessfully(['tar', '-tf', file])).split('\n').filter((name) => name !== '')
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'stranger', private: true, type: 'module' }))
  await runSuccessfully(['npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', file], { cwd: folder, env })
  return {
    folder,
    tarball: tarball.map((name) => name.replace(/^package\//, '')),
    path,
    remove: () => rmSync(scratch, { recursive: true, force: true }),
  }
}
