/** A Node that is too old for us: the system's, where it is, else a new one that says it is old. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { isNewEnough } from '../../bin/find-node.js'

const PRETEND = "Object.defineProperty(process.versions, 'node', { value: '20.11.0' })"

export function oldNode(): readonly string[] {
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .find((file) => existsSync(file) && !isNewEnough(versionOf(file)))
  return found === undefined ? [process.execPath, '--import', `data:text/javascript,${PRETEND}`] : [found]
}

function versionOf(node: string): string {
  return execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim()
}
