import { expect, test } from 'vitest'
import { readConfig, readListening } from '../../../src/devtools/process-words.ts'

const config = { socketPath: '/run/agent.sock', token: 'a-token-of-decent-length', port: 4318 }

test('[OH15] a configuration is read, and nothing but its three fields', () => {
  expect(readConfig(config)).toEqual(config)
  expect(readConfig({ ...config, extra: 1 })).toEqual(config)
  expect(readConfig({ ...config, port: 0 })?.port).toBe(0)
})

test.each([
  ['nothing', undefined],
  ['null', null],
  ['text', 'hello'],
  ['no socket', { ...config, socketPath: undefined }],
  ['an empty socket', { ...config, socketPath: '' }],
  ['a token that is no header value', { ...config, token: 'a-token\r\nwith-a-line-break' }],
  ['a token too short to be one', { ...config, token: 'short' }],
  ['a port as text', { ...config, port: '4318' }],
  ['a port out of range', { ...config, port: 65_536 }],
  ['a negative port', { ...config, port: -1 }],
  ['half a port', { ...config, port: 1.5 }],
])('[OH15] %s is no configuration', (_, message) => {
  expect(readConfig(message)).toBeUndefined()
})

test('[OH15] the child may name its port on 127.0.0.1', () => {
  expect(readListening({ type: 'listening', url: 'http://127.0.0.1:4318' })).toMatchObject({ port: 4318 })
})

test.each([
  ['nothing', null],
  ['another word', { type: 'ready', url: 'http://127.0.0.1:4318' }],
  ['another host', { type: 'listening', url: 'http://10.0.0.1:4318' }],
  ['a path', { type: 'listening', url: 'http://127.0.0.1:4318/x' }],
  ['a name hidden behind ours', { type: 'listening', url: 'http://127.0.0.1:4318@evil.example' }],
  ['a port of 0', { type: 'listening', url: 'http://127.0.0.1:0' }],
  ['a port out of range', { type: 'listening', url: 'http://127.0.0.1:70000' }],
  ['a number', { type: 'listening', url: 4318 }],
])('[OH15] a child that says %s is not believed', (_, message) => {
  expect(readListening(message)).toBeUndefined()
})
