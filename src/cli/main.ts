/** Parses argv, runs one command, prints its result, and gives the exit status. */

import { Command, CommanderError } from 'commander'
import { expandAliases, firstWord } from './aliases.ts'
import { argumentError, isHelpInstead } from './argument-errors.ts'
import { withConfigVerb } from './config-words.ts'
import { withHelpOption, withoutVainHelp } from './git-words.ts'
import { headingOf } from './help-groups.ts'
import { floeHome } from './home.ts'
import type { Streams } from './output.ts'
import { EXIT_HELP, REGISTRY, type Registry, type VerbEntry } from './registry.ts'
import { asksForJson, directoryFor, type GlobalOptions, inSession, type World } from './session.ts'
import { floeVersion } from './version.ts'

/** @returns the exit status; never throws */
export async function main(argv: readonly string[], world: World = {}): Promise<number> {
  return inSession(argv, world, async (session) => {
    const homeDir = floeHome(session.env)
    const isCommand = (word: string) => Object.hasOwn(REGISTRY, word)
    const place = { cwd: () => directoryOf(argv, world), homeDir }
    const typed = await expandAliases(withHelpOption(argv), place, isCommand)
    const words = withConfigVerb(withoutVainHelp(typed, isCommand))
    session.read(words)
    try {
      const program = await createProgram(words, session.streams, async (entry, command, args, options) =>
        session.run(await entry.load(), command.optsWithGlobals<GlobalOptions>(), args, options),
      )
      return await program()
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error
      if (error.exitCode === 0) return 0
      if (isHelpInstead(error) && !asksForJson(words)) return 2
      throw argumentError(error, typedWords(words))
    }
  })
}

/** The directory that `-C` names, before anything is parsed. */
function directoryOf(argv: readonly string[], world: World): string {
  // After the verb it is an option of that: `switch -C`.
  const at = argv.slice(0, firstWord(argv)).indexOf('-C')
  return directoryFor(world, at < 0 ? undefined : argv[at + 1])
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
      // With --json the one object says it.
      writeErr: (text) => void (asksForJson(argv) || streams.stderr.write(text)),
      // What is wrong is thrown, too.
      outputError: () => {},
    })
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpText('after', EXIT_HELP)
  addGlobalOptions(program)

  const addEntries = async (parent: Command, entries: Registry, words: readonly string[], fallback?: string) => {
    for (const [name, entry] of Object.entries(entries)) {
      const { summary, hidden = false } = entry
      const isDefault = name === fallback
      const command = addGlobalOptions(parent.command(name, { hidden, isDefault })).description(summary)
      if ('children' in entry && entry.help) command.addHelpText('after', `\n${entry.help}`)
      if (parent === program) command.helpGroup(headingOf(name))
      const typed = name === words[0]
      if ('children' in entry) {
        // `stash -m pop` names no verb, and `stash popp` has tried to.
        const next = argv.slice(firstWord(argv) + 1).find((word) => !GLOBAL_FLAGS.has(word)) ?? ''
        const fallback = /^[^-]/.test(next) ? undefined : entry.fallback
        if (typed) await addEntries(command.helpCommand(false), entry.children, words.slice(1), fallback)
        continue
      }
      if (typed || isDefault) (await entry.load()).define(command)
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

/** The flags of these, as typed. */
const GLOBAL_FLAGS: ReadonlySet<string> = new Set(['--json', '-q', '--quiet'])

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
