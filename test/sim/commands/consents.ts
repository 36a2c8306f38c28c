/** Grants given and taken back. Nobody waits for the end of either, so that they overlap with all else. */
import type { Lane } from '../../../src/model/lane.ts'
import type { AskedGrant } from '../oracle.ts'
import type { Model } from '../model.ts'
import type { Run } from '../sim-device.ts'
import type { Choice, Command } from './command.ts'

export const CONSENT_COMMANDS: readonly Command[] = [
  { name: 'grant', weight: 8, run: grant },
  { name: 'revoke', weight: 5, run: revoke },
  { name: 'revoke all', weight: 1, run: revokeAll },
]

const LANES: readonly (readonly Lane[])[] = [['traces'], ['traces', 'logs'], ['logs']]
const MINUTE_MS = 60_000

async function grant(model: Model, { a, b, n }: Choice): Promise<void> {
  const { run } = a
  if (run === undefined) return model.note(`${a.name} is off`)
  const nowUnixMs = model.oracle.timeOf(a, run.keeper.ownerClock.now())
  const asked = model.oracle.ask({
    owner: a,
    reader: b,
    lanes: LANES[n % 3] as readonly Lane[],
    modules: (n >> 2) % 4 === 0 ? ['ear'] : undefined,
    sinceUnixMs: [0, 0, nowUnixMs, nowUnixMs + MINUTE_MS][(n >> 4) % 4] as number,
    untilUnixMs: (n >> 6) % 4 === 0 ? nowUnixMs + (1 + ((n >> 8) % 20)) * MINUTE_MS : undefined,
  })
  const { lanes, modules, sinceUnixMs, untilUnixMs, purpose } = asked
  const given = run.ask(({ consents }) =>
    consents.grant({ recipient: b.id, may: 'see', lanes, modules, sinceUnixMs, untilUnixMs, purpose }),
  )
  given.catch(() => model.oracle.refused(asked))
  model.noteOutcome(await model.world.outcome(given).then((outcome) => (outcome === 'open' ? {} : outcome)))
}

/** Of a grant that stands for sure or may stand. */
async function revoke(model: Model, { a, n }: Choice): Promise<void> {
  const { run } = a
  const open = model.oracle.open(a)
  const asked = open[n % Math.max(1, open.length)]
  if (run === undefined || asked === undefined) return model.note('nothing to revoke')
  const record = run.keeper.consents.records().find(({ grant: { purpose } }) => purpose === asked.purpose)
  if (record === undefined) return model.note('it was never given')
  const ended = run.ask(({ consents }) => consents.revoke(record.grant.grantId))
  await endWhenDone(model, run, ended, [asked])
}

async function revokeAll(model: Model, { a, b }: Choice): Promise<void> {
  const { run } = a
  if (run === undefined) return model.note(`${a.name} is off`)
  const standing = new Set(run.keeper.consents.standingTo(b.id).map(({ purpose }) => purpose))
  const asked = model.oracle.open(a, b).filter(({ purpose }) => standing.has(purpose))
  await endWhenDone(
    model,
    run,
    run.ask(({ consents }) => consents.revokeAllTo(b.id)),
    asked,
  )
}

/** From the answer on nothing new may be opened. */
async function endWhenDone(
  model: Model,
  run: Run,
  ended: Promise<unknown>,
  grants: readonly AskedGrant[],
): Promise<void> {
  ended.then(
    () => {
      if (run.isAlive) for (const each of grants) model.oracle.ended(each)
    },
    () => undefined,
  )
  const outcome = await model.world.outcome(ended)
  if (outcome !== 'open') model.noteOutcome(outcome)
}
