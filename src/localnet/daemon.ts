/** The shared local network of a user: one detached process per data folder, started when first needed, stopped when
 *  nobody has held a lease for a while. This file is the client side and imports nothing heavy. */

import { spawn } from 'node:child_process'
import { type FileHandle, mkdir, open, readFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { sleep } from '../base/abort.ts'
import { FloeError } from '../base/errors.ts'
import { callControl, type HeldLease, openLease } from './control-client.ts'
import { type DaemonRecord, daemonLogPath, networkDir, readDaemonRecord, removeDaemonRecord } from './daemon-file.ts'
import { LocalnetMismatchError, LocalnetStartError } from './errors.ts'
import { lockHolder } from './folder-lock.ts'
import type { LocalNetworkInfo } from './info.ts'

export interface DaemonOptions {
  /** Floe's data folder; the network lives in `localnet/` under it. */
  dataDir: string
  signal?: AbortSignal
}

export interface EnsureOptions extends DaemonOptions {
  /** Shape of a new network; refused if one of another shape exists. */
  nodes?: number
  shards?: number
  /** Keep it running when the last lease is gone, until `stopLocalNetwork`. */
  stay?: boolean
  /** How long it lives without a lease, when this call starts it (default 60,000). */
  idleMs?: number
}

export interface LocalNetworkLease extends AsyncDisposable {
  readonly info: LocalNetworkInfo
  /** Ends the lease; the network then stops by itself after its idle time. */
  release(): Promise<void>
}

const DEFAULT_IDLE_MS = 60_000
/** A first start compiles nothing but runs genesis; on a busy machine that takes some seconds. */
const START_TIMEOUT_MS = 120_000
const STOP_TIMEOUT_MS = 15_000
const POLL_MS = 40
const LOG_TAIL_BYTES = 2000
const MAX_LOG_BYTES = 1024 * 1024
// Built programs hold .js files; the compiler rewrites import specifiers but not this.
const ENTRY = import.meta.url.endsWith('.ts')
  ? new URL('./daemon-main.ts', import.meta.url)
  : new URL('./daemon-main.js', import.meta.url)

/** Finds or starts the network and takes a lease, which also ends with this process.
 *  @throws {LocalnetStartError} LOCALNET_START with the path of its log
 *  @throws {LocalnetMismatchError} LOCALNET_MISMATCH */
export async function ensureLocalNetwork(options: EnsureOptions): Promise<LocalNetworkLease> {
  const dir = networkDir(options.dataDir)
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const deadline = performance.now() + START_TIMEOUT_MS
  let started: StartedProcess | undefined
  for (;;) {
    const found = await findRunning(dir)
    if (found) {
      // A second process that came too late must not outlive this call: if the network is reset, it would find no lock.
      if (started && started.pid !== found.record.pid) await started.exited
      return acceptLease(found, options)
    }
    if (started?.failure) throw await startError(started.failure, dir)
    // Whoever holds the lock without answering is starting or ending: wait for that.
    if (!started && (await lockHolder(dir)) === undefined) started = await startProcess(dir, options)
    else if (started?.gone) started = undefined
    if (performance.now() > deadline) throw await startError(`no answer in ${START_TIMEOUT_MS / 1000} s`, dir)
    await sleep(POLL_MS, options.signal)
  }
}

interface Running {
  record: DaemonRecord
  lease: HeldLease
}

/** A lease on the network of that folder, if one is running. */
async function findRunning(dir: string): Promise<Running | undefined> {
  const record = await readDaemonRecord(dir)
  if (!record || (await lockHolder(dir)) !== record.pid) return undefined
  try {
    return { record, lease: await openLease(record) }
  } catch {
    // It ended between the two: the caller looks again.
    return undefined
  }
}

async function acceptLease({ record, lease }: Running, options: EnsureOptions): Promise<LocalNetworkLease> {
  const { info } = lease
  try {
    if (options.nodes !== undefined && options.nodes !== info.nodes.length)
      throw new LocalnetMismatchError('nodes', options.nodes, info.nodes.length)
    if (options.shards !== undefined && options.shards !== info.shardCount)
      throw new LocalnetMismatchError('shards', options.shards, info.shardCount)
    if (options.stay) await callControl(record, 'POST', '/stay')
  } catch (error) {
    await lease.release()
    throw error
  }
  const release = () => lease.release()
  return { info, release, [Symbol.asyncDispose]: release }
}

interface StartedProcess {
  pid?: number
  exited: Promise<void>
  /** Why it ended before it served; undefined while it may still come. */
  failure?: string | FloeError
  /** It found that another process is the one. */
  gone?: boolean
}

/** Of V8, for a process that is a network. What slivers are read into is garbage at once; of a large young heap it is seen
 *  only when all of the heap is looked at, which takes an eighth of the processor time that nodes need for a large push. */
export const NETWORK_FLAGS: readonly string[] = ['--max-semi-space-size=2']

async function startProcess(dir: string, options: EnsureOptions): Promise<StartedProcess> {
  const settings = {
    dir,
    nodes: options.nodes,
    shards: options.shards,
    stay: options.stay ?? false,
    idleMs: options.idleMs ?? DEFAULT_IDLE_MS,
  }
  const log = await openLog(daemonLogPath(dir))
  const exit = Promise.withResolvers<void>()
  const started: StartedProcess = { exited: exit.promise }
  try {
    const child = spawn(process.execPath, [...NETWORK_FLAGS, fileURLToPath(ENTRY), JSON.stringify(settings)], {
      // Its own session: neither the terminal's signals nor its end reach it, and it holds no workspace folder.
      detached: true,
      cwd: dir,
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
      // Nothing of the caller's environment, which may hold keys; Windows adds what it cannot do without.
      env: {},
      windowsHide: true,
    })
    child.on('message', (message: { failure?: { kind: string; code: string } & Record<string, unknown> }) => {
      const { failure } = message
      if (failure?.code === 'LOCALNET_LOCKED') started.gone = true
      else if (failure) started.failure = plainError(failure)
    })
    started.pid = child.pid
    child.on('error', (error) => {
      started.failure ??= error.message
      exit.resolve()
    })
    child.on('exit', (code, signal) => {
      exit.resolve()
      if (!started.gone) started.failure ??= `its process ended with ${signal ?? code}`
    })
    child.unref()
    child.channel?.unref()
  } finally {
    await log.close()
  }
  return started
}

/** Appended to, because several may try to start at once; begun anew when it has grown. */
async function openLog(path: string): Promise<FileHandle> {
  const log = await open(path, 'a', 0o600)
  if ((await log.stat()).size > MAX_LOG_BYTES) await log.truncate()
  return log
}

function plainError({ kind, code, message, data, hints }: Record<string, unknown>): FloeError {
  return new FloeError(kind as 'other', String(code), String(message), {
    data: data as Record<string, unknown>,
    hints: hints as string[],
  })
}

async function startError(reason: string | FloeError, dir: string): Promise<FloeError> {
  if (reason instanceof FloeError) return reason
  const logPath = daemonLogPath(dir)
  const log = await readFile(logPath, 'utf8').catch(() => '')
  return new LocalnetStartError(`${reason} ${log.slice(-LOG_TAIL_BYTES)}`.trim(), logPath)
}

/** Undefined if it is not running. */
export async function statusLocalNetwork({ dataDir }: DaemonOptions): Promise<LocalNetworkInfo | undefined> {
  const dir = networkDir(dataDir)
  const record = await readDaemonRecord(dir)
  if (!record || (await lockHolder(dir)) !== record.pid) return undefined
  try {
    return (await callControl(record, 'GET', '/info')) as LocalNetworkInfo
  } catch (error) {
    if ((await lockHolder(dir)) === undefined) return undefined
    throw error
  }
}

/** Stops it at once and waits until it is gone.
 *  @returns false if it was not running */
export async function stopLocalNetwork({ dataDir, signal }: DaemonOptions): Promise<boolean> {
  const dir = networkDir(dataDir)
  const pid = await lockHolder(dir)
  if (pid === undefined) return false
  const record = await readDaemonRecord(dir)
  if (record?.pid === pid) await callControl(record, 'POST', '/stop').catch(() => {})
  // One that is just starting has no control server yet; a signal ends it as well.
  else signalProcess(pid, 'SIGTERM')
  const deadline = performance.now() + STOP_TIMEOUT_MS
  while ((await lockHolder(dir)) === pid) {
    if (performance.now() > deadline) signalProcess(pid, 'SIGKILL')
    await sleep(POLL_MS, signal)
  }
  await removeDaemonRecord(dir)
  return true
}

/** The process may have ended meanwhile, which is what was wanted. */
function signalProcess(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Stops it and deletes its state. */
export async function resetLocalNetwork(options: DaemonOptions): Promise<void> {
  await stopLocalNetwork(options)
  await rm(networkDir(options.dataDir), { recursive: true, force: true, maxRetries: 3 })
}

export type ControlCommand =
  | { $kind: 'stop-node' | 'start-node'; node: number }
  | { $kind: 'corrupt-node'; node: number; blobId?: string }
  | { $kind: 'advance-epoch'; rotate?: boolean }

/** Fault controls of the running network.
 *  @returns its state afterwards
 *  @throws {LocalnetControlError} LOCALNET_CONTROL, also if it is not running */
export async function controlLocalNetwork(
  { dataDir }: DaemonOptions,
  command: ControlCommand,
): Promise<LocalNetworkInfo> {
  const record = await readDaemonRecord(networkDir(dataDir))
  if (!record) throw new LocalnetStartError('it is not running', daemonLogPath(networkDir(dataDir)))
  const answer = (await callControl(record, 'POST', commandPath(command))) as { info: LocalNetworkInfo }
  return answer.info
}

function commandPath(command: ControlCommand): string {
  switch (command.$kind) {
    case 'stop-node':
      return `/nodes/${command.node}/stop`
    case 'start-node':
      return `/nodes/${command.node}/start`
    case 'corrupt-node':
      return `/nodes/${command.node}/corrupt${command.blobId ? `?blobId=${command.blobId}` : ''}`
    case 'advance-epoch':
      return `/epoch${command.rotate ? '?rotate=true' : ''}`
  }
}
