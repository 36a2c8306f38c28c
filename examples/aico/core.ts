/**
 * core, on the laptop: understands, remembers, answers. It continues the caller's trace, tells and asks the other modules of
 * its device over the bus, and lets the body on a third device speak. What a turn of a conversation says of itself:
 * docs/spec/conventions.md.
 *
 *   export AICO_MESH_MODULE=FILE   # as printed by: aico-mesh modules add core
 *   EMBODIMENT_URL=http://127.0.0.1:PORT/say node core.ts
 */
import { SpanKind } from '@opentelemetry/api'
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '../../src/sdk/index.ts' // in your own module: from 'aico-mesh/sdk'
import { inSpan } from './in-span.ts'
import { sendWords, serveWords, type Words } from './words-over-http.ts'

const EMBODIMENT_URL = process.env['EMBODIMENT_URL'] ?? ''

const mesh = connect({ processMetrics: true })
const { tracer, logger } = mesh

serveWords({
  path: '/think',
  handle: (heard, headers) =>
    inSpan(tracer, 'POST /think', { kind: SpanKind.SERVER }, () => turn(heard), mesh.extract(headers)),
  stop: () => mesh.close(),
})

let turns = 0

/** How much was said and by whom, never what. */
function turn(heard: Words): Promise<Words> {
  const attributes = {
    'gen_ai.conversation.id': mesh.sessionId,
    'aico.conversation.turn': ++turns,
    'aico.conversation.speaker': 'user',
    'aico.conversation.words': heard.text.split(' ').length,
  }
  return inSpan(tracer, 'conversation turn', { attributes }, () => think(heard))
}

async function think(heard: Words): Promise<Words> {
  await inSpan(tracer, 'understand', {}, () => pause(15)) // stands for a language model
  mesh.publish('conversation/turn', { words: heard.text.split(' ').length })
  const recalled = await mesh.request('memory/recall', { about: 'this turn' })
  const answer = await inSpan(tracer, 'compose answer', {}, () => compose(heard))
  logger.info(recalled.json(), 'answered')
  return inSpan(tracer, 'POST /say', { kind: SpanKind.CLIENT }, () =>
    sendWords(EMBODIMENT_URL, answer, mesh.inject({})),
  )
}

async function compose(heard: Words): Promise<Words> {
  await pause(25)
  return {
    text: heard.text.endsWith('?') ? 'Nothing before ten. Shall we take a walk first?' : 'I will remember that.',
  }
}
