/** The homes that work is done in and that are looked at afterwards: a new device, or one that a released version left. */
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { utf8 } from '../../src/base/bytes.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import type { DeviceKeys } from '../../src/agent/key-file.ts'
import { keeperHomeIn, START_MS, type KeeperHome } from '../support/keeper-home.ts'
import { manualClock } from '../support/manual-clock.ts'
import { storeFixtures, type StoreFixture } from '../support/store-fixture.ts'
import type { StoredFacts } from '../support/stored-facts.ts'
import { lastTime, nextNumbers, type WorkLine } from './work-lines.ts'

/** `paired`: over a fixture, with the other device of its mesh at hand; so an older schema is brought up to date too. */
export const SCENARIOS = ['new', 'paired'] as const
export type Scenario = (typeof SCENARIOS)[number]

export interface WorkOrder {
  readonly seed: number
  readonly steps: number
  /** What was said before, in this home. */
  readonly lines: readonly WorkLine[]
}
export interface WorkHome {
  /** What is there before any work. */
  readonly facts: StoredFacts | undefined
  /** Makes the folder and the device in it: how that is interrupted is another rule's (ID15). */
  prepare(folder: string): Promise<void>
  /** The device over a folder: the same in every process. */
  in(folder: string, lines: readonly WorkLine[]): KeeperHome
  /** The process that is stopped at some moment, but for its last argument: where it says what it does. */
  command(folder: string, order: WorkOrder): readonly string[]
}

const WORK = fileURLToPath(new URL('./store-work.ts', import.meta.url))

export async function workHome(scenario: Scenario): Promise<WorkHome> {
  const fixture = scenario === 'paired' ? await newestFixture('phone') : undefined
  const { atUnixMs, facts, keys } = fixture ?? { atUnixMs: START_MS, facts: undefined, keys: newKeys() }
  const homeIn = (folder: string, unixMs = atUnixMs): KeeperHome => keeperHomeIn(folder, manualClock(unixMs), keys)
  return {
    facts,
    async prepare(folder) {
      if (fixture === undefined) await makeDevice(homeIn(folder))
      else fixture.copyTo(folder)
    },
    in: (folder, lines) => homeIn(folder, lastTime(lines)),
    command(folder, { seed, steps, lines }) {
      const { id, number } = nextNumbers(lines)
      return [WORK, folder, scenario, ...[seed, steps, id, number, lastTime(lines) ?? atUnixMs].map(String)]
    },
  }
}

async function makeDevice(home: KeeperHome): Promise<void> {
  mkdirSync(home.folder)
  const keeper = home.create()
  await keeper.setStage('developer')
  keeper.close()
}

/** As the working process finds it. */
export async function openWorkHome(scenario: Scenario, folder: string, unixMs: number): Promise<KeeperHome> {
  return (await workHome(scenario)).in(folder, [{ op: 'time', unixMs }])
}

/** The other device of the newest fixture, in a folder of its own. */
export async function otherHome(): Promise<KeeperHome> {
  return (await newestFixture('laptop')).copy()
}

async function newestFixture(name: string): Promise<StoreFixture> {
  const found = (await storeFixtures()).findLast((fixture) => fixture.name === name)
  if (found === undefined) throw new Error(`no fixture of a ${name}`)
  return found
}

/** Known to every process, and to nobody's harm. */
function newKeys(): DeviceKeys {
  const key = (role: string): Uint8Array => nodeCrypto.sha256(utf8(`aico-mesh proofs ${role}`))
  return {
    device: key('device'),
    peer: key('peer'),
    seal: key('seal'),
    store: key('store'),
    audit: key('audit'),
    auditPayload: key('audit payload'),
  }
}
