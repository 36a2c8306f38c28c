/** The bare parts of ingest in processes of their own, in a temporary folder: the raw limit of what the agent does. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BareWork } from '../bare-worker.ts'
import { startNode, type Child } from './child.ts'

const STORE = fileURLToPath(new URL('../bare-store.ts', import.meta.url))
const FRONT = fileURLToPath(new URL('../bare-front.ts', import.meta.url))

export interface BarePipeline {
  readonly url: string
  readonly pids: readonly number[]
  /** Bytes on disk. */
  readonly size: () => number
}

/** @param hop whether a second process stands in front and hands the bodies on, as the devtools process does */
export async function withBarePipeline<T>(
  wanted: { readonly work: BareWork; readonly hop: boolean },
  run: (pipeline: BarePipeline) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-bare-'))
  const socket = join(folder, 'bare.sock')
  const processes: Child[] = []
  const start = async (...args: readonly string[]): Promise<string> => {
    const child = startNode(args)
    processes.push(child)
    return ((await child.nextJson()) as { readonly url: string }).url
  }
  try {
    const ofStore = await start(STORE, wanted.work, join(folder, 'bare.db'), ...(wanted.hop ? [socket] : []))
    const url = wanted.hop ? await start(FRONT, socket) : ofStore
    return await run({ url, pids: processes.map(({ pid }) => pid), size: () => sizeOf(folder) })
  } finally {
    await Promise.all(processes.map((child) => child.stop()))
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Bytes of all files in a folder, however deep. */
export function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}
