/** One run of the command line, from streams and signals to the exit status, whoever has parsed the words. */

import { isAbsolute, resolve } from 'node:path'
import { currentDirectory } from '../base/current-directory.ts'
import { CancelledError, UsageError } from '../base/errors.ts'
import type { CommandSpec, Result } from './command.ts'
import type { Context } from './context.ts'
import { floeHome } from './home.ts'
import { asFloeError, createOutput, type Output, printError, type Streams } from './output.ts'
import { floeCommand, shellCommand } from './undo.ts'

export interface World {
  streams?: Streams
  env?: Readonly<Record<string, string | undefined>>
  cwd?: string
}

/** Options that every command has. */
export interface GlobalOptions {
  json?: boolean
  quiet?: boolean
  C?: string
}

export interface Session {
  readonly streams: Streams
  readonly env: Context['env']
  /** Takes these words for what was typed: aliases are other words. */
  read(words: readonly string[]): void
  /** Runs a command and prints what it gives.
   *  @returns the exit status */
  run(spec: CommandSpec, globals: GlobalOptions, args: string[], options: Record<string, unknown>): Promise<number>
}

/** @returns the exit status; never throws */
export async function inSession(
  argv: readonly string[],
  world: World,
  work: (session: Session) => Promise<number>,
): Promise<number> {
  const streams = world.streams ?? { stdout: process.stdout, stderr: process.stderr }
  const env = world.env ?? process.env
  const cancel = new AbortController()
  const onSignal = () => cancel.abort(new CancelledError())
  process.once('SIGINT', onSignal)
  process.once('SIGTERM', onSignal)
  // A reader that goes away (`floe log | head`) ends the program quietly, like git.
  streams.stdout.on?.('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    cancel.abort(new CancelledError())
  })
  let words = argv
  let output = createOutput(streams, { json: asksForJson(words), quiet: false, env })
  try {
    return await work({
      streams,
      env,
      read(expanded) {
        words = expanded
        output = createOutput(streams, { json: asksForJson(words), quiet: false, env })
      },
      async run(spec, globals, args, options) {
        output = createOutput(streams, { json: Boolean(globals.json), quiet: Boolean(globals.quiet), env })
        const cwd = directoryFor(world, globals.C)
        const context = createContext(cwd, output, cancel.signal, env, wordsAfterDashes(words))
        return printResult(await spec.run(context, args, options), output, globals.C)
      },
    })
  } catch (error) {
    return printError(asFloeError(error), output, Boolean(env.FLOE_DEBUG))
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

/** Known before anything is parsed, and where nothing can be. */
export function asksForJson(words: readonly string[]): boolean {
  const dashes = words.indexOf('--')
  return words.slice(0, dashes < 0 ? undefined : dashes).includes('--json')
}

/** The directory that a command runs in.
 *  @param chosen - by `-C`; an absolute one needs no other
 *  @throws {UsageError} CURRENT_FOLDER_GONE (exit 2) */
export function directoryFor(world: World, chosen = '.'): string {
  if (isAbsolute(chosen)) return resolve(chosen)
  const cwd = world.cwd ?? currentDirectory()
  if (cwd !== undefined) return resolve(cwd, chosen)
  throw new UsageError('CURRENT_FOLDER_GONE', 'the current folder is not there any more', {
    hints: ['change to another one, such as with `cd ~`, or name one with `-C`'],
  })
}

/** The parser does not tell: to it they are arguments like any other. */
function wordsAfterDashes(argv: readonly string[]): number | undefined {
  const at = argv.indexOf('--')
  return at < 0 ? undefined : argv.length - at - 1
}

function createContext(
  cwd: string,
  output: Output,
  signal: AbortSignal,
  env: Context['env'],
  afterDashes: number | undefined,
): Context {
  // Asked for late: to look at standard input takes longer than to parse the words.
  const isInteractive = () =>
    !output.json && !env.CI && Boolean(output.streams.stderr.isTTY) && Boolean(process.stdin.isTTY)
  return {
    cwd,
    homeDir: floeHome(env),
    output,
    signal,
    afterDashes,
    get interactive() {
      return isInteractive()
    },
    secretKey: env.FLOE_KEY,
    env,
    async ask(question, missing) {
      if (!isInteractive())
        throw new UsageError('ANSWER_NEEDED', missing, { hints: ['no terminal is attached, so nothing can be asked'] })
      const { createInterface } = await import('node:readline/promises')
      const lines = createInterface({ input: process.stdin, output: process.stderr })
      try {
        return (await lines.question(question, { signal })).trim()
      } finally {
        lines.close()
      }
    },
  }
}

/** @param directory - of `-C`: what is to be typed next has to be run there, too */
function printResult(result: Result, output: Output, directory: string | undefined): number {
  const exitCode = result.exitCode ?? 0
  const typed = (line: string) =>
    directory === undefined
      ? line
      : line.startsWith('floe ')
        ? line.replace('floe', () => floeCommand('-C', directory))
        : `(${shellCommand('cd', directory)} && ${line})`
  const undo = result.undo && result.undo.length > 0 ? { undo: result.undo.map(typed) } : {}
  const notUndone = result.notUndone && result.notUndone.length > 0 ? { notUndone: result.notUndone } : {}
  if (output.json) {
    const whole = { ok: exitCode === 0, ...result.data, ...undo, ...notUndone }
    output.streams.stdout.write(`${JSON.stringify(whole, jsonSafe)}\n`)
  }
  for (const line of result.lines ?? []) output.result(line)
  for (const hint of result.hints ?? []) output.hint(hint)
  if (undo.undo) output.hint(`undo with ${undo.undo.map((line) => `\`${line}\``).join(', then ')}`)
  for (const line of notUndone.notUndone ?? []) output.hint(line)
  return exitCode
}

function jsonSafe(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Map) return Object.fromEntries(value)
  return value
}
