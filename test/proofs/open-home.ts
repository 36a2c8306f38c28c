/** The process that is killed while it brings a home up to date: opens it, and closes it. `open-home.ts VERSION NAME FOLDER` */
import { keeperHomeIn } from '../support/keeper-home.ts'
import { manualClock } from '../support/manual-clock.ts'
import { storeFixtures } from '../support/store-fixture.ts'

const [version, name, folder = ''] = process.argv.slice(2)
const fixture = (await storeFixtures()).find((each) => each.version === version && each.name === name)
if (fixture === undefined) throw new Error('no such fixture')
keeperHomeIn(folder, manualClock(fixture.atUnixMs), fixture.keys).reopen().close()
