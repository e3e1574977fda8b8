/** The commands that change or look at history, as a person types them: words, exit statuses, JSON, how to undo. */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { duration, pointInTime } from '../../src/cli/arguments.ts'
import { drawGraph, topologicalOrder } from '../../src/cli/commit-graph.ts'
import { completionScript } from '../../src/cli/completion.ts'
import { REGISTRY } from '../../src/cli/registry.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { runCli } from './run-cli.ts'

let cwd = ''
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'floe-cli-history-'))
  await runCli(['init', '.'], { cwd })
  writeFileSync(join(cwd, '.floeignore'), 'home\n')
  await record('a', 'one\n', 'first')
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

const masked = (text: string) =>
  text
    .replace(/\b[0-9a-f]{12,64}\b/g, 'ID')
    .replace(/Date: .*/g, 'Date')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}/g, 'TIME')
const floe = async (...args: string[]) => {
  const run = await runCli(args, { cwd })
  return { ...run, stdout: masked(run.stdout), stderr: masked(run.stderr) }
}
const write = (path: string, text: string) => writeFileSync(join(cwd, path), text)
const read = (path: string) => readFileSync(join(cwd, path), 'utf8')
async function record(path: string, text: string, message: string): Promise<void> {
  write(path, text)
  await floe('add', '.')
  await floe('commit', '--no-provenance', '-m', message)
}

/** As a fetch notes where a branch of a remote is. */
async function track(name: string, branch: string): Promise<void> {
  await using workspace = await openWorkspace(cwd)
  const { refs } = workspace
  const next = refs.read(`heads/${branch}`)
  await workspace.withLock('test', () => refs.update({ name: `remotes/${name}`, next, reason: 'fetch' }))
}

async function part(): Promise<void> {
  await floe('switch', '-c', 'dev')
  await record('a', 'theirs\n', 'theirs')
  await record('b', 'b\n', 'more')
  await floe('switch', 'main')
  await record('a', 'ours\n', 'ours')
}

describe('merge', () => {
  it('lists conflicts with exit 1, says how to settle them, and records the result', async () => {
    await part()
    expect(await floe('merge', 'dev')).toEqual({
      exitCode: 1,
      stdout: 'Conflicts; all else is merged and staged\n  C  a (both changed)\n',
      stderr:
        'Hint: choose with `floe merge --ours PATH` or `--theirs PATH`, or edit the file and `floe merge --file PATH`\n' +
        'Hint: then `floe merge --continue`; `floe merge --abort` undoes it\n',
    })
    expect(read('a')).toBe('<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> dev\n')
    expect((await floe('status')).stdout).toBe(
      'On branch main\n\nA merge is in progress; conflicts:\n  C  a (both changed)\n\nStaged for the next commit:\n  A  b\n',
    )
    expect((await floe('merge', '--continue')).exitCode).toBe(1)
    expect((await floe('commit', '-m', 'x')).stderr).toMatch(/^Error: a merge is in progress\n/)
    write('a', 'both\n')
    expect(await floe('merge', '--file', 'a')).toMatchObject({ exitCode: 0, stdout: 'All conflicts are settled\n' })
    expect(await floe('merge', '--continue')).toEqual({
      exitCode: 0,
      stdout: 'Recorded ID\n',
      stderr: 'Hint: undo with `floe reset --hard ID`\n',
    })
    expect((await floe('status')).stdout).toBe('On branch main\nNothing to commit, the workspace is clean\n')
    expect((await floe('log', '--graph', '--oneline')).stdout).toBe(
      '* ID (HEAD, main) Merge dev\n| \\\n* | ID ours\n| * ID (dev) more\n| * ID theirs\n| /\n* ID first\n',
    )
  })

  it('is undone by --abort, settled at once by a side, and described by --json', async () => {
    await part()
    const json = JSON.parse((await runCli(['merge', 'dev', '--json'], { cwd })).stdout)
    expect(json).toMatchObject({ ok: false, $kind: 'conflicts', conflicts: [{ path: 'a', kind: 'both-changed' }] })
    expect((await floe('merge', '--abort')).stdout).toBe('Undone: HEAD is ID, 2 files brought back\n')
    expect(read('a')).toBe('ours\n')
    expect((await floe('merge', '--abort')).exitCode).toBe(1)
    expect((await floe('merge')).exitCode).toBe(2)
    expect((await floe('merge', 'dev', '--continue')).exitCode).toBe(2)
    expect(await floe('merge', 'dev', '--theirs')).toEqual({
      exitCode: 0,
      stdout: 'Merged dev as ID (2 files changed)\n',
      stderr: 'Hint: undo with `floe reset --hard ID`\n',
    })
    expect(read('a')).toBe('theirs\n')
  })
})

describe('rebase', () => {
  it('stops at a conflict with exit 1, is settled by the words it prints, and says how to go back', async () => {
    await part()
    await floe('switch', 'dev')
    expect(await floe('rebase', 'main')).toEqual({
      exitCode: 1,
      stdout: 'Stopped at ID (0 done, 1 after it)\n  C  a (both changed)\n',
      stderr:
        'Hint: choose with `floe rebase --ours PATH` or `--theirs PATH`, or edit the file and `floe rebase --file PATH`\n' +
        'Hint: then `floe rebase --continue`; `--skip` leaves this commit out; `floe rebase --abort` undoes all\n',
    })
    expect((await floe('status')).stdout).toMatch(
      /^HEAD .*\n\nA rebase is in progress; conflicts:\n {2}C {2}a \(both changed\)\n/,
    )
    expect((await floe('rebase', '--abort')).stdout).toBe('Undone: dev is ID, 2 files brought back\n')
    await floe('rebase', 'main')
    expect((await floe('rebase', '--theirs', 'a')).stdout).toBe('All conflicts are settled\n')
    expect(await floe('rebase', '--continue')).toEqual({
      exitCode: 0,
      stdout: 'Rebased 2 commits: dev is at ID (1 file changed)\n',
      stderr: 'Hint: undo with `floe reset --hard ID`\n',
    })
    expect((await floe('log', '--graph', '--oneline')).stdout).toBe(
      '* ID (HEAD, dev) more\n* ID theirs\n* ID (main) ours\n* ID first\n',
    )
    expect((await floe('rebase', 'main')).stdout).toBe('Already up to date\n')
    expect((await floe('rebase')).exitCode).toBe(2)
    expect((await floe('rebase', 'main', '--skip')).exitCode).toBe(2)
    expect((await floe('rebase', '--skip')).exitCode).toBe(1)
  })
})

it('a commit left out of a rebase is not counted among those made again', async () => {
  await part()
  await floe('switch', 'dev')
  await record('a', 'theirs again\n', 'third')
  await floe('rebase', 'main')
  expect((await floe('rebase', '--skip')).stdout).toBe('Stopped at ID (1 done, 0 after it)\n  C  a (both changed)\n')
  expect((await floe('rebase', '--skip')).stdout).toBe('Rebased 1 commit: dev is at ID (0 files changed)\n')
  expect((await floe('log', '--oneline')).stdout).toBe('ID (HEAD, dev) more\nID (main) ours\nID first\n')
})

it('add says what a pipe is, and blames no rule for it', async () => {
  spawnSync('mkfifo', [join(cwd, 'pipe')])
  for (const args of [['pipe'], ['--force', 'pipe'], ['-n', 'pipe']])
    expect(await floe('add', ...args)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr:
        'Error: pipe is no file but a pipe, socket or device\n' +
        'Hint: a version holds files and symbolic links only; nothing was staged\n',
    })
})

describe('looking at history and changing it', () => {
  it('show, reset and reflog say where things are and how to go back', async () => {
    await record('a', 'one\ntwo\n', 'second')
    expect((await floe('show')).stdout).toBe(
      'commit ID (HEAD, main)\nAuthor: Ada <ada@example.org>\nDate\n\n    second\n\nM  a  4 B → 8 B\n1 file changed, +4 B\n',
    )
    expect((await floe('show', 'HEAD~1:a')).stdout).toBe('one\n')
    expect(await floe('reset', '--hard', 'HEAD~1')).toEqual({
      exitCode: 0,
      stdout: 'main is at ID (1 file changed)\n',
      stderr: 'Hint: undo with `floe reset --hard ID`\n',
    })
    expect((await floe('reflog')).stdout).toBe(
      'ID HEAD@{0}  TIME  reset: hard to HEAD~1\nID HEAD@{1}  TIME  commit: second\nID HEAD@{2}  TIME  commit: first\n',
    )
    expect((await floe('reset', '--hard', '--soft')).exitCode).toBe(2)
    await floe('reset', '--hard', 'HEAD@{1}')
    expect(read('a')).toBe('one\ntwo\n')
  })

  it('cherry-pick and revert record what they did', async () => {
    await part()
    expect((await floe('cherry-pick', 'dev')).stdout).toBe('Picked dev as ID (1 file changed)\n')
    expect(read('b')).toBe('b\n')
    expect((await floe('revert', 'HEAD')).stdout).toBe('Reverted HEAD as ID (1 file changed)\n')
    expect((await floe('cherry-pick', 'dev~1')).exitCode).toBe(1)
    expect((await floe('cherry-pick', '--abort')).exitCode).toBe(0)
  })

  it('cherry-pick of a range says how many, where it stops, and how to take it all back', async () => {
    await part()
    expect(await floe('cherry-pick', 'main..dev')).toEqual({
      exitCode: 1,
      stdout: 'Stopped at ID (0 done, 1 after it)\n  C  a (both changed)\n',
      stderr:
        'Hint: choose with `floe cherry-pick --ours PATH` or `--theirs PATH`, or edit the file and `floe cherry-pick --file PATH`\n' +
        'Hint: then `floe cherry-pick --continue`; `floe cherry-pick --abort` undoes it\n',
    })
    await floe('cherry-pick', '--theirs')
    const before = (await floe('log', '--oneline')).stdout
    const made = await runCli(['cherry-pick', '--continue', '--json'], { cwd })
    expect(JSON.parse(made.stdout)).toMatchObject({ $kind: 'picked', picked: 2, files: 1 })
    expect((await floe('log', '--oneline')).stdout).toMatch(/more\nID theirs\nID ours\n/)
    const [undo] = JSON.parse(made.stdout).undo
    expect((await floe(...undo.split(' ').slice(1))).exitCode).toBe(0)
    expect((await floe('log', '--oneline')).stdout).toBe(before)
    expect(await floe('cherry-pick', 'main..dev', '--theirs')).toEqual({
      exitCode: 0,
      stdout: 'Picked 2 versions: HEAD is ID (2 files changed)\n',
      stderr: 'Hint: undo with `floe reset --hard ID`\n',
    })
    const picked = read('a')
    expect(await floe('revert', 'HEAD~2..HEAD')).toEqual({
      exitCode: 0,
      stdout: 'Reverted 2 versions: HEAD is ID (2 files changed)\n',
      stderr: 'Hint: undo with `floe reset --hard ID`\n',
    })
    expect(read('a')).not.toBe(picked)
    expect((await floe('revert', 'HEAD~2..HEAD')).exitCode).toBe(0)
    expect(read('a')).toBe(picked)
    expect(await floe('revert', 'HEAD~2..HEAD', '--mainline', '1')).toEqual({
      exitCode: 2,
      stdout: '',
      stderr:
        'Error: --mainline takes one version, and HEAD~2..HEAD is a range\n' +
        'Hint: `floe log --oneline HEAD~2..HEAD` lists its versions\n',
    })
    expect((await floe('cherry-pick', 'main..dev', '-m', 'x')).exitCode).toBe(2)
  })

  it('log takes several starts, leaves out the history of others, and shows all there is', async () => {
    await part()
    const all = (await floe('log', '--oneline', '--all')).stdout
    expect(all).toBe((await floe('log', '--oneline', 'main', 'dev')).stdout)
    expect(all).toMatch(/\(dev\) more\n/)
    expect((await floe('log', '--oneline', 'dev', '^main')).stdout).toBe(
      (await floe('log', '--oneline', 'main..dev')).stdout,
    )
    expect(await floe('log', 'dev', '^nothing')).toMatchObject({ exitCode: 2, stdout: '' })
  })

  it('status says how far the branch and what it follows have parted', async () => {
    await part()
    const second = async (...args: string[]) => (await floe('status', ...args)).stdout.split('\n')[1]
    expect(await second()).toBe('Nothing to commit, the workspace is clean')
    await floe('remote', 'add', 'origin', 'local:0x1')
    await track('origin/main', 'main')
    expect(await second()).toBe('Up to date with origin/main (as of the last fetch)')
    await record('c', 'c\n', 'ahead')
    expect(await second()).toBe('1 ahead of origin/main (as of the last fetch)')
    expect((await floe('status')).stderr).toBe('Hint: `floe push` sends what the remote lacks\n')
    await track('origin/main', 'dev')
    expect(await second()).toBe('2 ahead of and 2 behind origin/main (as of the last fetch)')
    expect((await floe('status')).stderr).toBe('Hint: `floe pull` takes in what the remote has\n')
    expect((await floe('status', '-sb')).stdout).toBe('## main...origin/main [ahead 2, behind 2]\n')
    expect((await floe('status', '-s')).stdout).toBe('')
    const { upstream } = JSON.parse((await runCli(['status', '--json'], { cwd })).stdout)
    expect(upstream).toMatchObject({ name: 'origin/main', ahead: 2, behind: 2 })
    await floe('branch', '-u', 'origin/trunk')
    expect(await second()).toBe('Follows origin/trunk, which is not there')
    expect((await floe('status', '-s', '-b')).stdout).toBe('## main...origin/trunk [gone]\n')
    await floe('switch', '--detach', 'HEAD~1')
    expect((await floe('status', '-sb')).stdout).toBe('## HEAD (no branch) ID\n')
    await floe('switch', 'dev')
    expect((await floe('status', '-sb')).stdout).toBe('## dev\n')
  })

  it('commit --amend says so where the version that it replaces has been pushed', async () => {
    await record('b', 'b\n', 'second')
    const amend = async () => (await floe('commit', '--amend', '--no-provenance', '-m', 'again')).stderr
    expect(await amend()).not.toContain('has been pushed')
    await track('origin/main', 'main')
    expect(await amend()).toContain('the one it replaces has been pushed: only `floe push --force` sends this one')
    expect((await floe('log', '--oneline')).stdout).toBe('ID (HEAD, main) again\nID first\n')
  })

  it('branch lists those of remotes, what each is at, and which are merged; log counts as in git', async () => {
    await part()
    await floe('branch', 'old', 'HEAD~1')
    await track('origin/dev', 'dev')
    const names = async (...args: string[]) =>
      (await floe('branch', ...args)).stdout.split('\n').flatMap((line) => line.slice(2).split('  ')[0] || [])
    expect(await names('-a')).toEqual(['dev', 'main', 'old', 'origin/dev'])
    expect(await names('--remotes')).toEqual(['origin/dev'])
    expect(await names('--merged')).toEqual(['main', 'old'])
    expect(await names('--no-merged')).toEqual(['dev'])
    expect(await names('-a', '--merged', 'dev')).toEqual(['dev', 'old', 'origin/dev'])
    expect(await names('-a', '--no-merged', 'dev')).toEqual(['main'])
    expect((await floe('branch', '-v')).stdout).toMatch(
      /^ {2}dev {2}ID {2}\[origin\/dev\] {2}more\n\* main {2}ID {2}ours\n/,
    )
    expect((await floe('log', '--oneline', '-2', 'dev')).stdout).toBe('ID (dev, origin/dev) more\nID theirs\n')
    expect((await floe('log', '--oneline', '--all', '--grep', 'OURS')).stdout).toBe('ID (HEAD, main) ours\n')
    expect((await floe('log', '--', '-2')).stderr).toBe('Hint: no version here changed -2\n')
  })

  it('log shows what each version changed, of a merge nothing, and only below the paths that are named', async () => {
    await part()
    expect((await floe('log', '--oneline', '--stat', 'dev', '^HEAD~1')).stdout).toBe(
      'ID (dev) more\nA  b  → 2 B\n1 file changed, +2 B\nID theirs\nM  a  4 B → 7 B\n1 file changed, +3 B\n',
    )
    await floe('merge', 'dev', '--ours')
    expect((await floe('log', '--oneline', '--name-status', '-n', '2', '--', 'a')).stdout).toMatch(
      /^ID ours\nM {2}a\nID theirs\nM {2}a\n$/,
    )
    const all = (await floe('log', '--name-only', '-n', '2')).stdout
    expect(all).toMatch(/Merge:[\s\S]*\n {4}Merge dev\n\ncommit ID[\s\S]*\n\n(a|b)\n\n$/)
    const { stdout } = await runCli(['log', '--json', '--stat', '-n', '1', 'dev'], { cwd })
    expect(JSON.parse(stdout).commits[0].changes).toMatchObject([{ path: 'b', status: 'added' }])
  })

  it('mv, diff and log follow a renamed file; stash puts changes aside', async () => {
    expect((await floe('mv', 'a', 'b')).stderr).toBe('Hint: undo with `floe mv b a`\n')
    expect((await floe('diff', '--staged')).stdout).toBe('R  a → b\n')
    expect((await floe('diff', '--staged', '--stat')).stdout).toBe('R  a → b  4 B\n1 file changed, +0 B\n')
    expect((await floe('diff', '--staged', '--no-renames', '--name-only')).stdout).toBe('a\nb\n')
    expect((await floe('stash', 'push', '-m', 'renaming')).stderr).toBe('Hint: undo with `floe stash pop`\n')
    expect((await floe('stash', 'list')).stdout).toBe('stash@{0}  ID  TIME  renaming\n')
    expect((await floe('stash', 'pop')).exitCode).toBe(0)
    await floe('commit', '--no-provenance', '-m', 'renamed')
    expect((await floe('log', '--oneline', '--path', 'b', '--follow')).stdout).toBe(
      'ID (HEAD, main) renamed\nID first\n',
    )
    expect((await floe('log', '--oneline', '--author', 'nobody')).stdout).toBe('')
    expect((await floe('log', '--since', 'yesteryear')).exitCode).toBe(2)
  })

  it('stash without a verb is stash push, with its options, and a verb that is none stays an error', async () => {
    write('a', 'two\n')
    expect(await floe('stash')).toEqual({
      exitCode: 0,
      stdout: 'Put aside 1 changed file as stash@{0}\n',
      stderr: 'Hint: undo with `floe stash pop`\n',
    })
    write('new', 'new\n')
    expect((await floe('stash', '-u', '-m', 'pop')).exitCode).toBe(0)
    expect((await floe('stash', 'list')).stdout).toMatch(/^stash@\{0\} .* pop\nstash@\{1\} /)
    expect((await floe('stash')).stderr).toMatch(/^Error: there are no changes to put aside/)
    expect(await floe('stash', 'popp')).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringMatching(/popp/),
    })
    expect((await floe('stash', '--help')).stdout).toMatch(/Commands:\n {2}push /)
    expect((await floe('-C', '.', 'stash', 'pop')).exitCode).toBe(0)
    expect(read('new')).toBe('new\n')
  })

  it('branch shows what it follows, and tag how to take it back', async () => {
    expect((await floe('branch', '-u', 'origin/main')).exitCode).toBe(2)
    await floe('remote', 'add', 'origin', `local:0x${'1'.repeat(64)}`)
    expect((await floe('branch', '-u', 'origin/main')).stdout).toBe('main follows origin/main\n')
    expect((await floe('branch')).stdout).toBe('* main  ID  [origin/main: not there]\n')
    expect((await floe('tag', 'v1')).stderr).toMatch(/undo with `floe tag -d v1`/)
    expect((await floe('tag', '-d', 'v1')).stderr).toBe('Hint: undo with `floe tag v1 ID`\n')
  })

  it('branch and tag name the ref in whose way a name is, and a folder of refs is no damage', async () => {
    await floe('branch', 'x')
    await floe('branch', 'b/c')
    await floe('tag', 't/u')
    const inTheWay = async (...args: string[]) => {
      const { exitCode, stderr } = await floe(...args)
      expect(exitCode, args.join(' ')).toBe(2)
      return stderr.split('\n')[0]
    }
    expect(await inTheWay('branch', 'x/y')).toBe('Error: branch x/y cannot be made: branch x exists')
    expect(await inTheWay('branch', 'b')).toBe('Error: branch b cannot be made: branch b/c exists')
    expect(await inTheWay('branch', '-m', 'x', 'b')).toBe('Error: branch b cannot be made: branch b/c exists')
    expect(await inTheWay('switch', '-c', 'b')).toBe('Error: branch b cannot be made: branch b/c exists')
    await record('a', 'two\n', 'second')
    expect(await inTheWay('switch', '-c', 'b', 'x')).toBe('Error: branch b cannot be made: branch b/c exists')
    expect(read('a')).toBe('two\n')
    expect(await inTheWay('tag', 't')).toBe('Error: tag t cannot be made: tag t/u exists')
    expect(await inTheWay('show', 't')).toBe('Error: unknown revision t: no branch, tag or commit of this name')
    expect((await floe('branch', '-q')).stdout).toBe('  b/c  ID\n* main  ID\n  x  ID\n')
  })

  it('a name that a tag and a branch have means the tag, and that is said once', async () => {
    await floe('branch', 'both')
    await record('a', 'two\n', 'second')
    await floe('tag', 'both')
    const warning = 'Warning: both is a tag and a branch, and the tag was taken: write heads/both for the branch\n'
    const subject = async (...args: string[]) => {
      const { stdout, stderr } = await floe('log', '-n', '1', '--oneline', ...args)
      return [stdout.trim().split(' ').at(-1), stderr]
    }
    expect(await subject('both')).toEqual(['second', warning])
    expect(await subject('both~1')).toEqual(['first', warning])
    expect(await subject('heads/both')).toEqual(['first', ''])
    expect(await subject('tags/both')).toEqual(['second', ''])
    expect(await subject('main')).toEqual(['second', ''])
    expect((await floe('show', 'both')).stderr).toBe(warning)
    expect((await floe('switch', 'both')).stderr).toBe('Hint: undo with `floe switch main`\n')
  })

  it('grep, du, gc, fsck and doctor tell what there is', async () => {
    expect(await floe('grep', '^a$')).toMatchObject({ exitCode: 0, stdout: 'a\n' })
    expect(await floe('grep', '-c', 'one')).toMatchObject({ exitCode: 0, stdout: 'a:1:one\n' })
    expect((await floe('grep', 'nothing')).exitCode).toBe(1)
    expect((await floe('du')).stdout).toMatch(/^logical {2}stored {2}unique {2}shared {2}ref\n9 B/)
    expect((await floe('du', '--path')).stdout).toMatch(/ {2}path\n[\s\S]* a\n/)
    expect((await floe('gc', '--dry-run')).stdout).toMatch(
      /objects in use, 0 objects not\nWould free about 0 B: 2 packs/,
    )
    expect((await floe('gc', '--grace', 'soon')).exitCode).toBe(2)
    expect((await floe('fsck', '--full')).stdout).toMatch(/every byte read\n$/)
    expect(await floe('fsck', '--quick')).toEqual(await floe('fsck'))
    expect(await floe('fsck', '--quick', '--full')).toMatchObject({ exitCode: 2 })
    const healthy = await floe('doctor')
    expect(healthy).toMatchObject({ exitCode: 0 })
    // As the commits of this environment are.
    expect(healthy.stdout).toMatch(/^ok {2}author {5}Ada$/m)
  })
})

describe('completion', () => {
  it('knows every command and its options, in scripts that the shells accept', async () => {
    for (const shell of ['bash', 'zsh', 'fish'] as const) {
      const script = await completionScript(REGISTRY, shell)
      for (const name of Object.keys(REGISTRY)) expect(script).toContain(name)
      expect(script).toContain(shell === 'fish' ? '-l dry-run' : '--dry-run')
    }
    const script = await completionScript(REGISTRY, 'bash')
    const complete = (...words: string[]) => {
      const asked = `${script}\nfloe() { :; }\nCOMP_WORDS=(floe ${words.map((word) => `"${word}"`).join(' ')})\nCOMP_CWORD=${words.length}\n_floe\necho "\${COMPREPLY[@]}"`
      const run = spawnSync('bash', ['-c', asked], { encoding: 'utf8', cwd })
      expect(run.stderr).toBe('')
      return run.stdout.trim().split(' ')
    }
    expect(complete('me')).toEqual(['merge'])
    expect(complete('merge', '--ab')).toEqual(['--abort'])
    expect(complete('stash', 'p')).toEqual(['push', 'pop'])
    // On an empty word options do not stand in the way of files.
    expect(complete('add', '')).toEqual(expect.arrayContaining(['a', '.floeignore']))
    expect(complete('add', '')).not.toContain('--all')
    expect(complete('add', '--al')).toEqual(['--all'])
    expect(complete('log', '')).toContain('a')
    expect(complete('stash', '')).toEqual(['push', 'pop', 'apply', 'show', 'list', 'drop'])
    expect(complete('')).toEqual(expect.arrayContaining(['add', 'status']))
    expect(complete('')).not.toContain('a')
    expect(complete('stash', '--inc')).toEqual(['--include-untracked'])
    expect(complete('merge', 'dev', '--th')).toEqual(['--theirs'])
    expect((await floe('completion', 'tcsh')).exitCode).toBe(2)
  })
})

describe('global settings', () => {
  it('name the author where the workspace does not, and hold nothing that belongs to one workspace', async () => {
    const as = (...args: string[]) =>
      runCli(args, { cwd, env: { FLOE_AUTHOR_NAME: undefined!, FLOE_AUTHOR_EMAIL: undefined! } })
    expect(await as('config', 'set', '--global', 'user.name', 'Grace')).toMatchObject({ exitCode: 0 })
    expect((await as('config', 'get', '--global', 'user.name')).stdout).toBe('Grace\n')
    expect((await as('config', 'get', 'user.name')).stdout).toBe('Grace\n')
    expect((await as('config', 'get', 'user.email')).exitCode).toBe(1)
    await as('commit', '--allow-empty', '--no-provenance', '-m', 'x')
    expect((await as('log', '-n', '1')).stdout).toMatch(/Author: Grace\n/)
    expect((await as('config', 'set', '--global', 'remotes.origin.network', 'x')).exitCode).toBe(2)
    await as('config', 'unset', '--global', 'user.name')
    expect((await as('config', 'list', '--global')).stdout).toBe('')
    write('home/config.json', '{"user.name": 1}')
    expect((await as('config', 'list', '--global')).exitCode).toBe(2)
  })
})

describe('settings', () => {
  const lines = async (...args: string[]) => (await floe('config', ...args)).stdout

  it('are what holds: of the workspace, else of all, else what Floe does by itself', async () => {
    await floe('config', 'set', '--global', 'user.name', 'Grace')
    expect(await lines('get', '--show-origin', 'user.name')).toBe('global  Grace\n')
    await floe('config', 'set', 'user.name', 'Ada')
    await floe('config', 'set', 'store.limit', '20GiB')
    expect(await lines('get', 'user.name')).toBe('Ada\n')
    expect(await lines('get', '--global', 'user.name')).toBe('Grace\n')
    expect(await lines('get', '--show-origin', 'hooks.timeout')).toBe('default  10 minutes\n')
    expect(await lines('list', '--show-origin')).toBe(
      'default    hooks.timeout = 10 minutes\ndefault    network.default = local\nworkspace  store.limit = 20GiB\n' +
        'workspace  user.name = Ada\nworkspace  version = 1\n',
    )
    expect(await lines('list', '--global')).toBe('user.name = Grace\n')
    const elsewhere = await runCli(['config', 'get', 'user.name', '--json'], {
      cwd: tmpdir(),
      env: { FLOE_HOME: join(cwd, 'home') },
    })
    expect(JSON.parse(elsewhere.stdout)).toMatchObject({ value: 'Grace', origin: 'global' })
  })

  it('that Floe knows are checked, and it is said what they may be', async () => {
    const refused = async (key: string, value: string, ...scope: string[]) => {
      const run = await floe('config', 'set', ...scope, key, value)
      expect([run.exitCode, run.stdout], key).toEqual([2, ''])
      return run.stderr
    }
    expect(await refused('store.limit', 'lots')).toBe(
      'Error: store.limit cannot be "lots"\nCaused by: "lots" is no size; write bytes, or 20GiB and the like\n' +
        'Hint: it is a size: bytes, or 20GiB and the like\n',
    )
    expect(await refused('store.inPlace', '1KiB')).toMatch(/Hint: it is a size: .*, of at least 1MiB\n/)
    expect(await refused('hooks.timeout', 'soon')).toMatch(/Hint: it is a time such as 30s, 10 minutes or 2h\n/)
    expect(await refused('user.name', 'A <b>')).toMatch(/Hint: it is a text without < and >\n/)
    expect(await refused('network.default', 'nowhere', '--global')).toMatch(/floe network list/)
    expect(await refused('network.default', 'local')).toMatch(/set it with --global/)
    expect((await floe('config', 'list')).stdout).not.toMatch(/store|lots|soon/)
    expect((await floe('config', 'set', 'hooks.timeout', '2 minutes')).exitCode).toBe(0)
    const typo = await floe('config', 'set', 'store.limt', '1')
    expect([typo.exitCode, typo.stderr]).toEqual([
      0,
      expect.stringMatching(/^Hint: Floe has no setting store.limt; it has user/),
    ])
  })
})

describe('the graph and the times', () => {
  it('puts children before parents, whatever the order they came in', () => {
    const node = (commit: string, ...parents: string[]) => ({ commit, parents })
    const nodes = [node('d', 'b', 'c'), node('a'), node('b', 'a'), node('c', 'a')]
    expect(topologicalOrder(nodes).map(({ commit }) => commit)).toEqual(['d', 'b', 'c', 'a'])
    expect(drawGraph([node('b', 'a'), node('a')], ({ commit }) => [commit, 'more'])).toEqual([
      '* b',
      '| more',
      '* a',
      ' more',
    ])
  })

  it('understands dates and lengths of time', () => {
    expect(duration('14d', '--grace')).toBe(14 * 86_400_000)
    expect(duration('2 weeks', '--grace')).toBe(14 * 86_400_000)
    expect(duration('0', '--grace')).toBe(0)
    expect(pointInTime('2 hours ago', '--since', 10_000_000)).toBe(2_800_000)
    expect(pointInTime('2026-11-01T00:00:00Z', '--since', 0)).toBe(Date.UTC(2026, 10, 1))
    expect(() => pointInTime('2026-99-99', '--since', 0)).toThrow(/expected a date/)
  })
})
