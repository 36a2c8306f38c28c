#!/usr/bin/env node
// The command. From a clone it runs the sources, from the published package the compiled dist; on an old Node it
// hands over to the pinned one of a clone.
import { existsSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findNode, isNewEnough, TOO_OLD } from './find-node.js'
import { beginLean } from './lean-memory.js'
import { runInNode } from './run-in-node.js'

const source = new URL('../src/main.ts', import.meta.url)
const entry = existsSync(source) ? source : new URL('../dist/main.js', import.meta.url)

if (isNewEnough()) {
  if (process.argv.includes('start')) beginLean()
  // Before anything is imported, or it comes too late: a command takes a third of the time then, and a start two thirds
  // (threads go by the variable). Not among the temporary files, where another user could put code first.
  process.env.NODE_COMPILE_CACHE ??= join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'aico-mesh')
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE)
  await import(entry.href)
} else {
  const node = findNode()
  if (node === undefined) {
    process.stderr.write(TOO_OLD)
    process.exit(1)
  }
  runInNode(node, [fileURLToPath(entry), ...process.argv.slice(2)], { lifeline: true })
}
