/**
 * A link over ZeroMQ: one DEALER, one connection, no reconnection of libzmq's own, because that would replay queued
 * frames into a new session before its hello.
 */
import { Context, Dealer, type Message } from 'zeromq'
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
  let isOver = false
  const over = (why: 'lost' | 'refused'): void => {
    if (isOver) return
    isOver = true
    socket.close()
    events.onClosed(why)
  }
  socket.events.on('handshake', () => {
    if (!isOver) events.onOpen()
  })
  socket.events.on('handshake:error:auth', () => over('refused'))
  socket.events.on('handshake:error:protocol', () => over('refused'))
  socket.events.on('handshake:error:other', () => over('lost'))
  socket.events.on('disconnect', () => over('lost'))
  socket.events.on('close', () => over('lost'))
  receive(socket, (frames) => {
    if (!isOver) events.onFrames(frames)
  }).catch(() => over('lost'))
  socket.connect(credential.endpoint)
  return {
    send: (frames) => socket.send([...frames]),
    close() {
      isOver = true
      socket.close()
    },
  }
}

async function receive(socket: Dealer, onFrames: (frames: readonly Uint8Array[]) => void): Promise<void> {
  for await (const parts of socket) onFrames(parts.map(plain))
}

function plain(part: Message): Uint8Array {
  return new Uint8Array(part.buffer, part.byteOffset, part.byteLength)
}
