/**
 * The process that is stopped at some moment: seeded work on one home, said line by line as it is acknowledged.
 * `store-work.ts FOLDER SCENARIO SEED STEPS FIRST_ID FIRST_NUMBER UNIX_MS SAY_FILE`; `-` says it on stdout.
 */
import { openSync, writeSync } from 'node:fs'
import { SETTING } from '../../src/agent/keeper/device-settings.ts'
import type { Keeper } from '../../src/agent/keeper/keeper.ts'
import { toHex } from '../../src/base/bytes.ts'
import type { GrantId } from '../../src/model/ids.ts'
import { SIGNALS } from '../../src/model/lane.ts'
import { finish } from '../support/finish.ts'
import { encodeNumbered, type NumberedBatch } from '../support/numbered-records.ts'
import type { KeeperHome } from '../support/keeper-home.ts'
import { seeded, type Seeded } from '../support/seeded.ts'
import { meet, syncOnce } from '../unit/agent/keeper/keeper-pair.ts'
import { openWorkHome, otherHome, type Scenario } from './work-home.ts'
import type { WorkLine } from './work-lines.ts'

const [folder = '', scenario = 'new', seed, steps, firstId, firstNumber, unixMs, sayFile = '-'] = process.argv.slice(2)

const SERVICES = ['web', 'worker', 'db']
/** Records of a request: below and above what a segment is cut at, and at its edge. */
const SIZES = [1, 1, 1, 2, 3, 7, 8, 8, 40, 64, 120, 255, 256, 257, 300, 700]
/** Characters of a record: most are short, one in many fills pages. */
const TEXTS = [0, 0, 0, 10, 50, 200, 3_000]
const OTHERS_TRACE = 5_000
const DAY_MS = 86_400_000
/** In days. Nothing is dropped by itself, however many days pass: only where it is said. */
const TEN_YEARS = 3_650

class Work {
  readonly #home: KeeperHome
  readonly #other: Keeper | undefined
  readonly #random: Seeded
  readonly #sayTo: number
  #keeper: Keeper
  #nextId = Number(firstId)
  #nextNumber = Number(firstNumber)
  #grantId: GrantId | undefined

  constructor(home: KeeperHome, keeper: Keeper, other: Keeper | undefined, random: Seeded, sayTo: number) {
    this.#home = home
    this.#keeper = keeper
    this.#other = other
    this.#random = random
    this.#sayTo = sayTo
    this.#keepFor(TEN_YEARS)
    this.#say({ op: 'open', unixMs: home.clock.now() })
  }

  async step(): Promise<void> {
    const at = this.#random.below(100)
    if (at < 60) return this.#take()
    if (at < 62) return this.#drop()
    if (at < 72) return this.#wait(1 + this.#random.below(6_000))
    if (at < 78) return this.#leaf()
    if (at < 82) return this.#setStage()
    if (at < 86) return this.#keeper.store.checkpoint()
    if (at < 90) return void this.#keeper.writer.cut(() => true)
    if (at < 92) return this.#wait(DAY_MS)
    if (at < 95) return this.#reopen()
    if (at < 97) return this.#receive()
    if (at < 99) return this.#serve()
    return this.#share()
  }

  end(): void {
    this.#keeper.close()
    this.#say({ op: 'closed' })
    this.#other?.close()
  }

  /** Requests that come at the same moment. */
  async #take(): Promise<void> {
    const requests = Array.from({ length: 1 + this.#random.below(4) }, async () => {
      const batch = this.#batch()
      const id = this.#sent(batch)
      await this.#keeper.intake.take(batch.signal, encodeNumbered(batch), { kind: 'otlp' })
      this.#say({ op: 'kept', id })
    })
    await Promise.all(requests)
  }

  #batch(): NumberedBatch {
    const at = this.#random.below(SERVICES.length)
    const size = this.#random.pick(SIZES)
    const text = toHex(Uint8Array.from({ length: this.#random.pick(TEXTS) / 2 }, () => this.#random.below(256)))
    const signal = this.#random.pick([...SIGNALS, 'traces', 'traces'] as const)
    const batch = { signal, service: SERVICES[at] as string, trace: 1_000 + at, first: this.#nextNumber, size, text }
    this.#nextNumber += size
    return { ...batch, text: size > 8 ? text.slice(0, 200) : text }
  }

  #wait(ms: number): void {
    this.#home.clock.advance(ms)
    if (this.#other) meet(this.#other, this.#keeper)
    this.#say({ op: 'time', unixMs: this.#home.clock.now() })
  }

  /** Everything there is becomes too old, is dropped, and its space given back. */
  #drop(): void {
    const keeper = this.#keeper
    keeper.writer.cut(() => true)
    finish(keeper.retention.steps())
    this.#wait(2 * DAY_MS)
    const below = this.#nextNumber
    this.#say({ op: 'dropping', below })
    this.#keepFor(1)
    finish(keeper.retention.steps())
    this.#say({ op: 'dropped', below })
    this.#keepFor(TEN_YEARS)
    finish(keeper.store.packs.reclaim())
    while (keeper.store.postings.mergeStep() || keeper.store.freePages.giveBackSome());
  }

  #keepFor(maxAgeDays: number): void {
    const limit = { maxAgeDays }
    this.#keeper.store.settings.set(SETTING.retention, { traces: limit, logs: limit, metrics: limit })
  }

  #leaf(): void {
    const ref = `leaf ${this.#nextId++}`
    const actor = { kind: 'device', ref: this.#keeper.card.deviceId } as const
    this.#keeper.ledger.append({ type: 'pairing.failed', outcome: 'failure', actor, payload: { ref } })
    this.#say({ op: 'leaf', ref })
  }

  async #setStage(): Promise<void> {
    await this.#keeper.setStage('developer')
    this.#say({ op: 'stage', to: 'developer' })
  }

  #reopen(): void {
    this.#keeper.close()
    this.#say({ op: 'closed' })
    this.#keeper = this.#home.reopen()
    this.#keepFor(TEN_YEARS)
    this.#say({ op: 'open', unixMs: this.#home.clock.now() })
  }

  /** The other device's newest records come in. */
  async #receive(): Promise<void> {
    if (this.#other === undefined) return
    const size = this.#random.pick(SIZES)
    const first = this.#nextNumber
    const batch: NumberedBatch = { signal: 'traces', service: 'other', trace: OTHERS_TRACE, first, size, text: '' }
    this.#nextNumber += size
    await this.#other.intake.take('traces', encodeNumbered(batch), { kind: 'otlp' })
    this.#other.writer.cut(() => true)
    await this.#other.handedOver()
    const id = this.#sent(batch)
    await syncOnce(this.#other, this.#keeper)
    this.#say({ op: 'kept', id })
  }

  /** The other device learns what it may have, and from then on may hold it. */
  async #serve(): Promise<void> {
    if (this.#other === undefined) return
    this.#keeper.writer.cut(() => true)
    await this.#keeper.handedOver()
    const rows = this.#keeper.serving.rowsFor(this.#other.card.deviceId)
    this.#say({ op: 'served', heads: rows.map(({ log, to, id }) => `${log}/${to} ${toHex(id)}`) })
  }

  /** A grant comes or goes, and with it a new key. */
  async #share(): Promise<void> {
    if (this.#other === undefined) return
    if (this.#grantId === undefined) {
      const { grantId } = await this.#keeper.consents.grant({
        recipient: this.#other.card.deviceId,
        may: 'see',
        lanes: ['metrics'],
        modules: undefined,
        sinceUnixMs: 0,
        untilUnixMs: undefined,
        purpose: `to prove ${this.#nextId++}`,
      })
      this.#grantId = grantId
      this.#say({ op: 'granted', grantId })
    } else {
      const grantId = this.#grantId
      this.#grantId = undefined
      await this.#keeper.consents.revoke(grantId)
      this.#say({ op: 'revoked', grantId })
    }
  }

  #sent(batch: NumberedBatch): number {
    const id = this.#nextId++
    this.#say({ op: 'sent', id, batch })
    return id
  }

  /** In one write, before anything else is done. */
  #say(line: WorkLine): void {
    writeSync(this.#sayTo, `${JSON.stringify(line)}\n`)
  }
}

const home = await openWorkHome(scenario as Scenario, folder, Number(unixMs))
const keeper = home.reopen()
const other = scenario === 'paired' ? (await otherHome()).reopen() : undefined
const sayTo = sayFile === '-' ? 1 : openSync(sayFile, 'a')
const work = new Work(home, keeper, other, seeded(Number(seed)), sayTo)
for (let n = 0; n < Number(steps); n++) await work.step()
work.end()
