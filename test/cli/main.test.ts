import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EXIT_CODES } from '../../src/base/errors.ts'
import { EXIT_HELP, REGISTRY } from '../../src/cli/registry.ts'
import { runCli } from './run-cli.ts'

let cwd = ''
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'floe-cli-'))
})
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

describe('floe', () => {
  it('prints its help and exits 0 when nothing is typed', async () => {
    const run = await runCli([], { cwd })
    expect(run.exitCode).toBe(0)
    expect(run.stdout).toContain('Usage: floe')
    for (const name of Object.keys(REGISTRY)) expect(run.stdout).toContain(`\n  ${name} `)
  })

  it('prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(await runCli(['--version'], { cwd })).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('lists every exit status in its help', () => {
    for (const code of Object.values(EXIT_CODES)) expect(EXIT_HELP).toMatch(new RegExp(`\\b${code} `))
  })

  it('ends an unknown command or option with exit 2 and says what it could have been', async () => {
    const verb = await runCli(['comit'], { cwd })
    expect(verb.exitCode).toBe(2)
    expect(verb.stderr).toContain("Error: unknown command 'comit'")
    expect(verb.stderr).toContain('commit')
    const option = await runCli(['status', '--shrt'], { cwd })
    expect(option.exitCode).toBe(2)
    expect(option.stderr).toContain("Error: unknown option '--shrt'")
  })

  it('says that a directory is no workspace, with what to type, and exits 10', async () => {
    const run = await runCli(['status'], { cwd })
    expect(run.exitCode).toBe(10)
    expect(run.stdout).toBe('')
    expect(run.stderr).toMatch(/^Error: .*\n(?:.*\n)*Hint: .*floe init/)
  })

  it('ends --json with exactly one object, also for an error', async () => {
    const run = await runCli(['status', '--json'], { cwd })
    expect(run.exitCode).toBe(10)
    expect(run.stderr).toBe('')
    expect(run.stdout.trimEnd().split('\n')).toHaveLength(1)
    expect(JSON.parse(run.stdout)).toMatchObject({ ok: false, exitCode: 10, error: { kind: 'not-a-repository' } })
  })

  it('says with --json what is wrong with the words, in one object and nothing else', async () => {
    const cases: [words: string[], message: RegExp | string, hint: string][] = [
      [['qqqq'], "unknown command 'qqqq'", 'floe help'],
      [['checkout', 'main'], "unknown command 'checkout'", 'floe switch BRANCH'],
      [['status', '--shrt'], "unknown option '--shrt'", 'Did you mean --short?'],
      [['clone'], "missing required argument 'repository'", 'floe help clone'],
      [['remote', 'add', 'x'], "missing required argument 'repository'", 'floe help remote add'],
      [['switch', 'a', 'b', 'c'], /^too many arguments/, 'floe help switch'],
    ]
    for (const [words, message, hint] of cases)
      for (const typed of [
        [...words, '--json'],
        ['--json', ...words],
      ]) {
        const run = await runCli(typed, { cwd })
        expect(run, typed.join(' ')).toMatchObject({ exitCode: 2, stderr: '' })
        expect(run.stdout.trimEnd().split('\n')).toHaveLength(1)
        const { ok, exitCode, error } = JSON.parse(run.stdout)
        expect({ ok, exitCode, code: error.code }).toEqual({ ok: false, exitCode: 2, code: 'ARGUMENTS_WRONG' })
        expect(error.message).toMatch(message)
        expect(error.hints.join()).toContain(hint)
      }
    for (const words of [[], ['key'], ['localnet', 'epoch']]) {
      const run = await runCli([...words, '--json'], { cwd })
      expect(run).toMatchObject({ exitCode: 2, stderr: '' })
      expect(JSON.parse(run.stdout)).toMatchObject({ exitCode: 2, error: { code: 'COMMAND_MISSING' } })
    }
    // Behind the dashes it is a path.
    expect(await runCli(['log', '--frob', '--', '--json'], { cwd })).toMatchObject({ exitCode: 2, stdout: '' })
  })

  it('takes an option before a verb that is not there for no verb of its own', async () => {
    for (const words of [
      ['remote', '--json', 'frob'],
      ['stash', '-q', 'frob'],
      ['stash', 'frob'],
    ]) {
      const run = await runCli(words, { cwd })
      expect(run.exitCode).toBe(2)
      expect(run.stdout + run.stderr, words.join(' ')).toContain("unknown command 'frob'")
    }
  })

  it('refuses to help with a command that is not there', async () => {
    for (const words of [
      ['help', 'comit'],
      ['comit', '--help'],
      ['comit', '-h'],
    ]) {
      const run = await runCli(words, { cwd })
      expect(run, words.join(' ')).toMatchObject({ exitCode: 2, stdout: '' })
      expect(run.stderr).toContain('Did you mean commit?')
    }
  })

  it('names only commands that exist in its hints', () => {
    const root = fileURLToPath(new URL('../../src/', import.meta.url))
    const unknown: string[] = []
    for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts')))
      for (const [, words] of readFileSync(join(root, path), 'utf8').matchAll(/`floe ([a-z][a-z -]*)/g)) {
        const [noun = '', verb] = words!.trim().split(' ')
        const entry = REGISTRY[noun]
        if (!entry || ('children' in entry && verb !== undefined && !entry.children[verb]))
          unknown.push(`${path}: floe ${words}`)
      }
    expect(unknown).toEqual([])
  })

  it('has a help page for every command, whose first line is imperative and has no full stop', async () => {
    const visit = async (entries: typeof REGISTRY, words: string[]): Promise<void> => {
      for (const [name, entry] of Object.entries(entries)) {
        expect(entry.summary).toMatch(/^[A-Z][^.]*[^.]$/)
        const run = await runCli([...words, name, '--help'], { cwd })
        expect(run.exitCode, [...words, name].join(' ')).toBe(0)
        expect(run.stdout).toContain(entry.summary)
        if ('children' in entry) await visit(entry.children, [...words, name])
      }
    }
    await visit(REGISTRY, [])
  })
})
