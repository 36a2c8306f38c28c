/** Where a module's endpoint listens: a socket in the agent's own folder, or loopback TCP where there can be none. */
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'

/** Longest socket path, in bytes: `sun_path` has 104 on macOS and 108 on Linux, with its ending zero. */
export const MAX_SOCKET_PATH_BYTES = 100
/** libzmq picks a free port. */
export const ANY_LOOPBACK_PORT = 'tcp://127.0.0.1:*'

/** The module's `ipc://` endpoint, or undefined where the system or the length of the path forbids one. */
export function ipcEndpoint(dir: string, module: string, platform: NodeJS.Platform): string | undefined {
  const path = join(dir, `${module}.sock`)
  if (platform === 'win32' || Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) return undefined
  return `ipc://${path}`
}

/**
 * An endpoint that stays the same from start to start, to be written into a new module's credential and record:
 * `ipc://`, or a loopback port that is free now.
 */
export async function chooseEndpoint(dir: string, module: string, platform = process.platform): Promise<string> {
  return ipcEndpoint(dir, module, platform) ?? `tcp://127.0.0.1:${await freeLoopbackPort()}`
}

async function freeLoopbackPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
