/** Parses argv, runs one command, prints its result, and gives the exit status. */

import { resolve } from 'node:path'
import { Command, CommanderError } from 'commander'
import { CancelledError, UsageError } from '../base/errors.ts'
import { expandAliases } from './aliases.ts'
import type { Result } from './command.ts'
import type { Context } from './context.ts'
import { headingOf } from './help-groups.ts'
import { floeHome } from './home.ts'
import { asFloeError, createOutput, type Output, printError, type Streams } from './output.ts'
import { EXIT_HELP, REGISTRY, type Registry, type VerbEntry } from './registry.ts'
import { floeVersion } from './version.ts'

export interface World {
  streams?: Streams
  env?: Readonly<Record<string, string | undefined>>
  cwd?: string
}

interface GlobalOptions {
  json?: boolean
  quiet?: boolean
  C?: string
}

/** @returns the exit status; never throws */
export async function main(argv: readonly string[], world: World = {}): Promise<number> {
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
  let output = createOutput(streams, { json: argv.includes('--json'), quiet: false, env })
  try {
    const homeDir = floeHome(env)
    const words = await expandAliases(argv, { cwd: directoryOf(argv, world), homeDir }, (word) =>
      Object.hasOwn(REGISTRY, word),
    )
    const program = await createProgram(words, streams, async (entry, command, args, options) => {
      const globals = command.optsWithGlobals<GlobalOptions>()
      output = createOutput(streams, { json: Boolean(globals.json), quiet: Boolean(globals.quiet), env })
      const spec = await entry.load()
      const context = createContext(resolve(world.cwd ?? process.cwd(), globals.C ?? '.'), output, cancel.signal, env)
      return printResult(await spec.run(context, args, options), output)
    })
    return await program()
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    return printError(asFloeError(error), output, Boolean(env.FLOE_DEBUG))
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

/** The directory that `-C` names, before anything is parsed. */
function directoryOf(argv: readonly string[], world: World): string {
  const at = argv.indexOf('-C')
  return resolve(world.cwd ?? process.cwd(), at < 0 ? '.' : (argv[at + 1] ?? '.'))
}

type Run = (entry: VerbEntry, command: Command, args: string[], options: Record<string, unknown>) => Promise<number>

/** Only the command that was typed is loaded: `floe status` must not pay for `floe push`. */
async function createProgram(argv: readonly string[], streams: Streams, run: Run): Promise<() => Promise<number>> {
  let exitCode = 0
  const program = new Command('floe')
    .description('Git-like versioning for AI datasets and model checkpoints, on Walrus and Sui')
    .version(floeVersion(), '-V, --version', 'print the version')
    .option('-C <dir>', 'run as if started in this directory')
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'Error: ')),
    })
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpText('after', EXIT_HELP)
  addGlobalOptions(program)

  const addEntries = async (parent: Command, entries: Registry, words: readonly string[]) => {
    for (const [name, entry] of Object.entries(entries)) {
      const command = addGlobalOptions(parent.command(name, { hidden: entry.hidden ?? false })).description(
        entry.summary,
      )
      if (parent === program) command.helpGroup(headingOf(name))
      const typed = name === words[0]
      if ('children' in entry) {
        if (typed) await addEntries(command.helpCommand(false), entry.children, words.slice(1))
        continue
      }
      if (typed) (await entry.load()).define(command)
      command.action(async (...received: unknown[]) => {
        exitCode = await run(entry, command, command.args, received.at(-2) as Record<string, unknown>)
      })
    }
  }
  // Only help and guesses at what was meant name the others.
  const [verb = ''] = argv
  const chosen = Object.hasOwn(REGISTRY, verb) ? { [verb]: REGISTRY[verb]! } : REGISTRY
  await addEntries(program, chosen, typedWords(argv))
  return async () => {
    if (argv.length === 0) {
      program.outputHelp()
      return 0
    }
    await program.parseAsync([...argv], { from: 'user' })
    return exitCode
  }
}

function addGlobalOptions(command: Command): Command {
  return command
    .option('--json', 'print exactly one JSON object on stdout')
    .option('-q, --quiet', 'print no progress and no hints')
}

/** Of a verb's name: `localnet epoch next`. */
const MOST_WORDS = 3

/** The words that are neither options nor the value of `-C`: the verb, with the nouns before it. */
function typedWords(argv: readonly string[]): string[] {
  const words: string[] = []
  for (let i = 0; i < argv.length && words.length < MOST_WORDS; i++) {
    if (argv[i] === '-C') i++
    else if (!argv[i]!.startsWith('-')) words.push(argv[i]!)
  }
  return words
}

function createContext(cwd: string, output: Output, signal: AbortSignal, env: Context['env']): Context {
  const interactive = Boolean(process.stdin.isTTY) && Boolean(output.streams.stderr.isTTY) && !output.json && !env.CI
  return {
    cwd,
    homeDir: floeHome(env),
    output,
    signal,
    interactive,
    secretKey: env.FLOE_KEY,
    env,
    async ask(question, missing) {
      if (!interactive)
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

function printResult(result: Result, output: Output): number {
  const exitCode = result.exitCode ?? 0
  const undo = result.undo && result.undo.length > 0 ? { undo: result.undo } : {}
  if (output.json)
    output.streams.stdout.write(`${JSON.stringify({ ok: exitCode === 0, ...result.data, ...undo }, jsonSafe)}\n`)
  for (const line of result.lines ?? []) output.result(line)
  for (const hint of result.hints ?? []) output.hint(hint)
  if (undo.undo) output.hint(`undo with ${undo.undo.map((line) => `\`${line}\``).join(', then ')}`)
  return exitCode
}

function jsonSafe(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Map) return Object.fromEntries(value)
  return value
}
