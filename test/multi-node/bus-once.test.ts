/** A module's records are kept once, however often its agent is killed between a commit and the answer to it. */
import { afterAll, expect, test } from 'vitest'
import { connect } from '../../src/sdk/index.ts'
import { AgentProgram } from '../support/agent-program.ts'
import { keptNumbers, numbersUpTo } from '../support/kept-numbers.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { waitFor } from '../support/wait-for.ts'

const ROUNDS = 4
/** Lines written around each kill. */
const LINES = 1_500
/** Lines after which what is waiting is sent: many small commits, so that a kill falls between one and its answer. */
const FLUSH_EVERY = 10

const agent = new AgentProgram()
afterAll(() => agent.end())

test('[BU30] [BU36] [BU50] a module whose agent is killed again and again under load has each of its lines kept, once', async () => {
  const seed = Number(process.env['AICO_MESH_TEST_SEED'] ?? Date.now() % 2 ** 31)
  const random = seededRandom(seed)
  await agent.ask('init', '--name', 'laptop')
  await agent.ask('stage', 'developer', '--yes')
  await agent.start('--otlp-port', '0')
  const { credential } = await agent.ask<{ credential: string }>('modules', 'add', 'talker')
  const mesh = connect({ credential, global: false })
  let written = 0
  const write = async (upTo: number): Promise<void> => {
    while (written < upTo) {
      mesh.logger.info({ n: written++ }, 'a line')
      if (written % FLUSH_EVERY === 0) await mesh.flush({ timeoutMs: 100 })
    }
  }
  for (let round = 0; round < ROUNDS; round++) {
    const killAt = written + Math.floor(random() * LINES)
    const writing = write(written + LINES)
    await waitFor(`${killAt} lines (seed ${seed})`, () => written >= killAt)
    agent.kill('SIGKILL')
    await agent.ended()
    await agent.start('--otlp-port', '0')
    await writing
  }
  expect(await mesh.flush({ timeoutMs: 30_000 })).toBe(true)
  expect(mesh.stats).toMatchObject({ droppedRecords: 0, refusedRecords: 0, unencodableRecords: 0 })
  await mesh.close()
  expect((await keptNumbers(agent, 'logs')).get(''), `seed ${seed}`).toEqual(numbersUpTo(ROUNDS * LINES))
}, 120_000)
