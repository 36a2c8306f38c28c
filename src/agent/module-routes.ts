/** Routes of modules: who may use the bus, and what they are to record. docs/spec/bus.md, docs/spec/recording.md. */
import {
  isRecordingLevel,
  isSampleRatio,
  MAX_RECORDING_RULES,
  RECORDING_LEVELS,
  type RecordingRule,
} from '../model/recording.ts'
import type { ModuleRecord } from '../bus/bus-ports.ts'
import type { Bus } from '../bus/bus.ts'
import { ruleWords, setRule, withoutRule } from '../policy/recording-rules.ts'
import { isTopicPrefix, MAX_TOPIC_CHARS } from '../wire/bus-envelope.ts'
import type { AgentState } from './agent-state.ts'
import { jsonBody, type HttpRequest, type Route } from './http-server.ts'
import type { KeeperClient } from './keeper-client.ts'
import { ModuleError, type ModuleRegistry } from './module-registry.ts'
import type { PluginDesk } from './plugins/plugin-desk.ts'
import { bad, optionalText, textField } from './read-fields.ts'

export interface ModuleRouteDeps {
  readonly state: Pick<AgentState, 'modules' | 'module'>
  readonly registry: ModuleRegistry
  readonly plugins: Pick<PluginDesk, 'remove'>
  readonly keeper: Pick<KeeperClient, 'call' | 'view'>
  readonly bus: Pick<Bus, 'addModule' | 'removeModule' | 'setRecording'>
  readonly isOnline: boolean
}

const MAX_NAME_BYTES = 128

export function moduleRoutes(deps: ModuleRouteDeps): readonly Route[] {
  const { state, registry, plugins, keeper, bus, isOnline } = deps
  return [
    route('GET', '/v1/modules', () => ({ json: { modules: state.modules() } })),
    route('POST', '/v1/modules', async (request) => {
      const name = textField(jsonBody(request), 'module', MAX_NAME_BYTES)
      const record = await registry.add(name, (kept) => keeper.call('addModule', name, kept))
      await keeper.call('audit', moduleEvent('module.added', name, keeper))
      if (isOnline) await bus.addModule(record)
      return { json: { module: name, credential: registry.credentialFile(name) } }
    }),
    route('GET', '/v1/modules/:module', ({ params }) => ({ json: state.module(nameOf(params)) })),
    route('DELETE', '/v1/modules/:module', async ({ params }) => {
      const name = nameOf(params)
      if (registry.get(name)?.plugin !== undefined) {
        await plugins.remove(name) // a plugin is a module, too; what was approved ends by its own event
        return { json: { module: name } }
      }
      await registry.remove(name, () => keeper.call('removeModule', name))
      await keeper.call('audit', moduleEvent('module.removed', name, keeper))
      if (isOnline) await bus.removeModule(name)
      return { json: { module: name } }
    }),
    route('POST', '/v1/modules/:module/recording', async (request) => {
      const rule = ruleField(request)
      await changeRecording(deps, nameOf(request.params), rule.topic, (rules) => setRule(rules, rule))
      return { json: state.module(nameOf(request.params)) }
    }),
    route('DELETE', '/v1/modules/:module/recording', async ({ params, query }) => {
      const topic = query.get('topic') ?? undefined
      await changeRecording(deps, nameOf(params), topic, (rules) => withoutRule(rules, topic))
      return { json: state.module(nameOf(params)) }
    }),
  ]
}

/** @param topic whose rule is changed; undefined for all. @throws {ModuleError} `MODULE_UNKNOWN`, `MODULE_TOO_MANY_RULES` */
async function changeRecording(
  { registry, keeper, bus, isOnline }: ModuleRouteDeps,
  name: string,
  topic: string | undefined,
  changed: (rules: readonly RecordingRule[]) => readonly RecordingRule[] | undefined,
): Promise<void> {
  let [from, to] = ['', '']
  const change = (known: ModuleRecord): ModuleRecord => {
    const before = known.recording ?? []
    const recording = changed(before)
    if (recording === undefined) {
      throw new ModuleError('MODULE_TOO_MANY_RULES', `a module has at most ${MAX_RECORDING_RULES} rules`)
    }
    ;[from, to] = [ruleWords(before, topic), ruleWords(recording, topic)]
    return from === to ? known : { ...known, recording }
  }
  const keep = (kept: ModuleRecord): Promise<void> => {
    const event = moduleEvent('module.changed', name, keeper)
    const payload = { ...event.payload, ...(topic !== undefined && { topic }), from, to }
    return keeper.call('changeModule', name, kept, { ...event, payload })
  }
  const kept = await registry.change(name, change, keep)
  if (isOnline) bus.setRecording(kept)
}

function ruleField(request: HttpRequest): RecordingRule {
  const fields = jsonBody(request)
  const topic = optionalText(fields, 'topic', MAX_TOPIC_CHARS) ?? ''
  if (!isTopicPrefix(topic)) throw bad('topic', 'is how a topic begins: letters, digits and _ - . /')
  const { level = null, sample = null } = fields
  if (level === null && sample === null) throw bad('level', 'or sample is given')
  if (level !== null && !isRecordingLevel(level)) throw bad('level', `is one of ${RECORDING_LEVELS.join(', ')}`)
  if (sample !== null && !isSampleRatio(sample)) throw bad('sample', 'is a number from 0 to 1')
  return { topic, ...(level !== null && { level }), ...(sample !== null && { sample }) }
}

function moduleEvent(
  type: 'module.added' | 'module.removed' | 'module.changed',
  name: string,
  keeper: Pick<KeeperClient, 'view'>,
) {
  return {
    type,
    outcome: 'success' as const,
    actor: { kind: 'user' as const, ref: keeper.view().self.deviceId },
    object: { kind: 'module' as const, ref: name },
    payload: { module: name },
  }
}

function nameOf(params: Readonly<Record<string, string>>): string {
  return params['module'] as string
}

function route(method: Route['method'], path: string, handle: Route['handle']): Route {
  return { method, path, capability: 'cli', handle }
}
