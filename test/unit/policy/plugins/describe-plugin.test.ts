import { expect, test } from 'vitest'
import type { PluginManifest } from '../../../../src/model/plugin.ts'
import { describePlugin } from '../../../../src/policy/plugins/describe-plugin.ts'

const NOTHING: PluginManifest = {
  v: 1,
  name: 'weather',
  title: 'Weather',
  publish: [],
  subscribe: [],
  signals: [],
  reports: [],
  attributes: [],
  attributeCountLimit: 128,
  attributeValueLengthLimit: 1_024,
  cardinalityLimit: 200,
  recordsPerMinute: 600,
}
const LAST = 'It cannot speak for AICO, for another module or for you. You can switch it off or remove it at any time.'

test('[PL5] a plugin that asks for nothing is said to do nothing', () => {
  expect(describePlugin(NOTHING)).toEqual([
    'It says nothing to other modules.',
    'It hears nothing of other modules.',
    'It records nothing on this device.',
    LAST,
  ])
})

test('[PL5] all that it asks for is said, in plain words', () => {
  const all: PluginManifest = {
    ...NOTHING,
    publish: ['weather/', 'mood'],
    subscribe: ['conversation/heard'],
    signals: ['logs', 'metrics'],
    attributes: ['weather.*', 'http.route'],
    reports: ['audit', 'notify'],
    recordsPerMinute: 60_000,
  }
  expect(describePlugin(all)).toEqual([
    'It may say things to other modules, about: weather/*, mood*.',
    'It may hear what other modules say about: conversation/heard*.',
    'It may record on this device: what it does, line by line (logs); measurements (metrics).',
    'At most 60,000 records a minute and 200 series of measurements.',
    'Details it may add: weather.*, http.route. At most 128 to a record, of 1,024 characters each.',
    'It may add events to the audit log, under its own name. They are never deleted.',
    'It may send you notifications, under its own name.',
    LAST,
  ])
})

test('[PL5] nothing of a manifest at its limits is left out', () => {
  const attributes = Array.from({ length: 128 }, (_, i) => `key-${i}-${'k'.repeat(118)}`)
  const publish = Array.from({ length: 32 }, (_, i) => `topic-${i}/${'t'.repeat(240)}`)
  const text = describePlugin({ ...NOTHING, publish, signals: ['traces'], attributes }).join('\n')
  for (const word of [...attributes, ...publish]) expect(text).toContain(word)
})
