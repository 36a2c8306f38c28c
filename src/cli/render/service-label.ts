/** What to call a service: by its own name, and by its module where that is another. */

const OTLP_PREFIX = 'otlp/'

export function serviceLabel({
  module,
  service,
}: {
  readonly module: string
  readonly service: string | null
}): string {
  if (service === null || module === service) return module
  return module.startsWith(OTLP_PREFIX) ? service : `${module}/${service}`
}
