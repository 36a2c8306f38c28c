import { describe, expect, test } from 'vitest'
import {
  decidePublish,
  decideSubscribe,
  type BusAccess,
  type Speaker,
} from '../../../../src/policy/plugins/bus-access.ts'

const plugin: Speaker = {
  name: 'weather',
  publish: ['weather/', 'mood', 'notif'],
  subscribe: ['conversation/heard', 'weather/'],
}
const OWN: Speaker = undefined
const yes: BusAccess = { allow: true }
const reserved: BusAccess = { allow: false, code: 'TOPIC_RESERVED' }
const undeclared: BusAccess = { allow: false, code: 'TOPIC_NOT_DECLARED' }

interface Row {
  readonly name: string
  readonly who: Speaker
  readonly topic: string
  readonly want: BusAccess
}

describe('who may publish', () => {
  const rows: readonly Row[] = [
    { name: "a module of the owner's own publishes anything", who: OWN, topic: 'conversation/heard', want: yes },
    { name: 'no module speaks under notifications', who: OWN, topic: 'notifications/security', want: reserved },
    { name: 'nor at the word itself', who: OWN, topic: 'notifications', want: reserved },
    { name: 'nor with a dot instead', who: OWN, topic: 'notifications.security', want: reserved },
    { name: 'nor for the agent', who: OWN, topic: 'aico-mesh/stage', want: reserved },
    { name: 'a topic that only looks alike is free', who: OWN, topic: 'notifications-of-mine/x', want: yes },
    { name: 'case tells topics apart', who: OWN, topic: 'Notifications/x', want: yes },
    { name: 'a plugin publishes what it declared', who: plugin, topic: 'weather/now', want: yes },
    { name: 'a prefix is compared by characters', who: plugin, topic: 'moody', want: yes },
    { name: 'a plugin publishes nothing else', who: plugin, topic: 'conversation/heard', want: undeclared },
    { name: 'the prefix without its slash is another topic', who: plugin, topic: 'weather', want: undeclared },
    { name: 'a short prefix does not open what is reserved', who: plugin, topic: 'notifications/x', want: reserved },
    {
      name: 'a plugin that declared nothing publishes nothing',
      who: { name: 'mute', publish: [], subscribe: [] },
      topic: 'a',
      want: undeclared,
    },
  ]
  test.each(rows)('[BU44] $name', ({ who, topic, want }) => {
    expect(decidePublish(who, topic)).toEqual(want)
  })
})

describe('who may subscribe', () => {
  const rows: readonly Row[] = [
    { name: "a module of the owner's own hears everything", who: OWN, topic: '', want: yes },
    { name: 'and notifications', who: OWN, topic: 'notifications/', want: yes },
    { name: 'a plugin hears what it declared', who: plugin, topic: 'weather/', want: yes },
    { name: 'and less than that', who: plugin, topic: 'weather/now', want: yes },
    { name: 'but nothing broader', who: plugin, topic: 'weather', want: undeclared },
    { name: 'above all not everything', who: plugin, topic: '', want: undeclared },
    { name: 'answers to its own requests it may hear', who: plugin, topic: 'reply/weather/1', want: yes },
    { name: "answers to others' it may not", who: plugin, topic: 'reply/core/1', want: undeclared },
    { name: 'nor all answers', who: plugin, topic: 'reply/', want: undeclared },
    { name: 'nor what begins otherwise', who: plugin, topic: 'conversation/', want: undeclared },
  ]
  test.each(rows)('[BU44] $name', ({ who, topic, want }) => {
    expect(decideSubscribe(who, topic)).toEqual(want)
  })
})
