import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const MAIN = join(import.meta.dirname, '..', '..', 'scripts', 'demo', 'main.ts')
const DEVICE_ID = /^[0-9a-f]{64}$/
let temp: string

beforeEach(() => {
  temp = mkdtempSync(join(tmpdir(), 'demo-'))
})
afterEach(() => {
  rmSync(temp, { recursive: true, force: true })
})

/** The demo with a folder of its own for temporary files, so that what it leaves behind is seen. */
function startDemo() {
  return spawn(process.execPath, [MAIN, '--json'], {
    env: { ...process.env, TMPDIR: temp },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Command lines of running processes that have to do with this demo. */
function processesLeft(): readonly string[] {
  return commandLines().filter((line) => line.includes(temp))
}

function commandLines(): readonly string[] {
  if (process.platform !== 'linux') return execFileSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' }).split('\n')
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => environmentAndArguments(pid))
}

/** Modules are known by their environment, agents by their arguments. */
function environmentAndArguments(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8')
  } catch {
    return '' // it has just ended, or is somebody else's
  }
}

describe('npm run demo -- --json', () => {
  test('says in one document what was seen before consent, with it and after it was revoked', async () => {
    const demo = startDemo()
    const [stdout, stderr, [code]] = await Promise.all([text(demo.stdout), text(demo.stderr), once(demo, 'exit')])
    expect({ code, stderr }).toEqual({ code: 0, stderr })
    expect(stdout).toMatch(/^.+\n$/) // one line
    const count = expect.any(Number) as number
    const facts = JSON.parse(stdout) as { after: Record<string, number>; before: Record<string, number> }
    expect(facts).toEqual({
      devices: ['phone', 'laptop', 'tablet'].map((name) => ({
        deviceId: expect.stringMatching(DEVICE_ID) as string,
        name,
      })),
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      // Own spans of core, emotion and memory; gaps: the caller's span, and that somebody does not share.
      before: { spans: 13, foreignSpans: 0, gaps: 2 },
      after: { spans: 19, devices: 3, verified: 19, stitchMs: count, stitchFromCommandMs: count },
      revoked: { newForeignSpans: 0, newForeignSegments: 0, connected: 2 },
      ok: true,
    })
    expect(facts.after['stitchMs']).toBeGreaterThanOrEqual(0)
    expect(facts.after['stitchFromCommandMs']).toBeGreaterThanOrEqual(facts.after['stitchMs'] ?? Infinity)
    for (const step of [1, 2, 3, 4, 5, 6, 7, 8, 9]) expect(stderr).toContain(`${step}/9`)
    expect(readdirSync(temp)).toEqual([])
    expect(processesLeft()).toEqual([])
  })
  test('leaves nothing behind when it is ended half-way', async () => {
    const demo = startDemo()
    const stdout = text(demo.stdout)
    let stderr = ''
    demo.stderr.setEncoding('utf8')
    demo.stderr.on('data', (more: string) => {
      stderr += more
      if (!demo.killed && stderr.includes('4/9')) demo.kill('SIGTERM') // agents run, modules are starting
    })
    const [code] = (await once(demo, 'exit')) as [number]
    expect({ code, stderr }).toEqual({ code: 143, stderr })
    expect(JSON.parse(await stdout)).toMatchObject({ ok: false })
    expect(readdirSync(temp)).toEqual([])
    expect(processesLeft()).toEqual([])
  })
})
