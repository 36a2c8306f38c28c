/**
 * A link over ZeroMQ: one DEALER, one connection, no reconnection of libzmq's own, because that would replay queued
 * frames into a new session before its hello.
 */
import { Context, Dealer, type EventType, type Message, type Observer } from 'zeromq'
import type { ModuleCredential } from '../wire/bus-credential.ts'
import { MAX_BODY_BYTES } from '../wire/bus-frames.ts'
import type { Link, LinkEvents } from './link.ts'

/** Frames libzmq holds each way; our own bounded queues come before it. */
const QUEUED_FRAMES = 64
/** One context for all of a process's links. Not `blocky`: a module that exits must never hang on an absent agent. */
let sharedContext: Context | undefined

export function openZmqLink(credential: ModuleCredential, events: LinkEvents): Link {
  sharedContext ??= new Context({ blocky: false })
  const socket = new Dealer({
    context: sharedContext,
    curveServerKey: credential.serverPublicKey,
    curvePublicKey: credential.publicKey,
    curveSecretKey: credential.secretKey,
    reconnectInterval: -1,
    linger: 0,
    sendHighWaterMark: QUEUED_FRAMES,
    receiveHighWaterMark: QUEUED_FRAMES,
    maxMessageSize: 2 * MAX_BODY_BYTES,
  })
  const { events: observer } = socket
  let isOver = false
  const end = (): void => {
    isOver = true
    // The observer first: closed by its socket it sometimes misses that, and then keeps the process alive for ever.
    observer.close()
    socket.close()
  }
  const over = (why: 'lost' | 'refused'): void => {
    if (isOver) return
    end()
    events.onClosed(why)
  }
  void observe(observer, (type) => {
    if (isOver) return
    if (type === 'handshake') events.onOpen()
    else if (REFUSALS.has(type)) over('refused')
    else if (LOSSES.has(type)) over('lost')
  })
  receive(socket, (frames) => {
    if (!isOver) events.onFrames(frames)
  }).catch(() => over('lost'))
  try {
    socket.connect(credential.endpoint)
  } catch (err) {
    end()
    throw err
  }
  return { send: (frames) => socket.send([...frames]), close: end }
}

/** The agent answers, but not to this key. */
const REFUSALS: ReadonlySet<EventType> = new Set(['handshake:error:auth', 'handshake:error:protocol'])
/** There is no connection, or no longer. */
const LOSSES: ReadonlySet<EventType> = new Set(['handshake:error:other', 'disconnect', 'close'])

async function observe(observer: Observer, onEvent: (type: EventType) => void): Promise<void> {
  try {
    for await (const event of observer) onEvent(event.type)
  } catch {
    // closed while it waited, which is how it always ends
  }
}

async function receive(socket: Dealer, onFrames: (frames: readonly Uint8Array[]) => void): Promise<void> {
  for await (const parts of socket) onFrames(parts.map(plain))
}

function plain(part: Message): Uint8Array {
  return new Uint8Array(part.buffer, part.byteOffset, part.byteLength)
}
