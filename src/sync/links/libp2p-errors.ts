/** libp2p's errors as link errors: by name, since its classes are not all exported, and never by free text. */
import { LinkError, type LinkErrorCode } from '../link.ts'
import { WRONG_PEER } from './libp2p-node.ts'

const CODES: Readonly<Record<string, LinkErrorCode>> = {
  DialDeniedError: 'LINK_DENIED',
  ConnectionInterceptedError: 'LINK_DENIED',
  MuxerUnavailableError: 'LINK_DENIED', // the peer proved its key, then hung up
  UnsupportedProtocolError: 'LINK_PROTOCOL',
  TooManyOutboundProtocolStreamsError: 'LINK_LIMIT',
  TooManyInboundProtocolStreamsError: 'LINK_LIMIT',
  InvalidPeerIdError: 'LINK_ADDRESS', // our own key
  NotStartedError: 'LINK_NOT_RUNNING',
}
const MESSAGES: Partial<Record<LinkErrorCode, string>> = {
  LINK_DENIED: 'the connection was refused by a gate',
  LINK_WRONG_PEER: 'somebody else answered at this address',
  LINK_PROTOCOL: 'the peer does not speak this protocol',
  LINK_LIMIT: 'too many connections or links',
  LINK_ADDRESS: 'this is our own key',
  LINK_NOT_RUNNING: 'the network is not running',
  LINK_ABORTED: 'the dial was aborted',
}

/** Of several addresses that failed, the one that tells most decides. */
export function toLinkError(err: unknown): LinkError {
  const errors: unknown[] = err instanceof AggregateError ? err.errors : [err]
  const code = errors.map(codeOfOne).find((found) => found !== 'LINK_UNREACHABLE') ?? 'LINK_UNREACHABLE'
  return linkError(code, err)
}

export function linkError(code: LinkErrorCode, cause?: unknown): LinkError {
  return new LinkError(code, MESSAGES[code] ?? 'the peer could not be reached', { cause })
}

function codeOfOne(err: unknown): LinkErrorCode {
  if (!(err instanceof Error)) return 'LINK_UNREACHABLE'
  if (err.message === WRONG_PEER) return 'LINK_WRONG_PEER'
  return CODES[err.name] ?? 'LINK_UNREACHABLE'
}
