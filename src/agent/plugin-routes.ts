/** Routes of plugins: what one asks for, the person's yes, switching it off, what it was refused. docs/spec/plugins.md. */
import type { Bus } from '../bus/bus.ts'
import { describePlugin } from '../policy/plugins/describe-plugin.ts'
import { refusalWords } from '../policy/plugins/refusal-codes.ts'
import type { PluginRefusal } from '../store/plugin-refusal-table.ts'
import { MAX_MANIFEST_BYTES } from '../wire/plugin-manifest.ts'
import { jsonBody, type HttpAnswer, type HttpRequest, type Route } from './http-server.ts'
import type { PluginAddedView, PluginDetailView, PluginReviewView, PluginView } from './http-types/plugins.ts'
import type { KeeperClient } from './keeper-client.ts'
import type { ModuleRegistry } from './module-registry.ts'
import type { PluginDesk, PluginRecord } from './plugins/plugin-desk.ts'
import type { PluginRefusals } from './plugins/plugin-refusals.ts'
import { textField } from './read-fields.ts'

/** Of a SHA-256 in hex. */
const HASH_BYTES = 64

export interface PluginRouteDeps {
  readonly plugins: PluginDesk
  readonly refusals: Pick<PluginRefusals, 'flush'>
  readonly registry: Pick<ModuleRegistry, 'credentialFile'>
  readonly bus: Pick<Bus, 'modules'>
  readonly keeper: Pick<KeeperClient, 'call'>
}

export function pluginRoutes(deps: PluginRouteDeps): readonly Route[] {
  const { plugins, registry } = deps
  const route = (method: Route['method'], path: string, handle: (request: HttpRequest) => Promise<HttpAnswer>): Route =>
    ({ method, path, capability: 'cli', handle }) as const
  return [
    route('GET', '/v1/plugins', async () => {
      const refused = await refusalsOf(deps)
      return { json: { plugins: plugins.list().map((record) => toView(deps, record, refused)) } }
    }),
    route('POST', '/v1/plugins/review', async (request) => {
      const { manifest, sha256, state } = plugins.review(manifestField(request))
      const may = describePlugin(manifest)
      return { json: { plugin: manifest.name, title: manifest.title, sha256, state, may } satisfies PluginReviewView }
    }),
    route('POST', '/v1/plugins', async (request) => {
      const hash = textField(jsonBody(request), 'sha256', HASH_BYTES)
      const { name, plugin } = await plugins.approve(manifestField(request), hash)
      const credential = registry.credentialFile(name)
      return { json: { plugin: name, sha256: plugin.sha256, credential } satisfies PluginAddedView }
    }),
    route('GET', '/v1/plugins/:plugin', async ({ params }) => {
      const record = plugins.get(params['plugin'] as string)
      const { manifest } = record.plugin
      const view = toView(deps, record, await refusalsOf(deps))
      return { json: { ...view, manifest, may: describePlugin(manifest) } satisfies PluginDetailView }
    }),
    ...(['disable', 'enable'] as const).map((verb) =>
      route('POST', `/v1/plugins/:plugin/${verb}`, async ({ params }) => {
        await plugins[verb](params['plugin'] as string)
        return { json: { plugin: params['plugin'] } }
      }),
    ),
    route('DELETE', '/v1/plugins/:plugin', async ({ params }) => {
      await plugins.remove(params['plugin'] as string)
      return { json: { plugin: params['plugin'] } }
    }),
  ]
}

/** A string of JSON can be six times as long as what it says; the manifest itself is measured when it is read. */
function manifestField(request: HttpRequest): string {
  return textField(jsonBody(request), 'manifest', 6 * MAX_MANIFEST_BYTES)
}

async function refusalsOf({ refusals, keeper }: PluginRouteDeps): Promise<readonly PluginRefusal[]> {
  await refusals.flush()
  return keeper.call('pluginRefusals')
}

function toView(
  { registry, bus }: PluginRouteDeps,
  record: PluginRecord,
  refusals: readonly PluginRefusal[],
): PluginView {
  const { name, plugin } = record
  return {
    plugin: name,
    title: plugin.manifest.title,
    state: plugin.isDisabled ? 'disabled' : 'enabled',
    sha256: plugin.sha256,
    approvedAt: new Date(plugin.approvedUnixMs).toISOString(),
    credential: registry.credentialFile(name),
    sessions: bus.modules().find((module) => module.name === name)?.sessions ?? 0,
    refused: refusals
      .filter((refusal) => refusal.plugin === name)
      .map(({ code, count, lastUnixMs }) => ({ code, reason: refusalWords(code), count, lastUnixMs })),
  }
}
