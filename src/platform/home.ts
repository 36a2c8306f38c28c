/** Where a device keeps its files. Everything is under one 0700 folder, except sockets when its path is too long for them. */
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { MeshError } from '../base/errors.ts'

/** Longest path a unix socket may have, with room for the longest name we bind: Linux allows 107 bytes, macOS 103. */
const MAX_SOCKET_FOLDER_BYTES = 70

/** Files directly in the home that hold keys or records, or let somebody in. */
const PRIVATE_FILES = ['keys.json', 'master.key', 'token', 'store.db', 'audit.db', 'lock.db', 'failed-starts.json']

export interface Home {
  readonly folder: string
  readonly storeFile: string
  readonly auditFile: string
  readonly lockFile: string
  /** Credentials of bus modules, one file each, and what modules keep while no agent runs. */
  readonly modulesFolder: string
  /** Sockets and the token, made anew at each start. */
  readonly runFolder: string
  readonly socketFile: string
  readonly tokenFile: string
  readonly busFolder: string
}

/** `--home`, else $AICO_MESH_HOME, else the XDG data folder; absolute, since its paths are handed to other programs. */
export function findHome(option: string | undefined, env: NodeJS.ProcessEnv): string {
  const chosen = option ?? env['AICO_MESH_HOME']
  if (chosen !== undefined && chosen !== '') return resolve(chosen)
  const data = env['XDG_DATA_HOME'] ?? ''
  // The XDG base directory specification: an empty or relative path counts as none.
  return join(isAbsolute(data) ? data : join(homedir(), '.local', 'share'), 'aico-mesh')
}

export function layOutHome(folder: string): Home {
  const runFolder = socketFolder(folder)
  return {
    folder,
    storeFile: join(folder, 'store.db'),
    auditFile: join(folder, 'audit.db'),
    lockFile: join(folder, 'lock.db'),
    modulesFolder: join(folder, 'modules'),
    runFolder,
    socketFile: join(runFolder, 'agent.sock'),
    tokenFile: join(folder, 'token'),
    busFolder: join(runFolder, 'bus'),
  }
}

/** Where a module keeps what its agent is not there to take: beside its credential. */
export function spoolFolder(credentialFile: string): string {
  return `${credentialFile.replace(/\.json$/, '')}.spool`
}

export type HomeErrorCode = 'HOME_NOT_PRIVATE'
export class HomeError extends MeshError<HomeErrorCode> {}

/**
 * Makes a folder and those it is in, 0700. Not by Node's own recursion, which spins for ever where the system takes no
 * folder under one that is there, such as /proc/1. @throws the system's error
 */
export function makeFolders(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isDirectory()) return
  if (found === undefined) makeFolders(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (err) {
    // Made by another process in the meantime; what is no folder is in the way.
    if ((err as NodeJS.ErrnoException).code !== 'EEXIST' || found !== undefined) throw err
  }
}

/** @throws {HomeError} `HOME_NOT_PRIVATE` if something else stands there, such as a link or another user's folder. */
export function makePrivateFolder(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) makeFolders(path)
  requireOwnFolder(path)
  chmodSync(path, 0o700)
}

/**
 * A folder outside the home has a name that others can foretell: whoever makes it first must not be taken for the agent.
 * @throws {HomeError} `HOME_NOT_PRIVATE`
 */
export function requireOwnFolder(path: string): void {
  const found = lstatSync(path)
  if (found.isDirectory() && isOurs(found)) return
  throw new HomeError(
    'HOME_NOT_PRIVATE',
    `${path} must be a folder of yours and is not: remove it, or use a shorter --home`,
  )
}

/**
 * Takes from others what a copy or a restored backup gave them. Nothing in the home but our own files is touched.
 * @returns what others could read. @throws {HomeError} `HOME_NOT_PRIVATE` if the home is another user's
 */
export function narrowHome(home: Home): readonly string[] {
  if (!isOurs(statSync(home.folder))) throw new HomeError('HOME_NOT_PRIVATE', `${home.folder} is another user's`)
  const inModules = existsSync(home.modulesFolder) ? readdirSync(home.modulesFolder, { withFileTypes: true }) : []
  const modules = inModules.map((entry) => ({
    path: join(home.modulesFolder, entry.name),
    isSpool: entry.isDirectory(),
  }))
  const folders = [home.folder, home.modulesFolder, ...modules.flatMap(({ path, isSpool }) => (isSpool ? [path] : []))]
  const files = [
    ...PRIVATE_FILES.map((name) => join(home.folder, name)),
    ...modules.flatMap(({ path, isSpool }) => (isSpool ? [] : [path])),
  ]
  return [...narrow(folders, 0o700), ...narrow(files, 0o600)]
}

function narrow(paths: readonly string[], mode: number): readonly string[] {
  return paths.filter((path) => {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found === undefined || (found.mode & 0o077) === 0) return false
    chmodSync(path, mode)
    return true
  })
}

function isOurs({ uid }: { readonly uid: number }): boolean {
  return process.getuid === undefined || uid === process.getuid()
}

/** In the home when its path is short enough, else a folder of this home's own among the temporary files. */
function socketFolder(folder: string): string {
  const inside = join(folder, 'run')
  if (Buffer.byteLength(inside) <= MAX_SOCKET_FOLDER_BYTES) return inside
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16)
  return join(tmpdir(), `aico-mesh-${process.getuid?.() ?? 0}-${name}`)
}
