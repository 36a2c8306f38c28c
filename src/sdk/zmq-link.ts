/**
 * A link over ZeroMQ: one DEALER that connects by itself, again and again.
 *
 * `immediate` ties its queue to one connection, so nothing of an old session is replayed into a new one. Its events are
 * not observed: closing zeromq's observer before its socket stops libzmq's reaper for ever, leaving it to the socket
 * keeps the process alive now and then (both measured with zeromq 6.8.0).
 */
import { Context, Dealer, type Message } from 'zeromq'
import type { ModuleCredential } from '../wire/bus-credential.ts'
import { MAX_BODY_BYTES, type WrittenFrames } from '../wire/bus-frames.ts'
import type { Link } from './link.ts'

/** First wait before libzmq connects again, in milliseconds; it doubles up to the longest. */
const MIN_RECONNECT_MS = 100
/** Longest wait, in milliseconds: an agent that was started is found within two seconds. */
const MAX_RECONNECT_MS = 2000
/** Frames libzmq holds each way; our own bounded queues come before it. */
const QUEUED_FRAMES = 64
/** How long zeromq waits for room before it looks again by itself, in milliseconds: it can miss that there is some. */
const SEND_TIMEOUT_MS = 1000

/** One context for all of a process's links. Not `blocky`: a module that exits must never hang on an absent agent. */
let sharedContext: Context | undefined

/** @throws if libzmq does not take the credential's endpoint. */
export function openZmqLink(credential: ModuleCredential, onFrames: (frames: readonly Uint8Array[]) => void): Link {
  sharedContext ??= new Context({ blocky: false })
  const socket = new Dealer({
    context: sharedContext,
    curveServerKey: credential.serverPublicKey,
    curvePublicKey: credential.publicKey,
    curveSecretKey: credential.secretKey,
    immediate: true,
    probeRouter: true,
    reconnectInterval: MIN_RECONNECT_MS,
    reconnectMaxInterval: MAX_RECONNECT_MS,
    linger: 0,
    sendTimeout: SEND_TIMEOUT_MS,
    sendHighWaterMark: QUEUED_FRAMES,
    receiveHighWaterMark: QUEUED_FRAMES,
    maxMessageSize: 2 * MAX_BODY_BYTES,
  })
  try {
    socket.connect(credential.endpoint)
  } catch (err) {
    socket.close()
    throw err
  }
  void receive(socket, onFrames)
  return { send: (frames) => sendPatiently(socket, frames), close: () => socket.close() }
}

async function receive(socket: Dealer, onFrames: (frames: readonly Uint8Array[]) => void): Promise<void> {
  try {
    for await (const parts of socket) onFrames(parts.map(plain))
  } catch (err) {
    if (!socket.closed) throw err // a fault of ours; a socket closed while it waited ends here as it should
  }
}

async function sendPatiently(socket: Dealer, frames: WrittenFrames): Promise<void> {
  for (;;) {
    try {
      await socket.send([...frames])
      return
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== 'EAGAIN' || socket.closed) throw err
    }
  }
}

function plain(part: Message): Uint8Array {
  return new Uint8Array(part.buffer, part.byteOffset, part.byteLength)
}
