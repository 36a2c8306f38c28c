/** The published package, installed from its tarball: what is in it, and that it works without the clone. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StatusView } from '../../src/agent/http-types/device.ts'
import type { TraceView } from '../../src/agent/http-types/traces.ts'
import { AgentProgram } from '../support/agent-program.ts'
import { runProgram, runSuccessfully } from '../support/run-program.ts'
import { installPackage, type InstalledPackage } from './installed-package.ts'
import { oldNode } from '../support/old-node.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const ROOT = join(import.meta.dirname, '..', '..')
let installed: InstalledPackage
const node = (): { cwd: string; env: { PATH: string } } => ({ cwd: installed.folder, env: { PATH: installed.path } })
const bin = (): string => join(installed.folder, 'node_modules', 'aico-mesh', 'bin', 'aico-mesh.js')

beforeAll(async () => {
  installed = await installPackage()
})
afterAll(() => installed?.remove())

describe('what is shipped', () => {
  test('[PK1] the tarball holds the command, compiled code, rules and papers, and nothing else', () => {
    const tops = new Set(installed.tarball.map((file) => file.split('/')[0]))
    expect(tops).toEqual(new Set(['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'dist', 'docs', 'package.json']))
    const docs = installed.tarball.filter((file) => file.startsWith('docs/'))
    expect(docs.filter((file) => !/^docs\/spec\/[a-z-]+\.md$/.test(file))).toEqual([])
    expect(docs).toContain('docs/spec/bus.md')
    const sources = installed.tarball.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    expect(sources).toEqual([])
  })

  test('[PK2] users get no Node, no compiler and no tool of ours with it', () => {
    const names = readdirSync(join(installed.folder, 'node_modules'))
    expect(names).toContain('libp2p')
    expect(names.filter((name) => /^(node-(bin|darwin|linux|win)-|typescript$|vitest$|knip$)/.test(name))).toEqual([])
  })
})

describe('the command', () => {
  test('[PK3] an old Node is told what is missing, in one line, and nothing is run', async () => {
    const { code, stdout, stderr } = await runProgram([...oldNode(), bin(), 'init', '--name', 'x'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^aico-mesh needs Node 22\.18 or newer; this is 20\.\d+\.\d+\.\n$/)
  })

  test('[PK4] npx runs a device from dist: store thread, OTLP process, traces, stop', async () => {
    const agent = new AgentProgram(['npx', '--no-install', 'aico-mesh'], node())
    try {
      expect(await agent.ask('init', '--name', 'phone')).toMatchObject({ name: 'phone', keyStore: 'file' })
      await agent.ask('stage', 'developer', '--yes')
      const { otlp, deviceId } = await agent.start()
      expect(otlp).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
      const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
      expect(await agent.ask<StatusView>('status')).toMatchObject({ deviceId, version, stage: 'developer' })
      expect(await postSpan(otlp ?? '')).toBe(200)
      const { spans } = await agent.ask<TraceView>('traces', 'show', TRACE)
      expect(spans).toMatchObject([{ name: 'hello', module: 'otlp/stranger' }])
      await agent.ask('stop')
      expect(await agent.ended()).toBe(0)
    } finally {
      await agent.end()
    }
  })
})

describe('the SDK', () => {
  test('[PK5] the example of the README passes strict settings, without types of Node', async () => {
    const readme = readFileSync(join(installed.folder, 'node_modules', 'aico-mesh', 'README.md'), 'utf8')
    const [, example = ''] = /```ts\n([^]*?)```/.exec(readme) ?? []
    writeFileSync(join(installed.folder, 'consumer.ts'), example)
    writeFileSync(join(installed.folder, 'tsconfig.json'), JSON.stringify(STRICT))
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
    const { code, stdout } = await runProgram([process.execPath, tsc, '-p', installed.folder])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    writeFileSync(join(installed.folder, 'consumer.ts'), example.replace("'conversation/heard'", '42'))
    expect((await runProgram([process.execPath, tsc, '-p', installed.folder])).stdout).toContain('TS2345')
  })

  test('[PK5] a module of the installed package reports to the installed agent', async () => {
    const agent = new AgentProgram(['npx', '--no-install', 'aico-mesh'], node())
    try {
      await agent.ask('init', '--name', 'phone')
      await agent.ask('stage', 'developer', '--yes')
      const { credential } = await agent.ask<{ credential: string }>('modules', 'add', 'ear')
      await agent.start()
      writeFileSync(join(installed.folder, 'module.js'), MODULE)
      const { env } = node()
      const traceId = await runSuccessfully([process.execPath, 'module.js'], {
        cwd: installed.folder,
        env: { ...env, AICO_MESH_MODULE: credential },
      })
      const { spans } = await agent.ask<TraceView>('traces', 'show', traceId)
      expect(spans).toMatchObject([{ name: 'hear', module: 'ear' }])
    } finally {
      await agent.end()
    }
  })

  test('[PK5] nothing but the SDK can be imported', async () => {
    const deep = "await import('aico-mesh/dist/main.js')"
    const { code, stderr } = await runProgram([process.execPath, '--input-type=module', '--eval', deep], node())
    expect(code).toBe(1)
    expect(stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED')
  })
})

const MODULE = `import { connect } from 'aico-mesh/sdk'
const mesh = connect()
const span = mesh.tracer.startSpan('hear')
span.end()
if (!(await mesh.close())) throw new Error('not committed')
process.stdout.write(span.spanContext().traceId)
`

const STRICT = {
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    strict: true,
    noEmit: true,
    exactOptionalPropertyTypes: true,
    types: [],
  },
  files: ['consumer.ts'],
}

async function postSpan(url: string): Promise<number> {
  const span = {
    traceId: TRACE,
    spanId: 'b7ad6b7169203331',
    name: 'hello',
    startTimeUnixNano: '1700000000000000000',
    endTimeUnixNano: '1700000000000000001',
  }
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'stranger' } }] }
  const response = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }),
  })
  return response.status
}
