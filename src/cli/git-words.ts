/** What hands type that know git: what Floe takes as it is, and for what is called something else here, or is not there,
 *  what to type instead. */

import { firstWord } from './aliases.ts'

const WHOLE_FILES = '`floe add PATH` takes files as they are: none is staged in part'
const LARGE_FILES = 'files of any size are taken as they are: `floe add PATH`'
const EXCLUDED = '`floe add --dry-run PATH` says whether `.floeignore` excludes a file'
const ALL_UNTRACKED = '`floe status` lists every file that is not tracked'
const ONE_LINE = '`floe log --oneline` is short, `floe log --json` is for programs'

const WORDS: Readonly<Record<string, string>> = {
  annex: LARGE_FILES,
  annotate: '`floe log --follow PATH` lists the versions that changed a file',
  apply: '`floe bundle unbundle FILE` takes in what `floe bundle create` wrote',
  archive: '`floe pull --to DIR --ref REVISION` writes a version into a folder',
  bisect: '`floe log --oneline A..B` lists the versions between two, `floe switch --detach REVISION` goes to one',
  blame: '`floe log --follow PATH` lists the versions that changed a file',
  'cat-file': '`floe cat REVISION:PATH` writes a file, `floe show REVISION` a version',
  'check-ignore': EXCLUDED,
  checkout: '`floe switch BRANCH` changes branches (-c makes one), `floe restore PATH` brings files back',
  clean: '`floe status` lists what is not tracked; no command deletes that',
  describe: '`floe log -1` shows a version with its branches and tags',
  'diff-tree': '`floe diff A B` shows which files differ',
  'format-patch': '`floe bundle create FILE` writes versions into a file',
  lfs: LARGE_FILES,
  'ls-files': '`floe ls` lists the files of a version, `floe status` what differs from it',
  'ls-remote': '`floe remote show` lists what a remote has',
  'ls-tree': '`floe ls REVISION` lists the files of a version',
  'merge-base': '`floe diff A...B` compares from where two versions parted',
  prune: '`floe gc` deletes what nothing needs',
  'remote get-url': '`floe remote list` shows the addresses',
  'remote prune': '`floe fetch REMOTE` forgets branches that are gone there',
  'remote rm': '`floe remote remove NAME` forgets one',
  'remote update': '`floe fetch --all` asks all of them',
  repack: '`floe gc` packs small packs together',
  'rev-list': '`floe log A..B` lists versions',
  'rev-parse': '`floe log -1 --oneline REVISION` shows which version is meant',
  shortlog: '`floe log --author TEXT` lists the versions of one author',
  'show-ref': '`floe branch -a` and `floe tag` list what there is',
  worktree: '`floe clone FOLDER` makes a second workspace',
}

const OPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  add: { '-p': WHOLE_FILES, '--patch': WHOLE_FILES, '-i': WHOLE_FILES, '--interactive': WHOLE_FILES },
  commit: {
    '-i': '`floe add PATH`, then `floe commit`, takes what is staged as well',
    '--include': '`floe add PATH`, then `floe commit`, takes what is staged as well',
    '-o': '`floe commit PATH` takes these paths only',
    '--only': '`floe commit PATH` takes these paths only',
  },
  log: {
    '--format': ONE_LINE,
    '--pretty': ONE_LINE,
    '-p': '`floe log --stat` shows what each version changed, `floe diff A B` which files differ',
    '--patch': '`floe log --stat` shows what each version changed, `floe diff A B` which files differ',
  },
  pull: { '--no-rebase': '`floe pull` merges unless told to --rebase', '--no-ff': '`floe fetch`, then `floe merge`' },
  rebase: {
    '-i': '`floe reset --soft` joins versions, `floe cherry-pick` puts them in another order',
    '--interactive': '`floe reset --soft` joins versions, `floe cherry-pick` puts them in another order',
  },
  reset: {
    '--keep': '`floe stash` sets edits aside, and `floe stash pop` brings them back after the reset',
    '--merge': '`floe stash` sets edits aside, and `floe stash pop` brings them back after the reset',
  },
  status: {
    '--ignored': EXCLUDED,
    '--porcelain': '`floe status --json` is for programs, `floe status -s` is short',
    '--untracked-files': ALL_UNTRACKED,
    '-u': ALL_UNTRACKED,
    '-uall': ALL_UNTRACKED,
    '-uno': '`floe diff` shows changes of tracked files alone',
  },
  tag: {
    '-a': 'a tag is a name and has no message: `floe tag NAME`',
    '-f': 'a tag does not move: `floe tag -d NAME`, then `floe tag NAME`, unless it has been pushed',
    '-m': 'a tag is a name and has no message: `floe tag NAME`',
    '-n': 'a tag has no message: `floe show NAME` shows the version',
  },
}

/** Undefined for what is no word of git, or means the same here.
 *  @param words - the verb, and what follows it */
export function insteadOf(...words: readonly (string | undefined)[]): string | undefined {
  return found(WORDS, words.slice(0, 2).join(' ')) ?? found(WORDS, words[0])
}

/** The same for an option of a verb. */
export function insteadOfOption(verb: string | undefined, option: string): string | undefined {
  const options = found(OPTIONS, verb)
  return options && found(options, option.replace(/=.*/s, ''))
}

function found<T>(table: Readonly<Record<string, T>>, word: string | undefined): T | undefined {
  return word !== undefined && Object.hasOwn(table, word) ? table[word] : undefined
}

/** `help push` is `push --help`. */
export function withHelpOption(argv: readonly string[]): readonly string[] {
  const at = firstWord(argv)
  return argv[at] === 'help' ? [...argv.slice(0, at), ...argv.slice(at + 1), '--help'] : argv
}

/** Help for a command that is not there would be that of the whole program: without the option, the word is refused. */
export function withoutVainHelp(argv: readonly string[], isCommand: (word: string) => boolean): readonly string[] {
  const verb = argv[firstWord(argv)]
  return verb === undefined || isCommand(verb) ? argv : argv.filter((word) => word !== '--help' && word !== '-h')
}
