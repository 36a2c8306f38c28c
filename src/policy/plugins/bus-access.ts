/**
 * Who may say and hear what on the bus. A module that the owner added may everything but speak for the agent; a plugin only
 * what its approved manifest names. Pure, never throws. Rules: docs/spec/plugins.md.
 */
import { isAgentTopic, type PluginManifest } from '../../model/plugin.ts'

/** A module of the owner's own has no manifest. */
export type Speaker = Pick<PluginManifest, 'name' | 'publish' | 'subscribe'> | undefined

export type BusAccessCode =
  /** The topic is the agent's own. */
  | 'TOPIC_RESERVED'
  /** The manifest does not name it. */
  | 'TOPIC_NOT_DECLARED'
export type BusAccess = { readonly allow: true } | { readonly allow: false; readonly code: BusAccessCode }

const ALLOW: BusAccess = { allow: true }

export function decidePublish(speaker: Speaker, topic: string): BusAccess {
  if (isAgentTopic(topic)) return { allow: false, code: 'TOPIC_RESERVED' }
  return speaker === undefined ? ALLOW : declared(speaker.publish, topic)
}

/**
 * What is delivered begins with the prefix subscribed to, and that with an allowed one: so all of it is allowed. Answers to
 * its own requests a plugin may always hear.
 */
export function decideSubscribe(speaker: Speaker, prefix: string): BusAccess {
  return speaker === undefined ? ALLOW : declared([...speaker.subscribe, `reply/${speaker.name}/`], prefix)
}

function declared(prefixes: readonly string[], text: string): BusAccess {
  return prefixes.some((prefix) => text.startsWith(prefix)) ? ALLOW : { allow: false, code: 'TOPIC_NOT_DECLARED' }
}
