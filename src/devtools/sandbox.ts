/**
 * The sandbox of the devtools process: it reads nothing but this package's code, writes nothing, starts nothing, loads no
 * native code. Not restricted by Node: the network (docs/adr/0003-devtools-process.md).
 */
import { fileURLToPath } from 'node:url'

/** It stands beside this file, as TypeScript in a clone and as JavaScript in the published package. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './main.ts' : './main.js', import.meta.url)

/** Path of what runs in it. */
export function devtoolsProgram(): string {
  return fileURLToPath(ENTRY)
}

/** Flags of the permission model. `node:sqlite` writes files past it, so the module is taken away. */
export function sandboxFlags(): string[] {
  return [
    '--permission',
    '--no-experimental-sqlite',
    `--allow-fs-read=${fileURLToPath(new URL('..', import.meta.url))}`,
    // Node reads it to learn that the code is ES modules.
    `--allow-fs-read=${fileURLToPath(new URL('../../package.json', import.meta.url))}`,
  ]
}
