/** `doctor`: looks at a workspace and the machine, and says what to do about what it finds. Reads only. */

import { statfs } from 'node:fs/promises'
import { FloeError } from '../base/errors.ts'
import { readCommit } from '../history/commits.ts'
import type { Commit } from '../objects/commit.ts'
import { fileSystemNow } from '../store/stat-cache.ts'
import type { Workspace } from '../store/workspace.ts'
import { checkKeys, checkRemoteNetwork } from './doctor-network.ts'
import { heldChanges } from './held-check.ts'
import { readOperation } from './operation.ts'
import { adviceOn, damagedRefs } from './ref-repair.ts'
import type { RemoteOptions } from './remote-options.ts'
import { verifyLocal } from './verify-local.ts'
import { localFiles } from './versions.ts'

export interface Finding {
  check:
    | 'runtime'
    | 'refs'
    | 'workspace'
    | 'in-place'
    | 'operation'
    | 'lock'
    | 'disk'
    | 'clock'
    | 'keys'
    | 'author'
    | 'network'
  state: 'ok' | 'warning' | 'problem'
  detail: string
  /** What to do about it. */
  advice: string | null
}

export interface DoctorOptions {
  /** Floe's data directory, with the keys. */
  homeDir: string
  /** Name that commits will have, if one was chosen. */
  author?: string | undefined
  signal?: AbortSignal | undefined
  /** Network of the workspace's remote, and how to reach it. None: no network is asked. */
  remote?: { network: string | null; options: RemoteOptions } | undefined
}

const LOW_BYTES = 2 * 2 ** 30
const LOW_SHARE = 0.02
const MAX_SKEW_MS = 5000
const OLDEST_NODE = [22, 15] as const

export async function doctor(workspace: Workspace, options: DoctorOptions): Promise<Finding[]> {
  const refs = await checkRefs(workspace)
  // What else there is to say of versions begins with refs.
  const versions =
    refs.length > 0
      ? refs
      : [await checkWorkspace(workspace, options.signal), ...(await checkInPlace(workspace)), checkOperation(workspace)]
  return [
    checkRuntime(),
    ...versions,
    checkLock(workspace),
    await checkDisk(workspace),
    await checkClock(workspace),
    checkAuthor(options.author),
    await checkKeys(options.homeDir, options.remote?.network ?? null),
    ...(options.remote ? await checkRemoteNetwork(options.remote.network, options.remote.options) : []),
  ]
}

function finding(
  check: Finding['check'],
  state: Finding['state'],
  detail: string,
  advice: string | null = null,
): Finding {
  return { check, state, detail, advice }
}

function checkRuntime(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])
  const detail = `Node ${process.versions.node} on ${process.platform} ${process.arch}`
  return isOld
    ? finding('runtime', 'problem', detail, `install Node ${OLDEST_NODE.join('.')} or newer`)
    : finding('runtime', 'ok', detail)
}

async function checkRefs(workspace: Workspace): Promise<Finding[]> {
  const { damage, branches } = await damagedRefs(workspace)
  return damage.map((ref) =>
    finding('refs', 'problem', `${ref.name} is damaged: ${ref.reason}`, adviceOn(ref, branches)),
  )
}

async function checkWorkspace(workspace: Workspace, signal: AbortSignal | undefined): Promise<Finding> {
  try {
    const { packs, objects, commits, absent } = await verifyLocal(workspace, { signal })
    const lazy = absent > 0 ? `, ${absent} objects not fetched` : ''
    return finding(
      'workspace',
      'ok',
      `${objects} objects in ${packs} packs, ${commits} ${commits === 1 ? 'commit' : 'commits'}${lazy}`,
    )
  } catch (error) {
    if (!(error instanceof FloeError) || error.kind === 'cancelled') throw error
    return finding(
      'workspace',
      'problem',
      error.message,
      error.hints[0] ?? '`floe fsck --full` lists all that is damaged or missing',
    )
  }
}

async function checkInPlace(workspace: Workspace): Promise<Finding[]> {
  const lists = await workspace.store.held.lists()
  const [damaged] = await workspace.store.held.damaged()
  if (damaged)
    return [
      finding(
        'in-place',
        'problem',
        `a list of what files hold is damaged: ${damaged.reason}`,
        '`floe fsck --repair` sets it aside',
      ),
    ]
  if (lists.length === 0) return []
  const { changes } = await heldChanges(workspace, localFiles(workspace))
  const [first] = changes
  if (!first) return [finding('in-place', 'ok', `${lists.length} files hold contents of versions themselves`)]
  const others = changes.length > 1 ? ` and ${changes.length - 1} more` : ''
  return [
    finding(
      'in-place',
      'warning',
      `${first.path}${others} changed since it was committed in place: that version cannot be restored from here unless pushed`,
      'put the file back, or bring the version from the remote with `floe fsck --repair`',
    ),
  ]
}

function checkOperation(workspace: Workspace): Finding {
  try {
    const operation = readOperation(workspace)
    if (!operation) return finding('operation', 'ok', 'nothing is in progress')
    const { kind, conflicts } = operation
    const open = conflicts.filter(({ resolved }) => resolved === null).length
    return finding(
      'operation',
      'warning',
      `a ${kind} is in progress, ${open} conflicts are open`,
      `\`floe ${kind} --continue\` or \`floe ${kind} --abort\``,
    )
  } catch (error) {
    if (!(error instanceof FloeError)) throw error
    return finding('operation', 'problem', error.message, error.hints[0] ?? null)
  }
}

function checkLock(workspace: Workspace): Finding {
  const path = `${workspace.floeDir}/lock`
  if (!workspace.fs.stat(path)) return finding('lock', 'ok', 'no command is writing')
  return finding(
    'lock',
    'warning',
    'a command is writing, or was killed while it did',
    'a killed one needs nothing: the next command takes its lock',
  )
}

async function checkDisk(workspace: Workspace): Promise<Finding> {
  const { bavail, blocks, bsize } = await statfs(workspace.root || '/')
  const free = bavail * bsize
  const detail = `${(free / 2 ** 30).toFixed(1)} GiB free`
  if (free > LOW_BYTES && bavail > LOW_SHARE * blocks) return finding('disk', 'ok', detail)
  return finding('disk', 'warning', detail, '`floe gc --dry-run` says what can go')
}

async function checkClock(workspace: Workspace): Promise<Finding> {
  const now = workspace.clock.now()
  const disk = Number(fileSystemNow(workspace.fs, workspace.tmpDir) / 1_000_000n)
  if (disk !== 0 && Math.abs(disk - now) > MAX_SKEW_MS)
    return finding(
      'clock',
      'warning',
      `the file system's clock is ${Math.round((disk - now) / 1000)} s off`,
      'set the clocks of this machine and its file server',
    )
  const made = await currentCommit(workspace)
  if (made && made.timeMs > now + MAX_SKEW_MS)
    return finding(
      'clock',
      'warning',
      'the current version says it is from the future',
      'set the clock of this machine, or of the one that made it',
    )
  return finding('clock', 'ok', new Date(now).toISOString())
}

/** Null where there is none, or it cannot be read, of which other checks tell. */
async function currentCommit({ refs, store }: Workspace): Promise<Commit | null> {
  try {
    const head = refs.headCommit()
    return head && (await readCommit(store.read, head))
  } catch (error) {
    if (error instanceof FloeError && error.kind !== 'cancelled') return null
    throw error
  }
}

function checkAuthor(name: string | undefined): Finding {
  if (name) return finding('author', 'ok', name)
  return finding(
    'author',
    'warning',
    'no author is set; the name of the account is used',
    '`floe config set user.name "Your Name"`',
  )
}
