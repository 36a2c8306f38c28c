/** Discovery between real hosts: kernels' multicast, several devices, no route, and networks that change. */
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { netLab, type NetHost, type NetLab } from '../support/net-namespaces.ts'

interface Sighting {
  readonly member: number
  readonly address: string
  readonly port: number
}
interface Line {
  readonly found?: readonly Sighting[]
  readonly warned?: object
  readonly ready?: true
}

interface RunningDevice {
  readonly child: ChildProcess
  readonly lines: Line[]
  /** The first line from now on, or already printed, that fits. */
  line(fits: (line: Line) => boolean): Promise<Line>
}

describe('discovery on a network of hosts', () => {
  let lab: NetLab
  let children: ChildProcess[] = []
  beforeAll(() => {
    lab = netLab(3)
  })
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL')
    children = []
  })
  afterAll(() => lab?.stop())

  function start(host: NetHost, me: number): RunningDevice {
    const child = host.run(new URL('discovery-host.ts', import.meta.url), [String(me)])
    children.push(child)
    const lines: Line[] = []
    const waiting = new Set<() => void>()
    if (!child.stdout) throw new TypeError('no output to read')
    createInterface(child.stdout).on('line', (text) => {
      lines.push(JSON.parse(text) as Line)
      for (const check of waiting) check()
    })
    const line = (fits: (line: Line) => boolean): Promise<Line> =>
      new Promise((resolve) => {
        const check = (): void => {
          const found = lines.find(fits)
          if (!found) return
          waiting.delete(check)
          resolve(found)
        }
        waiting.add(check)
        check()
      })
    return { child, lines, line }
  }
  const members = (line: Line): string | undefined => line.found?.map(({ member }) => member).join()
  const sighting = (member: number): Sighting => ({ member, address: `10.77.0.${member}`, port: 4_000 + member })

  test('[DI13] three hosts without a route find and recognise each other, and see one leave', async () => {
    const [a, b, c] = lab.hosts.map((host, n) => start(host, n + 1)) as [RunningDevice, RunningDevice, RunningDevice]
    const found = await Promise.all([
      a.line((line) => members(line) === '2,3'),
      b.line((line) => members(line) === '1,3'),
      c.line((line) => members(line) === '1,2'),
    ])
    expect(found.map((line) => line.found)).toEqual([
      [sighting(2), sighting(3)],
      [sighting(1), sighting(3)],
      [sighting(1), sighting(2)],
    ])
    b.lines.length = 0
    a.lines.length = 0
    const ended = new Promise((resolve) => c.child.once('exit', resolve))
    c.child.kill('SIGTERM')
    expect((await a.line((line) => members(line) === '2')).found).toEqual([sighting(2)])
    expect((await b.line((line) => members(line) === '1')).found).toEqual([sighting(1)])
    expect(await ended).toBe(0) // nothing kept the process alive after stop
    expect([...a.lines, ...b.lines, ...c.lines].filter(({ warned }) => warned)).toEqual([])
  })

  test('[DI8] a host that comes to the network later is found at its new address', async () => {
    const [home, roaming] = lab.hosts as [NetHost, NetHost, NetHost]
    roaming.ip('addr', 'del', '10.77.0.2/24', 'dev', 'eth0')
    const [a, b] = [start(home, 1), start(roaming, 2)]
    await Promise.all([a.line(({ ready }) => ready === true), b.line(({ ready }) => ready === true)])
    expect([...a.lines, ...b.lines].some(({ found }) => found)).toBe(false)
    roaming.ip('addr', 'add', '10.77.0.22/24', 'dev', 'eth0')
    const [atA, atB] = await Promise.all([
      a.line((line) => members(line) === '2'),
      b.line((line) => members(line) === '1'),
    ])
    expect(atA.found).toEqual([{ ...sighting(2), address: '10.77.0.22' }])
    expect(atB.found).toEqual([sighting(1)])
    roaming.ip('addr', 'del', '10.77.0.22/24', 'dev', 'eth0')
    roaming.ip('addr', 'add', '10.77.0.2/24', 'dev', 'eth0')
  })
})
