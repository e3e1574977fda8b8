/** The command line in a process of its own that tells its peak memory: `node measured-cli.ts FILE ARGS…` writes the peak in
 *  bytes to FILE. */

import { writeFileSync } from 'node:fs'
import { main } from '../../src/cli/main.ts'

const [, , file, ...args] = process.argv
process.exitCode = await main(args)
writeFileSync(file!, String(process.resourceUsage().maxRSS * 1024))
