/** The process of the shared local network. Started by `daemon.ts` only; its one argument is JSON. */

import { FloeError } from '../base/errors.ts'
import { removeDaemonRecord, writeDaemonRecord } from './daemon-file.ts'
import { type LocalNetwork, startLocalNetwork } from './network.ts'

interface Settings {
  dir: string
  nodes?: number
  shards?: number
  stay: boolean
  idleMs: number
}

const settings = JSON.parse(process.argv[2] ?? '') as Settings
let network: LocalNetwork | undefined
let idle: NodeJS.Timeout | undefined
let { stay } = settings
let ending = false

function log(message: string): void {
  process.stderr.write(`${new Date().toISOString()} ${message}\n`)
}

async function end(reason: string): Promise<void> {
  if (ending) return
  ending = true
  log(`ending: ${reason}`)
  clearTimeout(idle)
  if (network) {
    await removeDaemonRecord(settings.dir)
    await network.close()
  }
  // Whatever is left open must not keep a network alive that nobody can find any more.
  process.exit(process.exitCode ?? 0)
}

/** Ends the process after the idle time, unless a lease is taken before. */
function watchIdle(leases: number): boolean {
  clearTimeout(idle)
  if (leases === 0 && !stay) idle = setTimeout(() => void end('no lease'), settings.idleMs)
  return !ending
}

process.on('SIGTERM', () => void end('SIGTERM'))
process.on('SIGINT', () => void end('SIGINT'))
process.on('SIGHUP', () => {})

try {
  network = await startLocalNetwork({
    dir: settings.dir,
    nodes: settings.nodes,
    shards: settings.shards,
    services: true,
    onWarning: (warning) => log(`warning: ${warning.stack ?? warning.message}`),
    process: {
      leases: watchIdle,
      stay() {
        stay = true
        clearTimeout(idle)
      },
      stop: () => void end('asked to'),
    },
  })
  const { controlUrl, controlToken } = network
  await writeDaemonRecord(settings.dir, { pid: process.pid, controlUrl, token: controlToken })
  log(`serving ${network.rpcUrl}`)
  // The caller's lease comes next; without one, as if the last had just gone.
  idle = setTimeout(() => void end('nobody came'), Math.max(settings.idleMs, 10_000))
  if (stay) clearTimeout(idle)
  if (process.connected) process.disconnect()
} catch (error) {
  log(error instanceof Error ? (error.stack ?? error.message) : String(error))
  const failure =
    error instanceof FloeError
      ? error.toJSON()
      : { kind: 'internal', code: 'LOCALNET_START', message: String(error), data: {}, hints: [] }
  process.exitCode = 1
  if (process.connected) process.send?.({ failure }, () => process.exit(1))
  else process.exit(1)
}
