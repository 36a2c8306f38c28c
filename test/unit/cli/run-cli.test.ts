import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HttpRequest, Route } from '../../../src/agent/http-server.ts'
import { jsonBody } from '../../../src/agent/http-server.ts'
import { MeshError } from '../../../src/base/errors.ts'
import { layOutHome } from '../../../src/platform/home.ts'
import type { ReadyEvent } from '../../../src/cli/agent-host.ts'
import { cliHarness, type CliHarness } from './cli-harness.ts'

let cli: CliHarness
beforeEach(() => {
  cli = cliHarness()
})
afterEach(() => cli.remove())

const answering = (method: Route['method'], path: string, handle: (request: HttpRequest) => unknown): Route => ({
  method,
  path,
  capability: 'cli',
  handle: (request) => ({ json: handle(request) }),
})
const failing = (code: string): Route =>
  answering('GET', '/v1/traces', () => {
    throw new MeshError(code, 'in plain words')
  })

describe('finding the command', () => {
  test('[CL1] nothing, or --help, is the list of commands and exit 0', async () => {
    for (const argv of [[], ['--help'], ['-h']]) {
      const { exit, stdout, stderr } = await cli.run(...argv)
      expect([exit, stderr]).toEqual([0, ''])
      expect(stdout).toContain('consent grant')
      expect(stdout).toContain('4 refused by policy')
    }
  })

  test('[CL1] help of one command does not run it', async () => {
    const { exit, stdout } = await cli.run('init', '--help')
    expect([exit, cli.hostCalls.length]).toEqual([0, 0])
    expect(stdout).toContain('--key-store STORE')
  })

  test('[CL1] --version is the version', async () => {
    expect((await cli.run('--version')).stdout).toBe('1.2.3\n')
    expect((await cli.run('--version', '--json')).json).toEqual({ version: '1.2.3' })
  })

  test('[CL1] options may stand before, between and after the words', async () => {
    await cli.serve([answering('DELETE', '/v1/consent/:grant', ({ params }) => ({ grantId: params['grant'] }))])
    for (const argv of [
      ['--json', 'consent', 'revoke', 'abcd'],
      ['consent', '--json', 'revoke', 'abcd'],
      ['consent', 'revoke', 'abcd', '--json'],
    ]) {
      expect((await cli.run(...argv)).json).toEqual({ grantId: 'abcd' })
    }
  })

  const misuses: readonly { name: string; argv: readonly string[] }[] = [
    { name: 'an unknown command', argv: ['dance'] },
    { name: 'half a command', argv: ['consent'] },
    { name: 'an unknown option', argv: ['status', '--fast'] },
    { name: 'an option of another command', argv: ['status', '--lanes', 'traces'] },
    { name: 'an option without its value', argv: ['init', '--name'] },
    { name: 'a value for a switch', argv: ['status', '--json=yes'] },
    { name: 'a word too many', argv: ['status', 'now'] },
    { name: 'a word too few', argv: ['consent', 'revoke'] },
    { name: 'init without a name', argv: ['init'] },
    { name: 'a key store nobody has', argv: ['init', '--name', 'x', '--key-store', 'cloud'] },
    { name: 'a stage nobody has', argv: ['stage', 'expert'] },
    { name: 'a port that is none', argv: ['start', '--otlp-port', '70000'] },
    { name: 'a limit that is no number', argv: ['traces', 'list', '--limit', 'ten'] },
    { name: 'a limit of nothing', argv: ['traces', 'list', '--limit', '0'] },
    { name: 'a limit below nothing', argv: ['traces', 'list', '--limit=-1'] },
    { name: 'an entry that is no number', argv: ['audit', 'list', '--from', 'x'] },
    { name: 'a trace that is none', argv: ['logs', '--trace', 'newest'] },
    { name: 'a kind of record nobody has', argv: ['consent', 'grant', '--to', 'x', '--lanes', 'trace'] },
    { name: 'a log level nobody has', argv: ['start', '--log', 'loud'] },
    { name: 'a time nobody understands', argv: ['logs', '--since', 'yesterday'] },
    { name: 'a grant without its recipient', argv: ['consent', 'grant', '--lanes', 'traces'] },
  ]
  test.each(misuses)('[CL2] $name is exit 2 with CLI_USAGE, said on stderr', async ({ argv }) => {
    const { exit, stdout, stderr } = await cli.run(...argv)
    expect([exit, stdout, cli.hostCalls]).toEqual([2, '', []])
    expect(stderr).toMatch(/^CLI_USAGE: .+\n$/)
  })

  test('[CL4] with --json a misuse too is one JSON document on stdout', async () => {
    const { exit, json, stderr } = await cli.run('dance', '--json')
    expect(json).toMatchObject({ error: { code: 'CLI_USAGE' } })
    expect([exit, stderr.startsWith('CLI_USAGE: ')]).toEqual([2, true])
  })
})

describe('how a command ends', () => {
  const ends: readonly { code: string; exit: number }[] = [
    { code: 'TRACE_NOT_FOUND', exit: 1 },
    { code: 'STORE_FULL', exit: 1 },
    { code: 'INTERNAL', exit: 1 },
    { code: 'SEARCH_FILTER', exit: 2 },
    { code: 'SEARCH_CURSOR', exit: 2 },
    { code: 'METRIC_FUNCTION', exit: 2 },
    { code: 'STAGE_TOO_LOW', exit: 4 },
    { code: 'POLICY_STAGE', exit: 4 },
  ]
  test.each(ends)('[CL2] $code of the agent is exit $exit', async ({ code, exit }) => {
    await cli.serve([failing(code)])
    const plain = await cli.run('traces', 'list')
    expect([plain.exit, plain.stdout, plain.stderr]).toEqual([exit, '', `${code}: in plain words\n`])
    const machine = await cli.run('traces', 'list', '--json')
    expect([machine.exit, machine.json]).toEqual([exit, { error: { code, message: 'in plain words' } }])
  })

  test('[CL2] without an agent a command that needs one is exit 3', async () => {
    const { exit, json } = await cli.run('status', '--json')
    expect([exit, json]).toMatchObject([3, { error: { code: 'AGENT_NOT_RUNNING' } }])
  })

  test('[CL2] it names the home, and says whether a device is there at all', async () => {
    expect((await cli.run('status')).stderr).toBe(
      `AGENT_NOT_RUNNING: no agent runs in ${cli.home}; start one with \`aico-mesh start\`\n`,
    )
    await cli.remove()
    cli = cliHarness({
      readKeyStore: async () => {
        throw new MeshError('HOME_MISSING', 'nothing here')
      },
    })
    const { exit, stderr } = await cli.run('status')
    expect([exit, stderr]).toEqual([
      3,
      `AGENT_NOT_RUNNING: no agent runs in ${cli.home}, and no device is there: check --home, or begin with ` +
        '`aico-mesh init --name NAME`\n',
    ])
  })

  test('[CL2] a socket that a killed agent left behind is exit 3 as well', async () => {
    const { runFolder, socketFile, tokenFile } = layOutHome(cli.home)
    mkdirSync(runFolder)
    writeFileSync(tokenFile, 'token')
    writeFileSync(socketFile, '')
    expect((await cli.run('status')).exit).toBe(3)
  })

  test('[CL2] a bug is exit 1 and one line; where it happened is said to those who debug', async () => {
    await cli.remove()
    cli = cliHarness({
      initDevice: async () => {
        throw new TypeError('oops')
      },
    })
    const { exit, json, stderr } = await cli.run('init', '--name', 'x', '--json')
    expect([exit, json]).toEqual([1, { error: { code: 'INTERNAL', message: 'unexpected failure: oops' } }])
    expect(stderr).toBe('INTERNAL: unexpected failure: oops\n')
    process.env['AICO_MESH_LOG'] = 'debug'
    try {
      expect((await cli.run('init', '--name', 'x')).stderr).toContain('TypeError: oops\n    at ')
    } finally {
      delete process.env['AICO_MESH_LOG']
    }
  })

  test('[CL5] words of an agent cannot steer the terminal', async () => {
    await cli.serve([
      answering('GET', '/v1/traces', () => {
        throw new MeshError('ANY', 'red \u001B[31malert\u0007')
      }),
    ])
    expect((await cli.run('traces', 'list')).stderr).toBe('ANY: red alert\n')
  })

  test('[CL4] a verdict that the audit log was altered is one JSON document, and exit 1', async () => {
    const verdict = { ok: false, size: null, root: null, code: 'AUDIT_HASH_WRONG', seq: 3, setAside: null }
    await cli.serve([answering('POST', '/v1/audit/verify', () => verdict)])
    const { exit, json } = await cli.run('audit', 'verify', '--json')
    expect([exit, json]).toEqual([1, verdict])
    const plain = await cli.run('audit', 'verify')
    expect([plain.exit, plain.stdout]).toEqual([1, 'ALTERED at entry 3: AUDIT_HASH_WRONG.\n'])
  })
})

describe('commands', () => {
  test('[CL6] init hands name and key store on, and says what protects the keys', async () => {
    const { exit, stdout } = await cli.run('init', '--name', 'phone')
    expect([exit, cli.hostCalls]).toEqual([
      0,
      [['initDevice', { home: cli.home, name: 'phone', keyStore: 'file', passphrase: undefined }]],
    ])
    expect(stdout).toContain('protected by file permissions only')
    expect((await cli.run('init', '--name', 'phone', '--json')).json).toEqual({
      deviceId: 'ab'.repeat(32),
      name: 'phone',
      keyStore: 'file',
    })
  })

  test('[CL6] init says that a folder held other files', async () => {
    expect((await cli.run('init', '--name', 'phone')).stderr).toBe('')
    writeFileSync(join(cli.home, 'notes.txt'), '')
    const { stdout, stderr } = await cli.run('init', '--name', 'phone')
    expect(stdout).toContain(`Its home is ${cli.home}.`)
    expect(stderr).toBe('The folder held other files before. They were left as they are.\n')
  })

  test('[CL6] [CL24] at a terminal start says in words that it is ready, unless JSON was asked for', async () => {
    await cli.remove()
    const closed = { event: 'ready', deviceId: 'd', mesh: [], otlp: null } as const
    const event = { ...closed, mesh: ['/ip4/1.2.3.4/tcp/5', '/ip6/::1/tcp/5'] }
    let ready: ReadyEvent = event
    cli = cliHarness({ runAgent: async ({ onReady }) => onReady(ready) })
    const { isTTY } = process.stdout
    process.stdout.isTTY = true
    try {
      expect((await cli.run('start')).stdout.split('\n')).toEqual([
        'The agent is running. Ctrl-C ends it; so does `aico-mesh stop` elsewhere.',
        `  home     ${cli.home}`,
        '  OTLP     closed',
        '  mesh     /ip4/1.2.3.4/tcp/5',
        '           /ip6/::1/tcp/5',
        '',
      ])
      expect((await cli.run('start', '--json')).json).toEqual(event)
      ready = closed
      expect((await cli.run('start')).stdout.split('\n').slice(1)).toEqual([
        `  home     ${cli.home}`,
        '  network  closed',
        '',
      ])
    } finally {
      process.stdout.isTTY = isTTY
    }
  })

  test('[CL6] a log level of the environment is checked as well', async () => {
    process.env['AICO_MESH_LOG'] = 'loud'
    try {
      const { exit, stderr } = await cli.run('start')
      expect([exit, stderr.startsWith('CLI_USAGE: AICO_MESH_LOG takes trace, debug,')]).toEqual([2, true])
    } finally {
      delete process.env['AICO_MESH_LOG']
    }
  })

  test('[CL6] start prints its ready line whether or not JSON was asked for', async () => {
    await cli.remove()
    cli = cliHarness({
      runAgent: async ({ onReady }) => onReady({ event: 'ready', deviceId: 'd', mesh: [], otlp: null }),
    })
    for (const argv of [['start'], ['start', '--json']]) {
      expect((await cli.run(...argv)).json).toEqual({ event: 'ready', deviceId: 'd', mesh: [], otlp: null })
    }
    expect(cli.hostCalls[0]?.[1]).toMatchObject({ home: cli.home, logLevel: 'warn', otlpPort: undefined })
    await cli.run('start', '--otlp-port', '0', '--log', 'debug')
    expect(cli.hostCalls.at(-1)?.[1]).toMatchObject({ logLevel: 'debug', otlpPort: 0 })
  })

  test('[CL7] a change of stage needs a yes, and says what it does on stderr only', async () => {
    const plan = { from: 'casual', to: 'pro', opens: ['the mesh'], closes: [], kept: '' }
    const asked: unknown[] = []
    await cli.serve([
      answering('GET', '/v1/stage/:stage', () => plan),
      answering('POST', '/v1/stage', (request) => {
        asked.push(jsonBody(request))
        return plan
      }),
    ])
    expect((await cli.run('stage', 'pro')).exit).toBe(2)
    expect(asked).toEqual([])
    const { exit, stdout, stderr } = await cli.run('stage', 'pro', '--yes')
    expect([exit, asked, stdout]).toEqual([0, [{ stage: 'pro' }], 'This device is now at the pro stage.\n'])
    expect(stderr).toContain('the mesh')
    const machine = await cli.run('stage', 'pro', '--yes', '--json')
    expect([machine.json, machine.stderr]).toEqual([plan, ''])
  })

  test('[CL7] [STG9] what stays at casual although it was to be deleted is said', async () => {
    const plan = { from: 'pro', to: 'casual', opens: [], closes: [], kept: 'It stays.' }
    await cli.serve([
      answering('GET', '/v1/stage/:stage', () => plan),
      answering('POST', '/v1/stage', () => ({ ...plan, deleted: { records: 5, held: 0 } })),
    ])
    const { stdout } = await cli.run('stage', 'casual', '--yes', '--delete-kept')
    expect(stdout).toContain('5 records deleted. Errors stay.\n')
  })

  test.each([
    { name: '--yes alone keeps what was kept', argv: ['--yes'], asked: { stage: 'casual' } },
    { name: '--keep-kept says so', argv: ['--yes', '--keep-kept'], asked: { stage: 'casual' } },
    { name: '--delete-kept deletes it', argv: ['--yes', '--delete-kept'], asked: { stage: 'casual', kept: 'delete' } },
  ])('[CL7] [STG9] going down, $name', async ({ argv, asked }) => {
    const plan = { from: 'pro', to: 'casual', opens: [], closes: ['the mesh'], kept: 'It stays.' }
    const bodies: unknown[] = []
    await cli.serve([
      answering('GET', '/v1/stage/:stage', () => plan),
      answering('POST', '/v1/stage', (request) => {
        bodies.push(jsonBody(request))
        return { ...plan, deleted: { records: 5, held: 1 } }
      }),
    ])
    const { stdout } = await cli.run('stage', 'casual', ...argv)
    expect(bodies).toEqual([asked])
    expect(stdout).toMatch(
      /^5 records deleted\. Errors stay\.$[^]*^Kept because of a hold: 1 record \(aico-mesh store holds\)\.$/m,
    )
  })

  test('[CL7] [STG9] keeping and deleting at once, or deleting on the way up, is a misuse', async () => {
    await cli.serve([
      answering('GET', '/v1/stage/:stage', () => ({ from: 'casual', to: 'pro', opens: [], closes: [], kept: '' })),
    ])
    expect((await cli.run('stage', 'pro', '--yes', '--keep-kept', '--delete-kept')).exit).toBe(2)
    expect((await cli.run('stage', 'pro', '--yes', '--delete-kept')).exit).toBe(2)
  })

  test('[CL7] the stage it is at already changes nothing and asks nothing', async () => {
    const plan = { from: 'pro', to: 'pro', opens: [], closes: [], kept: '' }
    await cli.serve([answering('GET', '/v1/stage/:stage', () => plan)])
    const { exit, stdout, stderr } = await cli.run('stage', 'pro')
    expect([exit, stdout, stderr]).toEqual([0, 'This device is at the pro stage already.\n', ''])
    expect((await cli.run('stage', 'pro', '--json')).json).toEqual(plan)
  })

  test('[AU26] audit set-aside needs a yes, asks the home itself for it, and says what the new log begins with', async () => {
    const payload = { damage: 'STORE_CORRUPT', kept: 'audit.db.damaged-1', size: 12 }
    const first = { seq: 0, at: '2026-11-22T18:00:00.000Z', type: 'audit.set-aside', payload }
    const harness = cliHarness({ callOffline: async () => ({ status: 200, json: { leaves: [first] } }) })
    expect([(await harness.run('audit', 'set-aside')).exit, harness.hostCalls]).toEqual([2, []])
    const { exit, stdout } = await harness.run('audit', 'set-aside', '--yes')
    expect([exit, stdout.replaceAll(/\s+/g, ' ')]).toEqual([
      0,
      expect.stringContaining('of 12 entries (STORE_CORRUPT)'),
    ])
    expect(harness.hostCalls).toMatchObject([['callOffline', { setAuditAside: true }]])
    expect((await harness.run('audit', 'set-aside', '--yes', '--json')).json).toEqual(first)
    await harness.remove()
  })

  test('[AU26] audit verify says of a log that is unaltered what it began in place of', async () => {
    const payload = { damage: 'STORE_CORRUPT', kept: 'audit.db.damaged-1', size: 12 }
    const setAside = { seq: 0, at: '2026-11-22T18:00:00.000Z', type: 'audit.set-aside', payload }
    const verdict = { ok: true, size: 3, root: 'ff', code: null, seq: null, setAside }
    await cli.serve([answering('POST', '/v1/audit/verify', () => verdict)])
    expect((await cli.run('audit', 'verify')).stdout).toBe(
      'Unaltered: 3 entries, root ff. It began at 2026-11-22T18:00:00Z, after damage to the log before it of 12 entries (STORE_CORRUPT), kept as audit.db.damaged-1.\n',
    )
  })

  test('[AU23] audit accept names the alarms, needs a yes, and says so where there is none', async () => {
    const alarm = { code: 'STORE_ROLLED_BACK', at: '2026-11-22T18:00:00.000Z', message: 'store.db is older' }
    let alarms = [alarm]
    await cli.serve([
      answering('GET', '/v1/status', () => ({ alarms })),
      answering('POST', '/v1/audit/accept', () => {
        const accepted = alarms
        alarms = []
        return { accepted }
      }),
    ])
    expect([(await cli.run('audit', 'accept')).exit, alarms]).toEqual([2, [alarm]])
    const { exit, stdout, stderr } = await cli.run('audit', 'accept', '--yes')
    expect([exit, stdout, alarms]).toEqual([0, 'Sharing goes on. The audit log has what happened.\n', []])
    expect(stderr).toContain('ALARM STORE_ROLLED_BACK (2026-11-22 18:00:00): store.db is')
    expect((await cli.run('audit', 'accept')).stdout).toBe('There is no alarm.\n')
  })

  test('[CL8] stage and modules work without an agent, by opening the home', async () => {
    await cli.remove()
    cli = cliHarness({ callOffline: async () => ({ status: 200, json: { module: 'core', credential: '/c.json' } }) })
    const { exit, json } = await cli.run('modules', 'add', 'core', '--json')
    expect([exit, json]).toEqual([0, { module: 'core', credential: '/c.json' }])
    expect(cli.hostCalls).toMatchObject([
      ['callOffline', { method: 'POST', path: '/v1/modules', body: { module: 'core' } }],
    ])
  })

  test('[CL8] an offline refusal ends like one of an agent', async () => {
    await cli.remove()
    cli = cliHarness({
      callOffline: async () => ({ status: 403, json: { error: { code: 'STAGE_TOO_LOW', message: 'no' } } }),
    })
    expect((await cli.run('modules', 'list')).exit).toBe(4)
  })

  test('[CL9] consent grant sends what was asked for, today as its beginning', async () => {
    const bodies: Record<string, unknown>[] = []
    await cli.serve([
      answering('GET', '/v1/consent/history', () => ({ history: [] })),
      answering('POST', '/v1/consent', (request) => {
        bodies.push(jsonBody(request))
        return { grantId: 'g'.repeat(32), notice: 'Laptop may see traces.' }
      }),
    ])
    const { stdout } = await cli.run('consent', 'grant', '--to', 'laptop', '--lanes', 'traces, logs,')
    expect(stdout).toContain('Laptop may see traces.')
    expect(bodies[0]).toMatchObject({ to: 'laptop', lanes: ['traces', 'logs'] })
    expect((bodies[0]?.['sinceUnixMs'] as number) % 86_400_000).toBe(0)
    await cli.run('consent', 'grant', '--to', 'l', '--lanes', 'traces', '--since', 'all', '--modules', 'a,b')
    expect(bodies[1]).toMatchObject({ sinceUnixMs: 0, modules: ['a', 'b'] })
  })

  test('[CL9] granting again after a revocation says that the time in between is opened too', async () => {
    const revoked = { grantId: 'g'.repeat(32), kind: 'revoke', from: 'a', to: 'b', at: '2026-11-22T12:00:00.000Z' }
    await cli.serve([
      answering('GET', '/v1/consent/history', () => ({ history: [revoked] })),
      answering('POST', '/v1/consent', () => ({ grantId: 'h'.repeat(32), notice: 'Laptop may see traces.' })),
    ])
    const grant = ['consent', 'grant', '--to', 'laptop', '--lanes', 'traces', '--since'] as const
    expect((await cli.run(...grant, 'all')).stderr).toContain('recorded in between is opened too')
    expect((await cli.run(...grant, '2026-11-22T13:00:00Z')).stderr).not.toContain('in between')
  })

  test('[CL9] a grant that stood already is said to be', async () => {
    const revoked = { grantId: 'g'.repeat(32), kind: 'revoke', from: 'a', to: 'b', at: '2026-11-22T12:00:00.000Z' }
    await cli.serve([
      answering('GET', '/v1/consent/history', () => ({ history: [revoked] })),
      answering('POST', '/v1/consent', () => ({ grantId: 'h'.repeat(32), notice: 'May see.', existing: true })),
    ])
    const { stdout, stderr } = await cli.run('consent', 'grant', '--to', 'x', '--lanes', 'logs', '--since', 'all')
    expect(stdout).toMatch(/still in force, as hhhhhhhh\. No other grant was given\.\n\nMay see\./)
    expect(stderr).toBe('')
  })

  test('[CL9] [CL10] consent revoke --to names the device in the query, and each grant that ended', async () => {
    const seen: unknown[] = []
    await cli.serve([
      answering('DELETE', '/v1/consent', ({ query }) => {
        seen.push([...query])
        return { grantIds: ['1'.repeat(32), '2'.repeat(32)] }
      }),
    ])
    const { stdout } = await cli.run('consent', 'revoke', '--to', 'my laptop&x=1')
    expect(seen).toEqual([[['to', 'my laptop&x=1']]])
    expect(stdout).toContain('Revoked 2 grants to my laptop&x=1: 11111111, 22222222.')
  })

  test('[CL10] what a person types in a path stays in its part of the path', async () => {
    const seen: unknown[] = []
    await cli.serve([
      answering('DELETE', '/v1/consent/:grant', ({ params }) => {
        seen.push(params['grant'])
        return { grantId: 'g' }
      }),
    ])
    await cli.run('consent', 'revoke', '../stop?x=1')
    expect(seen).toEqual(['../stop?x=1'])
  })
})

describe('passphrases', () => {
  const secretFile = (text: string): string => {
    const path = join(cli.home, 'secret')
    writeFileSync(path, text)
    return path
  }
  const passphraseOf = () => cli.hostCalls.at(-1)?.[1]['passphrase']
  const init = (...argv: string[]) => cli.run('init', '--name', 'x', '--key-store', 'passphrase', ...argv)

  test.each([
    { text: 'long enough\n', want: 'long enough' },
    { text: 'long enough\r\n', want: 'long enough' },
    { text: ' spaces stay \n\n', want: ' spaces stay \n' },
  ])('[CL11] from a file, without its last line break: $text', async ({ text, want }) => {
    await init('--passphrase-file', secretFile(text))
    expect(passphraseOf()).toBe(want)
  })

  test('[CL11] from the environment, which then no longer has it; a file wins', async () => {
    process.env['AICO_MESH_PASSPHRASE'] = 'from the environment'
    await init()
    expect([passphraseOf(), process.env['AICO_MESH_PASSPHRASE']]).toEqual(['from the environment', undefined])
    process.env['AICO_MESH_PASSPHRASE'] = 'from the environment'
    await init('--passphrase-file', secretFile('from the file'))
    expect([passphraseOf(), process.env['AICO_MESH_PASSPHRASE']]).toEqual(['from the file', undefined])
  })

  test('[CL11] a file that cannot be read is a misuse, not a bug', async () => {
    const { exit, stderr } = await init('--passphrase-file', join(cli.home, 'nowhere'))
    expect([exit, stderr.startsWith('CLI_USAGE: ')]).toEqual([2, true])
    expect(stderr).not.toContain(' at ')
  })

  test('[CL11] it is asked for once, however often the home is opened', async () => {
    await cli.remove()
    let reads = 0
    cli = cliHarness({
      readKeyStore: async () => {
        reads++
        return 'passphrase'
      },
      callOffline: async () => ({ status: 200, json: { from: 'casual', to: 'pro', opens: [], closes: [], kept: '' } }),
    })
    await cli.run('stage', 'pro', '--yes', '--passphrase-file', secretFile('long enough'))
    expect([reads, cli.hostCalls.map(([, { passphrase }]) => passphrase)]).toEqual([1, ['long enough', 'long enough']])
  })

  test('[CL11] a home under a file asks for none', async () => {
    process.env['AICO_MESH_PASSPHRASE'] = 'not needed'
    await cli.run('start')
    expect(passphraseOf()).toBeUndefined()
  })
})
