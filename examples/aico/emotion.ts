/**
 * emotion, on the laptop beside the core: hears of each turn of the conversation over the bus. The SDK runs the handler in
 * a CONSUMER span whose parent and link is the publisher's span, so nothing has to be passed along by hand. A change of mood
 * is an event (docs/spec/conventions.md).
 *
 *   export AICO_MESH_MODULE=FILE   # as printed by: aico-mesh modules add emotion
 *   node emotion.ts
 */
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '../../src/sdk/index.ts' // in your own module: from 'aico-mesh/sdk'
import { inSpan } from './in-span.ts'
import { onceHeard, untilStopped } from './words-over-http.ts'

const mesh = connect({ processMetrics: true })
let mood = 'calm'

mesh.subscribe('conversation/turn', ({ topic }) =>
  inSpan(mesh.tracer, 'feel', {}, async () => {
    await pause(12)
    feel('curious', topic)
  }),
)
await onceHeard(mesh)
untilStopped(() => mesh.close())

function feel(next: string, cause: string): void {
  if (next === mood) return
  const change = { 'aico.emotion.from': mood, 'aico.emotion.to': next, 'aico.emotion.cause': cause }
  mesh.event('aico.emotion.changed', { ...change, 'aico.emotion.intensity': 0.6 })
  mood = next
}
