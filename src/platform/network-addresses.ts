/** Addresses of this device's interfaces, without those that lead nowhere else. */
import { networkInterfaces } from 'node:os'

export function networkAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flat()
    .flatMap((each) => (each === undefined || each.internal ? [] : [each.address]))
}
