/** Names for device ids, as the agent knows them now. */
import type { DeviceList } from '../../agent/http-types/device.ts'
import type { AgentClient } from '../agent-client.ts'
import { safeText } from '../render/safe-text.ts'

/** Digits that stand for a device without a name here. */
const SHORT_ID_DIGITS = 8

export async function deviceNames(client: AgentClient): Promise<(deviceId: string) => string> {
  const { devices, former } = await client.callAnyway<DeviceList>('GET', '/v1/devices')
  const names = new Map([...former, ...devices].map(({ deviceId, name }) => [deviceId, safeText(name)]))
  return (deviceId) => names.get(deviceId) ?? deviceId.slice(0, SHORT_ID_DIGITS)
}
