/** What must hold once every device that is left is on, within reach, and has had time (docs/spec/simulator.md). */
import { decompress } from '../../src/agent/keeper/stored-payload.ts'
import { equalBytes, toHex } from '../../src/base/bytes.ts'
import type { JournalRow } from '../../src/store/journal-table.ts'
import type { StoredLog } from '../../src/store/log-table.ts'
import { subtractRuns, toRuns } from '../../src/sync/core/runs.ts'
import { mustCover } from './oracle.ts'
import type { Model } from './model.ts'
import { numbersIn } from './sim-records.ts'
import type { SimDevice, Run } from './sim-device.ts'

/** Devices, each of which counts the other as a member of its mesh, in every order. */
function mates(model: Model): readonly (readonly [SimDevice, SimDevice])[] {
  const running = model.present.filter(({ run }) => run !== undefined)
  return running.flatMap((a) => running.filter((b) => a !== b && areMates(a, b)).map((b) => [a, b] as const))
}

function areMates(a: SimDevice, b: SimDevice): boolean {
  const [x, y] = [keeperOf(a).members, keeperOf(b).members]
  const knowsBoth = ({ members }: { members: ReadonlyMap<string, unknown> }): boolean =>
    members.has(a.id) && members.has(b.id)
  return x.mesh() === y.mesh() && knowsBoth(x.current()) && knowsBoth(y.current()) && (canFind(a, b) || canFind(b, a))
}

/** Nobody announces itself here: whoever was told no address of another, and whom nobody is left to tell, never finds it. */
function canFind(a: SimDevice, b: SimDevice): boolean {
  const { said, hinted } = keeperOf(a).addresses.toTry(b.id)
  return said.length > 0 || hinted.some((addresses) => addresses.length > 0)
}

function keeperOf({ run }: SimDevice): Run['keeper'] {
  return (run as Run).keeper
}

/** A fresh difference is empty, and every reader has exactly what stands open to it. */
export function convergenceProblems(model: Model): readonly string[] {
  return mates(model).flatMap(([owner, reader]) => [
    ...membersGap(owner, reader),
    ...(isEitherForked(model, owner, reader)
      ? forkGap(model, owner, reader)
      : [...consentGap(owner, reader), ...recordGap(model, owner, reader)]),
  ])
}

/** Of two devices one of which was put back, each may hold what the other says it never wrote: then they share nothing more. */
function isEitherForked({ watcher: { forked } }: Model, a: SimDevice, b: SimDevice): boolean {
  return forked.has(a) || forked.has(b)
}

/** A reader that holds one of two histories and is offered the other has noticed. */
function forkGap(model: Model, owner: SimDevice, reader: SimDevice): readonly string[] {
  if (model.hasNoticedFork(reader, owner)) return []
  const [ours, theirs] = [keeperOf(owner).store, keeperOf(reader).store]
  return keeperOf(owner)
    .serving.rowsFor(reader.id)
    .flatMap((row) => {
      const [log, held] = [ours.logs.find(row), theirs.logs.find(row)]
      const segments = held === undefined ? [] : [...theirs.segments.downFrom(held.rowId, row)]
      const other = segments.filter(({ seq, segmentId }) => {
        const own = log && ours.segments.link(log.rowId, seq)?.segmentId
        return own === undefined || !equalBytes(own, segmentId)
      })
      return other.map(
        ({ seq }) => `${reader.name} holds another segment ${seq} than ${owner.name} offers, and says nothing`,
      )
    })
}

function membersGap(a: SimDevice, b: SimDevice): readonly string[] {
  const same = toHex(keeperOf(a).members.digest()) === toHex(keeperOf(b).members.digest())
  return same ? [] : [`${a.name} and ${b.name} know different members`]
}

function consentGap(owner: SimDevice, reader: SimDevice): readonly string[] {
  const between = (device: SimDevice): string =>
    keeperOf(device)
      .consents.records()
      .filter(({ grant }) => grant.owner === owner.id && grant.recipient === reader.id)
      .map(({ grant, revokedBy }) => `${grant.opId} ${revokedBy?.opId}`)
      .sort()
      .join()
  return between(owner) === between(reader) ? [] : [`consent of ${owner.name} for ${reader.name} differs`]
}

function recordGap(model: Model, owner: SimDevice, reader: SimDevice): readonly string[] {
  const isInStep = hasAllOffered(owner, reader) && (endsByTime(model, owner, reader) || haveOneDigest(owner, reader))
  return [...(isInStep ? [] : [`${reader.name} is not in step with ${owner.name}`]), ...missing(model, owner, reader)]
}

function hasAllOffered(owner: SimDevice, reader: SimDevice): boolean {
  const { logs, segments } = keeperOf(reader).store
  return keeperOf(owner)
    .serving.rowsFor(reader.id)
    .every((row) => {
      const log = logs.find(row)
      return log !== undefined && subtractRuns(toRuns([row]), segments.runs(log.rowId)).length === 0
    })
}

/** What two devices think of a grant's end is each one's own if a clock was set; it costs them an exchange of heads. */
function endsByTime({ oracle }: Model, owner: SimDevice, reader: SimDevice): boolean {
  return oracle.open(owner, reader).some(({ untilUnixMs }) => untilUnixMs !== undefined)
}

function haveOneDigest(owner: SimDevice, reader: SimDevice): boolean {
  const [offered, held] = [keeperOf(owner).serving.digestFor(reader.id), keeperOf(reader).receiving.digestOf(owner.id)]
  return equalBytes(offered, held)
}

/** Records that a grant opens, as the person understood it, and that the reader does not have. */
function missing(model: Model, owner: SimDevice, reader: SimDevice): readonly string[] {
  const { ownerClock, consents } = keeperOf(owner)
  const nowUnixMs = ownerClock.now()
  const standing = new Set(
    consents.records().flatMap(({ grant, revokedBy }) => (revokedBy === undefined ? [grant.purpose] : [])),
  )
  const grants = model.oracle
    .open(owner, reader)
    .filter(
      ({ purpose, untilUnixMs }) => standing.has(purpose) && (untilUnixMs === undefined || nowUnixMs < untilUnixMs),
    )
  if (grants.length === 0) return []
  const held = model.watcher.heldBy(reader)
  return model.oracle.records
    .filter(
      (record) => record.isAcknowledged && grants.some((grant) => mustCover(grant, record)) && !held.has(record.number),
    )
    .map(({ number }) => `${reader.name} lacks record ${number} of ${owner.name}`)
}

/** A removal is never undone by gossip: who is a member was taken in above every removal by somebody never removed. */
export function membershipProblems(model: Model): readonly string[] {
  return model.present.flatMap((device) => {
    if (device.run === undefined) return []
    const { members } = keeperOf(device)
    const current = members.current()
    // A device that was removed serves nobody and is served by nobody.
    const stray = keeperOf(device)
      .consents.records()
      .filter(({ grant, revokedBy }) => grant.owner === device.id && revokedBy === undefined)
      .filter(({ grant }) => !current.members.has(grant.recipient) || !current.members.has(device.id))
    return stray.map(({ grant }) => `${device.name} still has a grant for ${grant.recipient.slice(0, 8)}, no member`)
  })
}

/** What was acknowledged is at its owner, once. */
export function lossProblems(model: Model): readonly string[] {
  return model.present.flatMap((device) => {
    if (device.run === undefined || model.watcher.forked.has(device)) return []
    const stored = new Map<number, number>()
    for (const number of storedBy(device)) stored.set(number, (stored.get(number) ?? 0) + 1)
    return model.oracle.records
      .filter(({ owner }) => owner === device)
      .flatMap(({ number, isAcknowledged }) => {
        const times = stored.get(number) ?? 0
        if (times > 1) return [`${device.name} stored record ${number} ${times} times`]
        return isAcknowledged && times === 0 ? [`${device.name} lost record ${number}`] : []
      })
  })
}

function* storedBy(device: SimDevice): Generator<number> {
  const { store, sealer } = keeperOf(device)
  for (const log of [...device.disk.tableAt('log').values()] as StoredLog[]) {
    if (!log.own) continue
    for (const segment of store.segments.downFrom(log.rowId, { from: 0, to: Number.MAX_SAFE_INTEGER })) {
      const opened = sealer.open(log, segment, store.packs.read(segment) as Uint8Array)
      if (opened.ok) yield* numbersIn(decompress(opened.body))
    }
  }
  for (const { payload } of device.disk.tableAt('journal').values() as IterableIterator<JournalRow>)
    yield* numbersIn(payload)
}

/** Timers of one device that runs, with a session to every other: a few for each, and a few for itself. */
const MAX_TIMERS_OF_SESSION = 4
const MAX_TIMERS_OF_DEVICE = 12

/** Nothing piles up: deliveries, timers, connections. */
export function restProblems({ world, present }: Model): readonly string[] {
  const running = present.filter(({ run }) => run !== undefined).length
  const most = running * (MAX_TIMERS_OF_DEVICE + running * MAX_TIMERS_OF_SESSION)
  const { waiting } = world.clock
  return [
    ...(world.hub.pending > 0 ? [`${world.hub.pending} deliveries are pending`] : []),
    ...(waiting > most ? [`${waiting} timers wait, of ${running} devices`] : []),
  ]
}
