/**
 * emotion, on the laptop beside the core: hears of each turn of the conversation over the bus. The SDK runs the handler in
 * a CONSUMER span whose parent and link is the publisher's span, so nothing has to be passed along by hand.
 *
 *   export AICO_MESH_MODULE=FILE   # as printed by: aico-mesh modules add emotion
 *   node emotion.ts
 */
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '../../src/sdk/index.ts' // in your own module: from 'aico-mesh/sdk'
import { inSpan } from './in-span.ts'
import { untilStopped } from './words-over-http.ts'

const mesh = connect()

mesh.subscribe('conversation/turn', () =>
  inSpan(mesh.tracer, 'feel', { attributes: { 'aico.mood': 'curious' } }, () => pause(12)),
)
// Answered once the agent has taken the subscription: from now on no turn is missed.
const isReady = await mesh.flush()
if (!isReady) throw new Error('the agent does not answer')
process.stdout.write(`${JSON.stringify({ event: 'ready', url: null })}\n`)
untilStopped(() => mesh.close())
