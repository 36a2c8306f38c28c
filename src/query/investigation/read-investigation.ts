/**
 * What an investigation says now, from the entries of all devices that let us see theirs (docs/spec/documents.md). Pure. The
 * same entries in any order, any of them again, give the same answer.
 *
 * Who wrote what is who sealed it: an entry names no author. A note is its author's alone; of what all share, an entry stands
 * until a later one of anybody takes its place.
 */
import type { DeviceId, SpanId } from '../../model/ids.ts'
import type { Change, Entry, EntryId, Status } from '../../model/investigation.ts'
import type { Evidence } from '../trace-source.ts'

/** An entry, and what is proven of it. */
export interface AuthoredEntry extends Entry {
  readonly deviceId: DeviceId
  readonly evidence: Evidence
}

export interface Investigation {
  /** The newest of those that stand; undefined where none is here. */
  readonly status: Standing<Status> | undefined
  /** Others that were set at the same time by devices that were apart. */
  readonly besideStatus: readonly Standing<Status>[]
  /** By time. */
  readonly notes: readonly Standing<string>[]
  /** By text. */
  readonly labels: readonly Standing<string>[]
  /** By id. */
  readonly pinned: readonly Standing<SpanId>[]
  readonly hidden: readonly Standing<SpanId>[]
  /** Everything that was ever said, by time. */
  readonly entries: readonly AuthoredEntry[]
}

/** A value that stands, and the entry that says so. */
export interface Standing<T> {
  readonly value: T
  readonly by: AuthoredEntry
}

export function readInvestigation(all: Iterable<AuthoredEntry>): Investigation {
  const entries = distinct(all)
  const standing = standingOf(entries)
  const [status, ...besideStatus] = statusesOf(standing)
  return {
    status,
    besideStatus,
    notes: values(standing, ofNote),
    labels: onePerValue(values(standing, ofLabel)),
    pinned: onePerValue(values(standing, ofSpan('pin'))),
    hidden: onePerValue(values(standing, ofSpan('hide'))),
    entries,
  }
}

/** Entries that stand about the same thing: what a new one about it takes the place of. @param author whose it would be */
export function standingAbout(all: Iterable<AuthoredEntry>, change: Change, author: DeviceId): readonly EntryId[] {
  const place = placeOf(change, author)
  const found = standingOf(distinct(all)).filter((entry) => placeOf(entry.change, entry.deviceId) === place)
  return found.map(({ id }) => id)
}

/**
 * Each once, by time. Of equal ones the best proven counts. Two different ones under one id are both kept: they are their
 * author's words both.
 */
function distinct(all: Iterable<AuthoredEntry>): readonly AuthoredEntry[] {
  const byContent = new Map<string, AuthoredEntry>()
  for (const entry of all) {
    const { deviceId, id, atUnixMs, change, over } = entry
    const name = JSON.stringify([deviceId, id, atUnixMs, fieldsOf(change), [...over].sort()])
    const known = byContent.get(name)
    if (known === undefined || EVIDENCE_RANK[entry.evidence] < EVIDENCE_RANK[known.evidence]) {
      byContent.set(name, entry)
    }
  }
  return [...byContent].sort(([a, one], [b, other]) => compareTimes(one, other) || compareText(a, b)).map(([, e]) => e)
}

/** Those that no other entry about the same thing takes the place of. */
function standingOf(entries: readonly AuthoredEntry[]): readonly AuthoredEntry[] {
  const replaced = new Set<string>()
  for (const entry of entries) {
    const place = placeOf(entry.change, entry.deviceId)
    for (const id of entry.over) if (id !== entry.id) replaced.add(`${place} ${id}`)
  }
  return entries.filter((entry) => !replaced.has(`${placeOf(entry.change, entry.deviceId)} ${entry.id}`))
}

/** What an entry is about. Notes are apart for each author: nobody takes the place of another's. */
function placeOf(change: Change, author: DeviceId): string {
  switch (change.about) {
    case 'note':
      return `note ${author}`
    case 'status':
      return 'status'
    case 'label':
      return `label ${JSON.stringify(change.label)}`
    case 'pin':
    case 'hide':
      return `${change.about} ${change.spanId}`
  }
}

/** In one order, whatever order they were made in. */
function fieldsOf(change: Change): readonly unknown[] {
  switch (change.about) {
    case 'note':
      return [change.about, change.text]
    case 'status':
      return [change.about, change.status]
    case 'label':
      return [change.about, change.label, change.isSet]
    case 'pin':
    case 'hide':
      return [change.about, change.spanId, change.isSet]
  }
}

function values<T>(
  entries: readonly AuthoredEntry[],
  valueOf: (change: Change) => T | undefined,
): readonly Standing<T>[] {
  return entries.flatMap((by) => {
    const value = valueOf(by.change)
    return value === undefined ? [] : [{ value, by }]
  })
}

function ofStatus(change: Change): Status | undefined {
  return change.about === 'status' ? change.status : undefined
}

/** Undefined for one that its author took back. */
function ofNote(change: Change): string | undefined {
  return change.about === 'note' ? (change.text ?? undefined) : undefined
}

function ofLabel(change: Change): string | undefined {
  return change.about === 'label' && change.isSet ? change.label : undefined
}

function ofSpan(about: 'pin' | 'hide'): (change: Change) => SpanId | undefined {
  return (change) => (change.about === about && change.isSet ? change.spanId : undefined)
}

/** Several devices may have set the same: the first of them is named. */
function onePerValue<T extends string>(found: readonly Standing<T>[]): readonly Standing<T>[] {
  const first = new Map<T, Standing<T>>()
  for (const each of found) if (!first.has(each.value)) first.set(each.value, each)
  return [...first.values()].sort((a, b) => compareText(a.value, b.value))
}

/**
 * The newest first. That somebody opened it, which each device that is apart does for itself, says nothing against what another
 * one has set since.
 */
function statusesOf(standing: readonly AuthoredEntry[]): readonly Standing<Status>[] {
  const found = values(standing, ofStatus)
  const set = found.filter(({ value, by }) => value !== 'open' || by.over.length > 0)
  return set.length > 0 ? set.toReversed() : found.slice(0, 1)
}

function compareTimes(a: AuthoredEntry, b: AuthoredEntry): number {
  return a.atUnixMs - b.atUnixMs
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const EVIDENCE_RANK: Readonly<Record<Evidence, number>> = { verified: 0, unverified: 1, tampered: 2 }
