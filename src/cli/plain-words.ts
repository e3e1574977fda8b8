/** The commands that are typed most, as they are mostly typed: told from their words alone, so that neither the parser of
 *  all commands nor their table need be loaded. What is not as plain as this, the parser sees. It imports nothing:
 *  `bin.ts` needs it first. */

export interface PlainWords {
  verb: PlainVerb
  globals: { json?: boolean; quiet?: boolean }
  args: string[]
  options: Record<string, boolean>
}

interface Plain {
  /** As the command declares them. */
  flags: Readonly<Record<string, readonly [option: string, value: boolean]>>
  defaults?: Readonly<Record<string, boolean>>
  fewest: number
  most: number
}

const VERBS = {
  status: { flags: { '-s': ['short', true], '--short': ['short', true] }, fewest: 0, most: Number.POSITIVE_INFINITY },
  diff: {
    flags: {
      '--staged': ['staged', true],
      '--cached': ['cached', true],
      '--name-status': ['nameStatus', true],
      '--stat': ['stat', true],
      '--name-only': ['nameOnly', true],
      '--no-renames': ['renames', false],
    },
    defaults: { renames: true },
    fewest: 0,
    most: 2,
  },
  switch: {
    flags: {
      '-c': ['create', true],
      '--create': ['create', true],
      '-d': ['detach', true],
      '--detach': ['detach', true],
      '-f': ['force', true],
      '--force': ['force', true],
    },
    fewest: 1,
    most: 1,
  },
} as const satisfies Record<string, Plain>

export type PlainVerb = keyof typeof VERBS

const GLOBALS: Readonly<Record<string, 'json' | 'quiet'>> = { '--json': 'json', '-q': 'quiet', '--quiet': 'quiet' }

/** Undefined if anything in them needs the parser. */
export function plainWords([verb = '', ...words]: readonly string[]): PlainWords | undefined {
  if (!Object.hasOwn(VERBS, verb)) return undefined
  const { flags, defaults, fewest, most }: Plain = VERBS[verb as PlainVerb]
  const plain: PlainWords = { verb: verb as PlainVerb, globals: {}, args: [], options: { ...defaults } }
  for (const word of words) {
    if (!word.startsWith('-')) plain.args.push(word)
    else if (Object.hasOwn(flags, word)) {
      const [option, value] = flags[word]!
      plain.options[option] = value
    } else if (Object.hasOwn(GLOBALS, word)) plain.globals[GLOBALS[word]!] = true
    else return undefined
  }
  return plain.args.length >= fewest && plain.args.length <= most ? plain : undefined
}
