/** What hands type that know git: what Floe takes as it is, and for what is called something else here, or is not there,
 *  what to type instead. */

import { firstWord } from './aliases.ts'

const WORDS: Readonly<Record<string, string>> = {
  annotate: '`floe log --follow PATH` lists the versions that changed a file',
  apply: '`floe bundle unbundle FILE` takes in what `floe bundle create` wrote',
  archive: '`floe pull --to DIR --ref REVISION` writes a version into a folder',
  blame: '`floe log --follow PATH` lists the versions that changed a file',
  'cat-file': '`floe cat REVISION:PATH` writes a file, `floe show REVISION` a version',
  checkout: '`floe switch BRANCH` changes branches, `floe restore PATH` brings files back',
  clean: '`floe status` lists what is not tracked; no command deletes that',
  describe: '`floe log -1` shows a version with its branches and tags',
  'diff-tree': '`floe diff A B` shows which files differ',
  'format-patch': '`floe bundle create FILE` writes versions into a file',
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
  commit: {
    '-i': '`floe add PATH`, then `floe commit`, takes what is staged as well',
    '--include': '`floe add PATH`, then `floe commit`, takes what is staged as well',
    '-o': '`floe commit PATH` takes these paths only',
    '--only': '`floe commit PATH` takes these paths only',
  },
  log: {
    '-p': '`floe log --stat` shows what each version changed, `floe diff A B` which files differ',
    '--patch': '`floe log --stat` shows what each version changed, `floe diff A B` which files differ',
  },
  pull: { '--no-rebase': '`floe pull` merges unless told to --rebase', '--no-ff': '`floe fetch`, then `floe merge`' },
  rebase: {
    '-i': '`floe reset --soft` joins versions, `floe cherry-pick` puts them in another order',
    '--interactive': '`floe reset --soft` joins versions, `floe cherry-pick` puts them in another order',
  },
  status: { '--porcelain': '`floe status --json` is for programs, `floe status -s` is short' },
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
  return options && found(options, option)
}

function found<T>(table: Readonly<Record<string, T>>, word: string | undefined): T | undefined {
  return word !== undefined && Object.hasOwn(table, word) ? table[word] : undefined
}

/** `help push` is `push --help`. */
export function withHelpOption(argv: readonly string[]): readonly string[] {
  const at = firstWord(argv)
  return argv[at] === 'help' ? [...argv.slice(0, at), ...argv.slice(at + 1), '--help'] : argv
}
