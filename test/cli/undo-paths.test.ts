/** Of commands that change paths or move HEAD: what is shown works for every state that a path can be in, and what is said to
 *  be lost is lost. */

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { floeCommand } from '../../src/cli/undo.ts'
import { runCli } from './run-cli.ts'
import { look, takesBack, type } from './take-back.ts'

let cwd = ''
const floe = async (...args: string[]) => {
  const run = await runCli(args, { cwd })
  expect(run.exitCode, `${args.join(' ')}: ${run.stderr}`).toBe(0)
  return run
}
function write(path: string, text: string): void {
  mkdirSync(dirname(join(cwd, path)), { recursive: true })
  writeFileSync(join(cwd, path), text)
}
const home = () => ({ FLOE_HOME: join(cwd, 'home') })
const remove = (path: string) => rmSync(join(cwd, path))
const record = (message: string) => floe('commit', '-A', '--no-provenance', '-m', message)

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'floe-cli-undo-paths-'))
  await floe('init', '.')
  write('.floeignore', 'home\n')
  write('a', 'one\n')
  write('d/x', 'x\n')
  write('gone', 'gone\n')
  await record('first')
  await floe('tag', 'v1')
  write('a', 'two\n')
  write('d/y', 'y\n')
  remove('gone')
  await record('second')
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

describe('what is shown takes it back', () => {
  const cases: [title: string, args: string[], ...prepare: (() => unknown)[]][] = [
    ['restore of another version', ['restore', '-s', 'v1', '.']],
    ['restore of a file that was missing', ['restore', 'a'], () => remove('a')],
    [
      'restore of a file that was as in HEAD and not as staged',
      ['restore', 'a'],
      async () => {
        write('a', 'staged\n')
        await floe('add', 'a')
        write('a', 'two\n')
      },
    ],
    ['restore of both', ['restore', '-S', '-W', '-s', 'v1', 'a', 'gone']],
    ['restore of both after rm', ['restore', '-S', '-W', 'a'], () => floe('rm', 'a')],
    ['restore of staging from another version', ['restore', '--staged', '-s', 'v1', '.']],
    [
      'unstaging what is as on disk, with other changes beside it',
      ['restore', '--staged', '.'],
      async () => {
        write('a', 'three\n')
        write('new', 'new\n')
        remove('d/y')
        await floe('add', 'a', 'new', 'd/y')
        await floe('rm', '--cached', 'd/x')
        write('other', 'untracked\n')
      },
    ],
    [
      'unstaging what is excluded and was added by force',
      ['restore', '--staged', '.'],
      async () => {
        write('.floeignore', 'home\n*.log\n')
        for (const name of ['kept.log', 'sub/other.log', 'third.log', 'plain']) write(name, 'text\n')
        await floe('add', '--force', 'kept.log', 'sub/other.log', 'plain')
      },
    ],
    [
      'rm --cached of what is excluded and was added by force',
      ['rm', '--cached', 'kept.log'],
      async () => {
        write('.floeignore', 'home\n*.log\n')
        write('kept.log', 'text\n')
        await floe('add', '--force', 'kept.log')
      },
    ],
    [
      'reset, which unstages',
      ['reset'],
      async () => {
        write('a', 'three\n')
        await floe('add', 'a')
        await floe('rm', '--cached', 'd/x')
      },
    ],
    [
      'reset to another version with something staged',
      ['reset', 'v1'],
      async () => {
        write('new', 'three\n')
        await floe('add', 'new')
      },
    ],
    ['reset --hard to before the first version', ['reset', '--hard', '--root']],
    ['reset --soft to before the first version', ['reset', '--soft', '--root']],
    ['rm -f of what is committed', ['rm', '-f', '-r', 'd', 'a']],
    ['rm of a file that was missing', ['rm', 'a'], () => remove('a')],
    ['rm --cached with untracked files beside it', ['rm', '--cached', '-r', 'd'], () => write('d/untracked', 'u\n')],
    [
      'rm --cached of what was staged',
      ['rm', '--cached', 'a', 'new'],
      async () => {
        write('a', 'three\n')
        write('new', 'new\n')
        await floe('add', 'a', 'new')
      },
    ],
    ['rm of the rest of a folder', ['rm', '-r', 'd'], () => floe('rm', 'd/x')],
    ['mv -f over a committed file', ['mv', '-f', 'a', 'd/x']],
    [
      'add beside what was staged',
      ['add', '.'],
      async () => {
        write('a', 'three\n')
        await floe('add', 'a')
        write('new', 'new\n')
      },
    ],
    ['add of what was no longer tracked', ['add', 'a'], () => floe('rm', '--cached', 'a')],
    ['add -A', ['add', '-A'], () => remove('a')],
    [
      'a merge beside a changed file',
      ['merge', 'side'],
      async () => {
        await floe('switch', '-c', 'side', 'v1')
        write('theirs', 't\n')
        await record('theirs')
        await floe('switch', 'main')
        write('a', 'not committed\n')
      },
    ],
    ['mv and a leading dash', ['mv', '--', '-y', 'z'], () => write('-y', 'y'), () => record('dash')],
    ['rm and a leading dash', ['rm', '--', '-y'], () => write('-y', 'y'), () => record('dash')],
    ['add and a leading dash', ['add', '--', '-y'], () => write('-y', 'y')],
    [
      'restore and a leading dash',
      ['restore', '--staged', '--', '-y'],
      () => write('-y', 'y'),
      () => floe('add', '--', '-y'),
    ],
    ['stash push -u', ['stash', 'push', '-u', '-m', 'x'], () => write('new', 'new'), () => write('a', '3')],
    [
      'stash push of a file that is staged in part',
      ['stash', 'push'],
      async () => {
        write('a', 'staged\n')
        await floe('add', 'a')
        write('a', 'and more\n')
      },
    ],
    ['stash pop of untracked files', ['stash', 'pop'], () => write('new', 'new'), () => floe('stash', 'push', '-u')],
    [
      'stash pop of a message',
      ['stash', 'pop'],
      () => write('a', '3'),
      () => floe('stash', 'push', '-m', "it's `a`\n-x"),
    ],
    ['stash pop --keep', ['stash', 'pop', '--keep'], () => write('a', '3'), () => floe('stash', 'push')],
    ['switch from a detached HEAD', ['switch', 'main'], () => floe('switch', '--detach', 'main')],
    [
      'switch - from a detached HEAD',
      ['switch', '-'],
      async () => {
        await floe('switch', '--detach', 'v1')
        await floe('commit', '--allow-empty', '--no-provenance', '-m', 'on no branch')
      },
    ],
    [
      'switch -c from a detached HEAD',
      ['switch', '-c', 'kept'],
      async () => {
        await floe('switch', '--detach', 'v1')
        await floe('commit', '--allow-empty', '--no-provenance', '-m', 'on no branch')
      },
    ],
    ['switch -c on a branch without a version', ['switch', '-c', 'new'], () => floe('reset', '--hard', '--root')],
    [
      'switch from a branch without a version',
      ['switch', 'dev'],
      () => floe('branch', 'dev').then(() => floe('reset', '--hard', '--root')),
    ],
    ['a first commit', ['commit', '--no-provenance', '-m', 'x'], () => floe('reset', '--soft', '--root')],
    ['a first commit of all', ['commit', '-A', '--no-provenance', '-m', 'x'], () => floe('reset', '--root')],
  ]
  for (const [title, args, ...prepare] of cases)
    it(title, async () => {
      for (const step of prepare) await step()
      expect((await takesBack(cwd, args)).notUndone).toEqual([])
    })

  it('whatever is in a name', async () => {
    const names = [
      'two\nlines',
      'esc\u001b[31m',
      "it's",
      '~',
      '=x',
      'a=~b',
      '{a,b}',
      '$HOME `id` "*"',
      '\u202ebidi',
      'tab\t',
      '\\n',
    ]
    for (const name of names) write(name, 'x')
    await record('names')
    for (const name of names) {
      const { stderr } = await floe('rm', name)
      const shown = /undo with `(floe .*)`\n/.exec(stderr)?.[1] ?? ''
      expect((await type(cwd, shown)).exitCode, shown).toBe(0)
      expect(existsSync(join(cwd, name)), shown).toBe(true)
      await takesBack(cwd, ['mv', name, 'd'])
    }
  })

  it('from a folder of the workspace, and from outside with -C', async () => {
    const inside = join(cwd, 'd')
    const before = await look(cwd)
    for (const args of [
      ['mv', 'x', 'z'],
      ['rm', 'x'],
      ['restore', '-s', 'v1', '../a'],
    ]) {
      const { undo } = JSON.parse((await runCli(['--json', ...args], { cwd: inside, env: home() })).stdout)
      expect(await look(cwd)).not.toEqual(before)
      for (const line of undo) expect((await type(inside, line, home())).exitCode, line).toBe(0)
      expect(await look(cwd), args.join(' ')).toEqual(before)
    }
    const { undo } = JSON.parse((await floe('--json', '-C', 'd', 'rm', 'x')).stdout)
    expect(undo).toEqual(['floe -C d restore --staged --worktree x'])
    expect((await type(cwd, undo[0])).exitCode).toBe(0)
    expect(await look(cwd)).toEqual(before)
  })

  it('for so many paths that they are not named', async () => {
    for (let i = 0; i < 25; i++) write(`many/${i}`, `${i}`)
    expect((await takesBack(cwd, ['add', 'many'])).undo).toEqual(['floe restore --staged many'])
    await record('many')
    expect((await takesBack(cwd, ['rm', '-r', 'many'])).undo).toEqual(['floe restore --staged --worktree many'])
    for (let i = 0; i < 25; i++) write(`many/${i}`, `changed ${i}`)
    await record('changed')
    expect((await takesBack(cwd, ['restore', '-s', 'HEAD~1', 'many'])).undo).toEqual(['floe restore many'])
    // To name the folder would throw away what is there besides.
    await floe('restore', '-s', 'HEAD~1', 'many/0')
    const { undo, notUndone } = JSON.parse((await floe('--json', 'restore', '-s', 'HEAD~1', 'many')).stdout)
    expect([undo, notUndone]).toEqual([undefined, ['no single command undoes it: `floe restore PATH` for 24 paths']])
  })
})

describe('what is lost', () => {
  const hints = async (...args: string[]) =>
    JSON.parse((await floe('--json', ...args)).stdout) as Record<string, unknown>
  const lost = (count: string, names: string) => [
    `uncommitted contents of ${count} (${names}) were thrown away: unless another version has them, they cannot be brought back`,
  ]

  it('of a file that had changed, while what HEAD has is brought back', async () => {
    write('d/x', 'unlike any\n')
    const restored = await hints('restore', '-s', 'v1', 'd/x', 'a')
    expect(restored).toMatchObject({ undo: ['floe restore a'], notUndone: lost('1 path', 'd/x') })
    await floe('restore', 'a')
    write('d/x', 'unlike any\n')
    const removed = await hints('rm', '-f', 'd/x')
    expect(removed).toMatchObject({ undo: ['floe restore --staged --worktree d/x'], notUndone: lost('1 path', 'd/x') })
  })

  it('of what was staged only', async () => {
    write('new', 'new\n')
    await floe('add', 'new')
    const removed = await hints('rm', '-f', 'new')
    expect(removed).toMatchObject({ notUndone: lost('1 path', 'new') })
    expect(removed).not.toHaveProperty('undo')
    write('a', 'staged\n')
    await floe('add', 'a')
    write('a', 'more\n')
    expect(await hints('add', 'a')).toMatchObject({
      undo: ['floe restore --staged a'],
      notUndone: ['what had been staged of 1 path before cannot be staged again'],
    })
    write('a', 'even more\n')
    expect(await hints('restore', '--staged', 'a')).toMatchObject({ notUndone: lost('1 path', 'a') })
    await floe('add', 'a')
    expect(await hints('commit', '-a', '--no-provenance', '-m', 'x')).toMatchObject({
      notUndone: ['what had been staged before is not staged again by that'],
    })
  })

  it('by force, and only by force', async () => {
    await floe('branch', 'dev', 'v1')
    expect(await hints('switch', '-f', 'dev')).not.toHaveProperty('notUndone')
    write('a', 'unlike any\n')
    write('d/x', 'staged\n')
    await floe('add', 'd/x')
    expect(await hints('switch', '-f', 'main')).toMatchObject({
      lost: ['a', 'd/x'],
      notUndone: lost('2 paths', 'a, d/x'),
    })
    expect(await hints('reset', '--hard', 'v1')).not.toHaveProperty('notUndone')
    remove('a')
    expect(await hints('reset', '--hard')).not.toHaveProperty('notUndone')
    write('a', 'unlike any\n')
    expect(await hints('reset', '--hard')).toMatchObject({ notUndone: lost('1 path', 'a') })
  })

  it('of a stash that came among other changes', async () => {
    write('a', 'put aside\n')
    await floe('stash', 'push')
    write('d/x', 'changed\n')
    const popped = await hints('stash', 'pop')
    expect(popped).not.toHaveProperty('undo')
    expect(popped.notUndone).toEqual([
      'no command takes it back: what had changed here before is changed together with it now',
      expect.stringMatching(/^until `floe gc` its files are at `floe restore --source [0-9a-f]{12} \.` as well$/),
    ])
  })
})

describe('commits on no branch', () => {
  it('are told of when HEAD leaves them, with what keeps them', async () => {
    await floe('switch', '--detach', 'v1')
    expect((await floe('switch', 'main')).stderr).not.toMatch(/leads to/)
    await floe('switch', '--detach', 'v1')
    for (const name of ['1', '2']) await floe('commit', '--allow-empty', '--no-provenance', '-m', name)
    const left = await floe('switch', 'main')
    const [, shown = ''] =
      /^Warning: no branch or tag leads to 2 commits that you left: `(.*)` keeps them$/m.exec(left.stderr) ?? []
    await floe('switch', '-')
    const { left: data } = JSON.parse((await floe('--json', 'switch', 'main')).stdout)
    expect(data).toMatchObject({ commits: 2 })
    expect((await type(cwd, shown.replace('NAME', 'kept'))).exitCode).toBe(0)
    await floe('switch', '--detach', 'kept')
    expect((await floe('switch', 'main')).stderr).not.toMatch(/leads to/)
    await floe('switch', '--detach', 'kept')
    await floe('commit', '--allow-empty', '--no-provenance', '-m', '3')
    expect((await floe('switch', '-c', 'three')).stderr).not.toMatch(/leads to/)
  })
})

it('an id may end in digits that a shell leaves alone, other words are quoted', () => {
  expect(floeCommand('branch', 'a', 'HEAD~1', '--x=y')).toBe('floe branch a HEAD~1 --x=y')
  expect(floeCommand('stash@{0}', '~x', '', 'a:~')).toBe("floe 'stash@{0}' '~x' '' 'a:~'")
})
