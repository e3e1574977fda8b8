#!/usr/bin/env node
/** Entry point. Imports nothing before the runtime is known to be new enough, so that an old one gets one clear line. */

const OLDEST = [22, 15] as const
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(`Error: floe needs Node ${OLDEST.join('.')} or newer; this is Node ${process.versions.node}\n`)
  process.exitCode = 2
} else {
  const { main } = await import('./main.ts')
  process.exitCode = await main(process.argv.slice(2))
}
