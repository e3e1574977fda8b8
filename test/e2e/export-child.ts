/** A process of its own that exports a version, to be killed: `node export-child.ts ADDRESS DIR OPTIONS_JSON`. */

import { exportVersion } from '../../src/repo/export-version.ts'

const [, , address, dir, options] = process.argv
await exportVersion(address!, dir!, JSON.parse(options!))
