/**
 * Everything the agent ever tells a person: for each id its category, its one severity, a sentence of plain words, and at
 * most one thing to do about it. Pure. Rules: docs/spec/notifications.md.
 *
 * A sentence names devices, modules and numbers, never an id, a code or a stack. Ids are stable: they are stored and published.
 */
import { safeText } from '../../base/safe-text.ts'
import type { Stage } from '../../model/stage.ts'
import { readableName } from './readable-name.ts'

export const CATEGORIES = ['agent', 'devices', 'storage', 'security', 'modules', 'plugins', 'errors'] as const
export type Category = (typeof CATEGORIES)[number]

/** `info`: good to know. `warning`: something needs looking after. `alert`: somebody may be doing harm; never waits. */
export type NotificationSeverity = 'info' | 'warning' | 'alert'

/** Longest text of a module, in characters. */
export const MAX_MESSAGE_CHARS = 140
/** Longest name of a device or a module in a sentence, in characters. */
export const MAX_NAME_CHARS = 40

export const START_FAILURES = ['passphrase', 'keys', 'records'] as const
/** What kept the agent from starting. */
export type StartFailure = (typeof START_FAILURES)[number]

type None = Readonly<Record<string, never>>

/** What each id is told with. Devices by their names, modules by those of their credentials. */
export interface ArgsOf {
  readonly 'agent.recovered': None
  readonly 'stage.changed': { readonly stage: Stage }
  readonly 'device.joined': { readonly device: string }
  readonly 'device.left': { readonly device: string }
  readonly 'device.removed': { readonly device: string; readonly by: string }
  readonly 'device.removed-here': { readonly by: string }
  /** `of`: what is limited, in plain words, such as `logs`. */
  readonly 'storage.nearly-full': { readonly of: string; readonly percent: number }
  readonly 'storage.full': None
  readonly 'storage.freed': None
  readonly 'storage.damaged': { readonly device: string }
  readonly 'storage.unreadable': None
  readonly 'security.module-refused': { readonly module: string }
  readonly 'security.pairing-refused': None
  /** `device`: as it called itself; nobody has proven that it is called so. */
  readonly 'security.codes-differ': { readonly device: string }
  readonly 'security.start-failed': { readonly count: number; readonly why: StartFailure }
  readonly 'security.altered': { readonly device: string }
  readonly 'security.two-histories': { readonly device: string }
  readonly 'security.put-back': None
  readonly 'security.not-verified': None
  readonly 'plugin.refused': { readonly plugin: string }
  readonly 'error.returned': { readonly module: string }
  readonly 'module.message': { readonly module: string; readonly text: string }
}
export type NotificationId = keyof ArgsOf
export type NotificationArgs = Readonly<Record<string, string | number>>

interface Kind<Args> {
  readonly category: Category
  readonly severity: NotificationSeverity
  readonly sentence: (args: Args) => string
  /** Plain words, or one command. */
  readonly action?: string
}

const START_FAILURE_WORDS: Readonly<Record<StartFailure, string>> = {
  passphrase: 'the passphrase was wrong',
  keys: 'its keys could not be read',
  records: 'what it keeps could not be read',
}

const CATALOGUE: { readonly [Id in NotificationId]: Kind<ArgsOf[Id]> } = {
  'agent.recovered': {
    category: 'agent',
    severity: 'info',
    sentence: () => 'AICO restarted after a problem.',
  },
  'stage.changed': {
    category: 'agent',
    severity: 'info',
    sentence: ({ stage }) => `This device is now at the ${stage} stage.`,
    action: 'aico-mesh stage',
  },
  'device.joined': {
    category: 'devices',
    severity: 'info',
    sentence: ({ device }) => `${device} joined your devices.`,
    action: 'aico-mesh devices list',
  },
  'device.left': {
    category: 'devices',
    severity: 'info',
    sentence: ({ device }) => `${device} left your devices.`,
  },
  'device.removed': {
    category: 'devices',
    severity: 'info',
    sentence: ({ device, by }) => `${device} was removed from your devices by ${by}.`,
  },
  'device.removed-here': {
    category: 'devices',
    severity: 'warning',
    sentence: ({ by }) => `This device was removed from your devices by ${by}.`,
    action: 'aico-mesh devices list',
  },
  'storage.nearly-full': {
    category: 'storage',
    severity: 'warning',
    sentence: ({ of, percent }) => `Storage for ${of} is ${percent} % full; the oldest will make room for the newest.`,
    action: 'aico-mesh store retention',
  },
  'storage.full': {
    category: 'storage',
    severity: 'warning',
    sentence: () => 'The disk is full: nothing new is kept until it has room.',
    action: 'Make room on this disk; the rest goes on by itself.',
  },
  'storage.freed': {
    category: 'storage',
    severity: 'info',
    sentence: () => 'The disk has room again: what is new is kept.',
  },
  'storage.damaged': {
    category: 'storage',
    severity: 'warning',
    sentence: ({ device }) => `Some of what ${device} recorded can no longer be read here: the disk altered it.`,
    action: 'Look after this disk: it may be failing.',
  },
  'storage.unreadable': {
    category: 'storage',
    severity: 'warning',
    sentence: () => 'A file of AICO on this device is damaged.',
    action: 'aico-mesh status',
  },
  'security.module-refused': {
    category: 'security',
    severity: 'alert',
    sentence: ({ module }) => `A program that is not ${module} tried to pass for it and was turned away.`,
    action: 'aico-mesh modules list',
  },
  'security.pairing-refused': {
    category: 'security',
    severity: 'alert',
    sentence: () => 'A device tried to join your devices and was turned away.',
    action: 'aico-mesh devices list',
  },
  'security.codes-differ': {
    category: 'security',
    severity: 'alert',
    sentence: ({ device }) =>
      `This device and ${device} showed different pictures: somebody may have stood in between. Nothing was shared.`,
    action: 'Pair them on another network, or with a ticket: aico-mesh pair invite',
  },
  'security.start-failed': {
    category: 'security',
    severity: 'warning',
    sentence: ({ count, why }) =>
      `AICO could not start ${count === 1 ? 'once' : `${count} times`} before: ${START_FAILURE_WORDS[why]}.`,
    action: 'If that was not you, look who can use this device.',
  },
  'security.altered': {
    category: 'security',
    severity: 'alert',
    sentence: ({ device }) => `Something that came from ${device} was forged or altered; it was not taken.`,
    action: 'Look after that device; to stop sharing with it: aico-mesh devices remove',
  },
  'security.two-histories': {
    category: 'security',
    severity: 'alert',
    sentence: ({ device }) => `${device} tells two different histories: it was put back to an older state, or copied.`,
    action: 'aico-mesh devices list',
  },
  'security.put-back': {
    category: 'security',
    severity: 'alert',
    sentence: () => 'What AICO keeps here was put back to an older state, or a part of it is gone.',
    action: 'aico-mesh status',
  },
  'security.not-verified': {
    category: 'security',
    severity: 'alert',
    sentence: () => 'The record of what happened on this device was altered.',
    action: 'aico-mesh audit verify',
  },
  'plugin.refused': {
    category: 'plugins',
    severity: 'warning',
    sentence: ({ plugin }) => `${plugin} keeps trying what you did not allow; it is turned away each time.`,
    action: 'aico-mesh plugins list',
  },
  'error.returned': {
    category: 'errors',
    severity: 'warning',
    sentence: ({ module }) => `A problem of ${module} that was solved has come back.`,
    action: 'aico-mesh errors',
  },
  'module.message': {
    category: 'modules',
    severity: 'info',
    sentence: ({ module, text }) => `${module}: ${text}`,
  },
}
export const NOTIFICATION_IDS = Object.keys(CATALOGUE) as readonly NotificationId[]

export function isNotificationId(text: string): text is NotificationId {
  return Object.hasOwn(CATALOGUE, text)
}

export function isCategory(value: unknown): value is Category {
  return CATEGORIES.includes(value as Category)
}

export function categoryOf(id: NotificationId): Category {
  return CATALOGUE[id].category
}

export function severityOf(id: NotificationId): NotificationSeverity {
  return CATALOGUE[id].severity
}

export function actionOf(id: NotificationId): string | undefined {
  return CATALOGUE[id].action
}

/** @param args made by {@link plainArgs} for this id */
export function sentenceOf(id: NotificationId, args: NotificationArgs): string {
  return (CATALOGUE[id].sentence as (args: NotificationArgs) => string)(args)
}

/** Arguments as they may stand in a sentence: on one line, of bounded length, modules as a person names them. */
export function plainArgs(args: ArgsOf[NotificationId]): NotificationArgs {
  const plain = Object.entries(args as NotificationArgs).map(([name, value]) => [name, plainArg(name, value)] as const)
  return Object.fromEntries(plain)
}

function plainArg(name: string, value: string | number): string | number {
  if (typeof value === 'number') return Math.max(0, Math.floor(value))
  if (name === 'text') return cut(safeText(value), MAX_MESSAGE_CHARS)
  const isModule = name === 'module' || name === 'plugin'
  return cut(safeText(isModule ? readableName(value) : value), MAX_NAME_CHARS)
}

/** By characters as a person counts them, nearly: never through the middle of one. */
function cut(text: string, mostChars: number): string {
  const characters = Array.from(text)
  return characters.length <= mostChars ? text : `${characters.slice(0, mostChars - 1).join('')}…`
}
