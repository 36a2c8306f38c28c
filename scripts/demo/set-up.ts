/** The first half of the story: three devices, their agents, their pairing, and the modules of AICO on them. */
import type { InviteView } from '../../src/agent/http-types/device.ts'
import { Device, type DeviceDeps } from './device.ts'
import { trafficOf } from './observe.ts'
import type { Progress } from './progress.ts'
import { waitUntil } from './wait-until.ts'

export interface SetUpDeps extends DeviceDeps {
  readonly progress: Progress
}

export interface Cast {
  readonly phone: Device
  readonly laptop: Device
  readonly tablet: Device
  readonly all: readonly Device[]
}

/** Steps told here. */
export const SET_UP_STEPS = 4

/** @returns the devices, and where the phone's microphone listens */
export async function setUp(deps: SetUpDeps): Promise<{ readonly cast: Cast; readonly microphone: string }> {
  const cast = await makeDevices(deps)
  await startAgents(cast, deps)
  await pair(cast, deps)
  return { cast, microphone: await startModules(cast, deps) }
}

async function makeDevices({ progress, ...deps }: SetUpDeps): Promise<Cast> {
  const [phone, laptop, tablet] = [new Device('phone', deps), new Device('laptop', deps), new Device('tablet', deps)]
  const all = [phone, laptop, tablet]
  await progress.step('Three devices are made: a phone, a laptop, a tablet', async ({ typed, said }) => {
    await Promise.all(all.map((device) => device.run('init', '--name', device.name)))
    typed('phone', 'aico-mesh init --name phone')
    said('Each has keys and an encrypted store of its own.')
  })
  return { phone, laptop, tablet, all }
}

async function startAgents({ all }: Cast, { progress }: SetUpDeps): Promise<void> {
  await progress.step('Their agents start, each a process of its own', async ({ typed, said }) => {
    await Promise.all(
      all.map(async (device) => {
        await device.startAgent()
        await device.run('stage', 'developer', '--yes')
      }),
    )
    typed('phone', 'aico-mesh start')
    typed('phone', 'aico-mesh stage developer')
    said('There is no server. Traces are kept only because the person opted in, and no device listens to the network.')
  })
}

async function pair({ phone, laptop, tablet }: Cast, { progress, signal }: SetUpDeps): Promise<void> {
  await progress.step('The laptop invites the phone and the tablet', async ({ typed, said }) => {
    await Promise.all(
      [phone, tablet].map(async (device) => {
        const { ticket } = await laptop.run<InviteView>('pair', 'invite')
        await device.run('pair', 'join', ticket)
        typed('laptop', 'aico-mesh pair invite')
        typed(device.name, `aico-mesh pair join ${ticket.slice(0, 16)}…`)
      }),
    )
    const bothConnected = async () => (await trafficOf(laptop)).connected === 2 || undefined
    await waitUntil('the devices to connect', bothConnected, { signal })
    said('They are connected to each other, encrypted end to end. Being paired shares nothing.')
  })
}

async function startModules({ phone, laptop, tablet }: Cast, { progress }: SetUpDeps): Promise<string> {
  return progress.step("AICO's modules start on them", async ({ typed, said }) => {
    const otel = { OTEL_SERVICE_NAME: 'embodiment', OTEL_EXPORTER_OTLP_ENDPOINT: await tablet.otlpUrl() }
    const [body, hearing, core, emotion, memory] = await Promise.all([
      tablet.startModule('embodiment', otel),
      phone.addModule('hearing'),
      laptop.addModule('core'),
      laptop.addModule('emotion'),
      laptop.addModule('memory'),
    ])
    const [mind] = await Promise.all([
      laptop.startModule('core', { ...core, EMBODIMENT_URL: body }),
      laptop.startModule('emotion', emotion),
      laptop.startModule('memory', memory),
    ])
    const microphone = await phone.startModule('hearing', { ...hearing, CORE_URL: mind })
    typed('phone', 'aico-mesh modules add hearing')
    said('phone   hearing')
    said('laptop  core, emotion and memory, which talk over the encrypted bus')
    said('tablet  embodiment, a stock OpenTelemetry program that knows nothing of aico-mesh')
    return microphone
  })
}
