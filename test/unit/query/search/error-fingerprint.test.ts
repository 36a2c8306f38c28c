/** What makes two errors the same one, on what real runtimes say and on hostile text. */
import { describe, expect, test } from 'vitest'
import type { ErrorFacts } from '../../../../src/query/search/error-facts.ts'
import { errorKey, generalMessage, topFrames } from '../../../../src/query/search/error-fingerprint.ts'
import vectors from '../../../vectors/error-stacks.json' with { type: 'json' }

/** What each program failed with. */
type Runtime = Readonly<Record<string, ErrorFacts>>

describe('what makes two errors the same', () => {
  const messages: readonly [string, string][] = [
    ['order 8f14e45f not found after 31.5 ms', 'order <hex> not found after <n> ms'],
    ['user 123e4567-e89b-12d3-a456-426614174000 gone', 'user <uuid> gone'],
    ['at 0xDEADbeef: bad address 10.0.0.7:443', 'at <hex>: bad address <n>:<n>'],
    ['feedface is a word', 'feedface is a word'],
    ['no file /home/ann/shop/a.db', 'no file a.db'],
    [String.raw`open 'C:\shop\a.db' failed`, "open 'a.db' failed"],
    ["open '/home/ann li/shop/a.db'", "open 'a.db'"],
    ['GET /orders: try and/or wait', 'GET /orders: try and/or wait'],
    ['GET https://shop.example/a/b', 'GET https://shop.example/a/b'],
    [`Unexpected token 'o', "foo 81" is not valid JSON`, 'Unexpected token <text> is not valid JSON'],
    ["Cannot read properties of undefined (reading 'x')", "Cannot read properties of undefined (reading 'x')"],
    ['two\n  lines\tof it ', 'two lines of it'],
  ]
  test.each(messages)('[SQ15] %j says %j', (message, general) => {
    expect(generalMessage(message)).toBe(general)
  })

  test('[SQ15] of hostile stacks no more than three short places are kept', () => {
    for (const stack of ['    at '.repeat(200_000), `at ${' '.repeat(9000)}\u2028x\u2028y`, `at ${'x'.repeat(9000)}`]) {
      const frames = topFrames(`${stack}\n`.repeat(5))
      expect(frames.length).toBeLessThanOrEqual(3)
      expect(frames.every((frame) => frame.length <= 160)).toBe(true)
    }
  })

  const stacks: readonly { name: string; stack: string; frames: readonly string[] }[] = [
    {
      name: 'of JavaScript, without folders and lines',
      stack:
        'TypeError: no\n    at read (file:///home/ann/app/src/read.ts:12:7)\n    at C:\\app\\x.js:3:4\n    at async Object.run (node:internal/y:1:2)\n    at last (z.js:1:1)',
      frames: ['read (read.ts)', 'x.js', 'last (z.js)'],
    },
    {
      name: 'of Java',
      stack: 'java.lang.Error: no\n\tat com.shop.Cart.add(Cart.java:31)\n\tat com.shop.Main.main(Main.java:9)',
      frames: ['com.shop.Cart.add(Cart.java)', 'com.shop.Main.main(Main.java)'],
    },
    {
      name: 'of Python, whose innermost place stands last',
      stack:
        'Traceback (most recent call last):\n  File "/home/bob/main.py", line 9, in <module>\n    run()\n  File "/opt/app/run.py", line 3, in run\n    fail()\nValueError: no',
      frames: ['run (run.py)', '<module> (main.py)'],
    },
    { name: 'of no kind', stack: 'just words', frames: [] },
  ]
  test.each(stacks)('[SQ15] the innermost places of a stack $name', ({ stack, frames }) => {
    expect(topFrames(stack)).toEqual(frames)
  })
  const real = [...Object.values(vectors.javascript), ...Object.values(vectors.python)] as readonly Runtime[]
  const programs = [
    ...new Set(
      [vectors.javascript, vectors.python].flatMap((runs) =>
        Object.values(runs).flatMap((run) =>
          Object.keys(run).map((program) => ({ runs: Object.values(runs) as readonly Runtime[], program })),
        ),
      ),
    ),
  ]

  test('[SQ15] the same program that fails in two checkouts, two versions of its runtime and another line is one error', () => {
    for (const { runs, program } of programs) {
      const keys = runs.flatMap((run) => (run[program] === undefined ? [] : [errorKey(run[program]).key]))
      expect(new Set(keys).size, program).toBe(1)
    }
  })

  test('[SQ15] programs that fail in other ways or at other places are other errors', () => {
    for (const run of real) {
      const byKey = Map.groupBy(Object.keys(run), (program) => errorKey(run[program] as ErrorFacts).key)
      const together = [...byKey.values()].filter((each) => each.length > 1)
      // Of these the same function fails, called from the same one.
      const same = together.map((each) => each.join())
      expect(same.filter((each) => each !== 'async,all' && each !== 'key,comp')).toEqual([])
    }
  })

  const places: readonly [name: string, stack: string, frames: readonly string[]][] = [
    [
      'names that a bundler makes',
      'at a (https://x/assets/index-BvX9_3ka.js:1:2)\n at b (main.8f14e45f.js:1:9)',
      ['a (index-<hash>.js)', 'b (main.<hash>.js)'],
    ],
    ['what a development server adds', 'at a (http://127.0.0.1:5173/src/a.ts?t=1795370400:3:4)', ['a (a.ts)']],
    [
      'numbers that a compiler makes',
      'at shop.Main$$Lambda$14/0x0000000800c03000.run(Unknown Source)\n at shop.Main$7.run(Main.java:3)',
      ['<hex>.run(Unknown Source)', 'shop.Main$<n>.run(Main.java)'],
    ],
    [
      'folders with spaces',
      'at a (C:\\Users\\Ann Li\\x.js:1:2)\n at C:\\Users\\Ann Li\\y.js:3:4\n at Shop.Cart.Add(Item i) in C:\\my shop\\Cart.cs:line 31',
      ['a (x.js)', 'y.js', 'Shop.Cart.Add(Item i) in Cart.cs'],
    ],
    ['addresses', 'at fn_0x7ffd3a (0x7ffd3a10)', ['fn_0x7ffd3a (<hex>)']],
    [
      'the runtime where there is nothing else',
      'at TCPConnectWrap.afterConnect [as oncomplete] (node:net:2021:16)',
      ['TCPConnectWrap.afterConnect (node:net)'],
    ],
    [
      'packages, which are not the runtime',
      'Traceback (most recent call last):\n  File "/usr/lib/python3.13/site-packages/shop/x.py", line 3, in ask\n    a()\n  File "<frozen importlib>", line 9, in load',
      ['ask (x.py)'],
    ],
  ]
  test.each(places)('[SQ15] of places: %s', (_, stack, frames) => {
    expect(topFrames(stack)).toEqual(frames)
  })

  test('[SQ15] what is asked of hostile text takes time that grows with its length', () => {
    const texts = [
      '-'.repeat(16_384),
      'a '.repeat(8_192),
      'at (node:'.repeat(1_800),
      ' [as '.repeat(3_000),
      '  +-'.repeat(4_000),
      'Unexpected token '.repeat(900),
      '/'.repeat(16_384),
    ]
    const from = performance.now()
    for (const text of texts)
      errorKey({ type: 'E', message: text.slice(0, 512), stack: `Traceback (most recent call last)\n${text}` })
    for (const text of texts) errorKey({ type: 'E', message: text.slice(0, 512), stack: `at ${text}` })
    expect(performance.now() - from).toBeLessThan(1_000)
  })
})
