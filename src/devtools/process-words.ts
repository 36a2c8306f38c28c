/**
 * The two words the agent and its devtools process say over IPC: one configuration in, one address out.
 * Secrets travel here and nowhere else: argv and environment are readable by other programs. Both sides check what arrives.
 */

/** What the agent tells the child, once, as its first message. */
export interface DevtoolsConfig {
  /** Path of the agent's unix socket. */
  readonly socketPath: string
  /** Capability token for that socket: may open the link, nothing else. */
  readonly token: string
  /** Wanted loopback port; a free one is taken if it is in use, and 0 asks for any. */
  readonly port: number
}

/** What the child tells the agent, once: it serves at `url`, a base URL without a path. */
export interface DevtoolsListening {
  readonly type: 'listening'
  readonly url: string
}

/** The port OTLP/HTTP is expected on (OTLP specification, "OTLP/HTTP Default Port"). */
export const OTLP_HTTP_PORT = 4318

const MAX_PORT = 65_535
/** Visible ASCII of a sane length: what a header value can carry unchanged. */
const TOKEN = /^[\x21-\x7e]{16,512}$/
const LISTENING_URL = /^http:\/\/127\.0\.0\.1:(\d{1,5})$/

/** @returns the configuration, or `undefined` if the message is anything else. */
export function readConfig(message: unknown): DevtoolsConfig | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  const { socketPath, token, port } = message as Partial<Record<keyof DevtoolsConfig, unknown>>
  if (typeof socketPath !== 'string' || socketPath === '') return undefined
  if (typeof token !== 'string' || !TOKEN.test(token)) return undefined
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > MAX_PORT) return undefined
  return { socketPath, token, port }
}

/** @returns the message and its port, or `undefined` if it is anything else: the child is not trusted to say another address. */
export function readListening(message: unknown): (DevtoolsListening & { readonly port: number }) | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  const { type, url } = message as Partial<Record<keyof DevtoolsListening, unknown>>
  if (type !== 'listening' || typeof url !== 'string') return undefined
  const port = Number(LISTENING_URL.exec(url)?.[1])
  return port > 0 && port <= MAX_PORT ? { type, url, port } : undefined
}
