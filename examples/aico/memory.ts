/**
 * memory, on the laptop beside the core: answers what others ask for on the bus. Reading a person's data is a span that says
 * how much was read, and an event of the audit log that says for what; never what it was (docs/spec/conventions.md).
 *
 *   export AICO_MESH_MODULE=FILE   # as printed by: aico-mesh modules add memory
 *   node memory.ts
 */
import { SpanKind } from '@opentelemetry/api'
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '../../src/sdk/index.ts' // in your own module: from 'aico-mesh/sdk'
import { inSpan } from './in-span.ts'
import { onceHeard, untilStopped } from './words-over-http.ts'

const COLLECTION = 'memories'

const mesh = connect({ processMetrics: true })

// What a handler returns is the answer to who asked.
mesh.subscribe('memory/recall', async () => {
  const access = { 'db.operation.name': 'read', 'db.collection.name': COLLECTION, 'db.response.returned_rows': 3 }
  await inSpan(mesh.tracer, `read ${COLLECTION}`, { kind: SpanKind.CLIENT, attributes: access }, () => pause(8))
  mesh.audit('data.read', { collection: COLLECTION, records: 3, purpose: 'conversation' })
  return { memories: 3 }
})
await onceHeard(mesh)
untilStopped(() => mesh.close())
