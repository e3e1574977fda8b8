/** Commands of git that are called something else here, or are not there: what to type instead. */

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
  repack: '`floe gc` packs small packs together',
  'rev-list': '`floe log A..B` lists versions',
  'rev-parse': '`floe log -1 --oneline REVISION` shows which version is meant',
  shortlog: '`floe log --author TEXT` lists the versions of one author',
  'show-ref': '`floe branch -a` and `floe tag` list what there is',
  worktree: '`floe clone FOLDER` makes a second workspace',
}

/** Undefined for what is no word of git, or means the same here. */
export function insteadOf(word: string | undefined): string | undefined {
  return word !== undefined && Object.hasOwn(WORDS, word) ? WORDS[word] : undefined
}
