/** Routes of one group of errors: it in full, and what a person decides about it. Rules: docs/spec/errors.md. */
import { ERROR_STATES, type ErrorState } from '../policy/error-state.ts'
import { jsonBody, type Route } from './http-server.ts'
import type { KeeperClient } from './keeper-client.ts'
import { bad } from './read-fields.ts'
import { timeoutOf } from './search-routes.ts'

export function errorRoutes({ keeper }: { readonly keeper: Pick<KeeperClient, 'callUntil'> }): readonly Route[] {
  const [path, capability] = ['/v1/errors/:group', 'cli'] as const
  return [
    {
      method: 'GET',
      path,
      capability,
      handle: async ({ params, query, signal }) => ({
        jsonParts: await keeper.callUntil(signal, 'errorShow', groupOf(params), { timeoutMs: timeoutOf(query) }),
      }),
    },
    {
      method: 'POST',
      path,
      capability,
      async handle(request) {
        const { params, query, signal } = request
        const state = stateField(jsonBody(request))
        const timeout = { timeoutMs: timeoutOf(query) }
        return { jsonParts: await keeper.callUntil(signal, 'setErrorState', groupOf(params), state, timeout) }
      },
    },
  ]
}

function groupOf(params: Readonly<Record<string, string>>): string {
  return params['group'] as string
}

function stateField({ state }: Readonly<Record<string, unknown>>): ErrorState {
  const known = ERROR_STATES.find((each) => each === state)
  if (known === undefined) throw bad('state', `is one of ${ERROR_STATES.join(', ')}`)
  return known
}
