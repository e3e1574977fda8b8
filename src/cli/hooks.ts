/** Programs of the user's own that are asked before a commit or a push: `.floe/hooks/pre-commit`, `.floe/hooks/pre-push`.
 *
 *  What is in `.floe` never comes from a repository: no version can hold such a path, and a link that leads out of
 *  `.floe/hooks` is refused, so that pulling cannot change what runs. No shell is involved, secrets are taken out of the
 *  environment, and what a hook prints goes to stderr, because stdout is the command's result.
 *
 *  `pre-commit` gets no arguments. `pre-push` gets the name of the remote, and the refs if some were named; on standard input
 *  it gets the lines that git gives: `<local ref> <local id> <remote ref> <remote id>`. The last is where the remote was
 *  when it was last heard of, or zeros. */

import { spawn } from 'node:child_process'
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { CancelledError, FloeError } from '../base/errors.ts'
import { getConfig } from '../repo/config.ts'
import type { Workspace } from '../store/workspace.ts'
import { duration } from './arguments.ts'
import type { Context } from './context.ts'

export type HookName = 'pre-commit' | 'pre-push'

/** Setting with how long a hook may take. */
export const HOOK_TIMEOUT_KEY = 'hooks.timeout'
export const DEFAULT_HOOK_TIMEOUT = '10 minutes'
/** Between being asked to end and being ended. */
const GRACE_MS = 2_000
/** Of what a hook prints; the rest is swallowed. */
const MAX_OUTPUT_CHARS = 1 << 20
/** Never handed to a hook. */
const SECRETS = new Set(['FLOE_KEY'])

class HookError extends FloeError {
  override name = 'HookError'
  constructor(hook: HookName, reason: string, code = 'HOOK_REFUSED', cause?: unknown) {
    const verb = hook.slice('pre-'.length)
    super('other', code, `${hook} ${reason}`, {
      data: { hook },
      hints: [`it is .floe/hooks/${hook}; \`floe ${verb} --no-verify\` goes without it`],
      cause,
    })
  }
}

export interface HookInput {
  args?: readonly string[]
  /** What it reads from standard input. */
  stdin?: string
}

/** Runs the hook if there is one, in the root of the workspace.
 *  @throws {FloeError} HOOK_REFUSED, HOOK_FAILED, HOOK_TIMEOUT (exit 1) */
export async function runHook(
  context: Context,
  workspace: Workspace,
  hook: HookName,
  input: HookInput = {},
): Promise<void> {
  const path = join(workspace.floeDir, 'hooks', hook)
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (!stat) return
  if (!stat.isFile() || !lstatSync(join(workspace.floeDir, 'hooks')).isDirectory())
    throw new HookError(hook, 'is no file of its own', 'HOOK_FAILED')
  if (process.platform !== 'win32' && (stat.mode & 0o111) === 0) {
    context.output.warn(`${hook} is not executable, so it was not run: chmod +x .floe/hooks/${hook}`)
    return
  }
  const timeout = (await getConfig(workspace, HOOK_TIMEOUT_KEY)) ?? DEFAULT_HOOK_TIMEOUT
  await run(context, workspace.root, path, hook, input, duration(timeout, HOOK_TIMEOUT_KEY))
}

async function run(
  context: Context,
  cwd: string,
  path: string,
  hook: HookName,
  { args = [], stdin }: HookInput,
  timeoutMs: number,
): Promise<void> {
  const env = Object.fromEntries(Object.entries(context.env).filter(([name]) => !SECRETS.has(name)))
  // A group of its own, so that what the hook has started ends with it.
  const child = spawn(path, [...args], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  // It need not read it.
  child.stdin.on('error', () => {})
  child.stdin.end(stdin)
  let shown = 0
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      shown += text.length
      if (shown <= MAX_OUTPUT_CHARS) for (const line of text.replace(/\n$/, '').split('\n')) context.output.status(line)
    })
  let ended: 'timeout' | 'cancelled' | undefined
  const kill = (signal: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal)
    } catch {
      // It ended by itself in the meantime.
    }
  }
  const end = (why: 'timeout' | 'cancelled') => {
    ended ??= why
    kill('SIGTERM')
    timers.push(setTimeout(() => kill('SIGKILL'), GRACE_MS))
  }
  const timers = [setTimeout(() => end('timeout'), timeoutMs)]
  const onAbort = () => end('cancelled')
  if (context.signal.aborted) onAbort()
  context.signal.addEventListener('abort', onAbort)
  try {
    const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
      child.once('error', reject)
      // Not `close`: something the hook left running may hold its output open.
      child.once('exit', (exitCode, killedBy) => resolve({ code: exitCode, signal: killedBy }))
    })
    // What it printed last may come a turn later.
    await new Promise((resolve) => setImmediate(resolve))
    if (ended === 'cancelled') throw new CancelledError()
    if (ended === 'timeout') throw new HookError(hook, `took longer than ${timeoutMs / 1000} s`, 'HOOK_TIMEOUT')
    if (code !== 0)
      throw new HookError(hook, code === null ? `was ended by ${signal}` : `said no (it ended with ${code})`)
  } catch (error) {
    if (error instanceof FloeError) throw error
    throw new HookError(hook, 'cannot be run', 'HOOK_FAILED', error)
  } finally {
    for (const timer of timers) clearTimeout(timer)
    context.signal.removeEventListener('abort', onAbort)
    child.stdout.destroy()
    child.stderr.destroy()
  }
}
