/**
 * A module's credential: the JSON file (mode 0600) that `aico-mesh modules add` writes and the SDK reads (docs/spec/bus.md, BU5).
 * Keys are CURVE keys in Z85 (ZeroMQ RFC 32), 40 characters each.
 */
import { MODULE_NAME } from '../model/lane.ts'

export const CREDENTIAL_VERSION = 1
/** Largest credential file, in bytes: the fields take under 1 KiB. */
export const MAX_CREDENTIAL_BYTES = 8192
const MAX_ENDPOINT_CHARS = 1024

export interface ModuleCredential {
  readonly v: typeof CREDENTIAL_VERSION
  readonly module: string
  /** Where the agent listens for this module: `ipc://` or loopback `tcp://`. */
  readonly endpoint: string
  readonly serverPublicKey: string
  readonly publicKey: string
  readonly secretKey: string
}

const Z85_KEY = /^[0-9a-zA-Z.\-:+=^!/*?&<>()[\]{}@%$#]{40}$/
/** Only this device: a socket in the file system, or loopback. */
const LOCAL_ENDPOINT = /^(?:ipc:\/\/.+|tcp:\/\/127\.0\.0\.1:[0-9]{1,5})$/

/** @returns the name of the first field that is missing or wrong as `bad`, or the credential. */
export function readCredential(json: unknown): { readonly credential: ModuleCredential } | { readonly bad: string } {
  const fields = (json ?? {}) as Readonly<Record<string, unknown>>
  const bad = CHECKS.find(([name, isValid]) => !isValid(fields[name]))
  if (bad) return { bad: bad[0] }
  return { credential: Object.fromEntries(CHECKS.map(([name]) => [name, fields[name]])) as unknown as ModuleCredential }
}

export function isZ85Key(value: unknown): value is string {
  return typeof value === 'string' && Z85_KEY.test(value)
}

export function isLocalEndpoint(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_ENDPOINT_CHARS && LOCAL_ENDPOINT.test(value)
}

const CHECKS: readonly (readonly [keyof ModuleCredential, (value: unknown) => boolean])[] = [
  ['v', (value) => value === CREDENTIAL_VERSION],
  ['module', (value) => typeof value === 'string' && MODULE_NAME.test(value)],
  ['endpoint', isLocalEndpoint],
  ['serverPublicKey', isZ85Key],
  ['publicKey', isZ85Key],
  ['secretKey', isZ85Key],
]
