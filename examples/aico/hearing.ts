/**
 * hearing, on the phone: turns what the microphone picked up into words and hands them to the core on another device.
 * Here an HTTP request stands for the microphone. A span per step; the trace goes on in the core by W3C headers.
 *
 *   export AICO_MESH_MODULE=FILE   # as printed by: aico-mesh modules add hearing
 *   CORE_URL=http://127.0.0.1:PORT/think node hearing.ts
 */
import { SpanKind } from '@opentelemetry/api'
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '../../src/sdk/index.ts' // in your own module: from 'aico-mesh/sdk'
import { inSpan } from './in-span.ts'
import { sendWords, serveWords, type Words } from './words-over-http.ts'

const CORE_URL = process.env['CORE_URL'] ?? ''

const mesh = connect({ processMetrics: true })
const { tracer, logger } = mesh

serveWords({
  path: '/hear',
  // Each utterance is the root of a trace of its own, whoever calls.
  handle: (sound) => inSpan(tracer, 'hear utterance', { root: true }, () => hear(sound)),
  stop: () => mesh.close(),
})

async function hear(sound: Words): Promise<Words> {
  const heard = await inSpan(tracer, 'recognise speech', {}, () => recognise(sound))
  // How much, never what.
  const words = heard.text.split(' ').length
  logger.info({ words }, 'heard something')
  mesh.event('aico.interaction', { 'aico.interaction.channel': 'voice', 'aico.interaction.kind': 'utterance' })
  return inSpan(tracer, 'POST /think', { kind: SpanKind.CLIENT }, () => sendWords(CORE_URL, heard, mesh.inject({})))
}

/** Stands for a speech recogniser. */
async function recognise(sound: Words): Promise<Words> {
  await pause(30)
  return sound
}
