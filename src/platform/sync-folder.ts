/** New names outlive a power cut only once their folder is written too; Windows has no such call and needs none. */
import { closeSync, fsyncSync, openSync } from 'node:fs'

export function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
