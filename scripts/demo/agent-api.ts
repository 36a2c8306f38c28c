/** Asks a running agent over its unix socket, as the command line does: milliseconds are measured with this, not with commands. */
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import type { ErrorView } from '../../src/agent/http-types/device.ts'
import { layOutHome } from '../../src/platform/home.ts'
import { DemoError } from './demo-error.ts'

/** @returns the answer, or undefined if there is no such thing. @throws {DemoError} `DEMO_ANSWER` */
export async function askAgent<T>(home: string, path: string): Promise<T | undefined> {
  const { status, body } = await get(home, path)
  if (status < 400) return JSON.parse(body) as T
  if (status === 404) return undefined
  const { code, message } = (JSON.parse(body) as ErrorView).error
  throw new DemoError('DEMO_ANSWER', `the agent answered ${code}: ${message}`)
}

function get(home: string, path: string): Promise<{ readonly status: number; readonly body: string }> {
  const { socketFile, tokenFile } = layOutHome(home)
  const headers = { authorization: `Bearer ${readFileSync(tokenFile, 'utf8')}` }
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void =>
      reject(new DemoError('DEMO_ANSWER', 'an agent ended the connection', { cause }))
    const call = request({ socketPath: socketFile, path, headers }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('error', fail)
      response.on('end', () => resolve({ status: response.statusCode ?? 500, body }))
    })
    call.on('error', fail)
    call.end()
  })
}
