// `node scripts/on-node.js FILE ...` runs a script, and `PACKAGE:BIN ...` a tool of a package, in a Node that is new
// enough. Every npm script goes through here, so that a clone works on any Node from 20 up.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { findNode, TOO_OLD } from '../bin/find-node.js'
import { runInNode } from '../bin/run-in-node.js'

const [target, ...args] = process.argv.slice(2)
const node = findNode()
if (target === undefined || node === undefined) {
  process.stderr.write(target === undefined ? 'usage: on-node.js FILE|PACKAGE:BIN [ARG ...]\n' : TOO_OLD)
  process.exit(2)
}
runInNode(node, [target.includes(':') ? packageBin(target) : target, ...args], { lifeline: false })

function packageBin(tool) {
  const [name, bin] = tool.split(':')
  // Some packages hide package.json from resolve; the folder of node_modules is certain in a clone.
  const folder = join(dirname(createRequire(import.meta.url).resolve('../package.json')), 'node_modules', name)
  const { bin: bins } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return join(folder, typeof bins === 'string' ? bins : bins[bin])
}
