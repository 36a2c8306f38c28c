/** Makes a module's keys: the record the agent keeps and the credential the module gets. Neither belongs in a log. */
import { curveKeyPair } from 'zeromq'
import { MODULE_NAME } from '../model/lane.ts'
import { CREDENTIAL_VERSION, isLocalEndpoint, isZ85Key, type ModuleCredential } from '../wire/bus-credential.ts'
import { BusError, type ModuleRecord } from './bus-ports.ts'

/** @throws {BusError} `BUS_RECORD_INVALID` if the name is no module name or the endpoint is not on this device. */
export function createModuleCredential(
  name: string,
  endpoint: string,
): { readonly record: ModuleRecord; readonly credential: ModuleCredential } {
  const server = curveKeyPair()
  const client = curveKeyPair()
  const record: ModuleRecord = {
    name,
    serverPublicKey: server.publicKey,
    serverSecretKey: server.secretKey,
    clientPublicKey: client.publicKey,
    endpoint,
  }
  checkRecord(record)
  return {
    record,
    credential: {
      v: CREDENTIAL_VERSION,
      module: name,
      endpoint,
      serverPublicKey: server.publicKey,
      publicKey: client.publicKey,
      secretKey: client.secretKey,
    },
  }
}

/** @throws {BusError} `BUS_RECORD_INVALID`, naming the field. */
export function checkRecord(record: ModuleRecord): void {
  const { name, endpoint } = record
  const keys = ['serverPublicKey', 'serverSecretKey', 'clientPublicKey'] as const
  const badKey = keys.find((key) => !isZ85Key(record[key]))
  const isEndpointBad = endpoint !== undefined && !isLocalEndpoint(endpoint)
  const field = MODULE_NAME.test(name) ? (badKey ?? (isEndpointBad ? 'endpoint' : undefined)) : 'name'
  if (field !== undefined) {
    throw new BusError('BUS_RECORD_INVALID', `module record: ${field} is not valid`, { details: { field } })
  }
}
