/**
 * Builds dist, as the published package ships it: JavaScript of everything, types of the SDK only.
 * Fails if a file that dist starts or reads by URL is not where that URL points. It checks no types: `npm run check` does.
 */
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { findBrokenUrls } from './asset-urls.ts'
import { bundleAll } from './bundle.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
await bundleAll(dist)
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.sdk-types.json')], { stdio: 'inherit' })
const broken = findBrokenUrls(dist)
for (const problem of broken) console.error(problem)
if (broken.length > 0) process.exitCode = 1
