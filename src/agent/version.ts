/** The version of this program, from the package it is part of. */
import { readFileSync } from 'node:fs'

// Both src/agent and dist/agent lie two folders below package.json.
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}
export const VERSION: string = version
