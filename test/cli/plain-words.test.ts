import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { Command } from 'commander'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { plainMain } from '../../src/cli/plain-main.ts'
import { plainWords } from '../../src/cli/plain-words.ts'
import { REGISTRY } from '../../src/cli/registry.ts'
import { runCli } from './run-cli.ts'

let dir = ''
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'floe-plain-'))
  const run = async (...words: string[]) => expect((await runCli(words, { cwd: dir })).exitCode).toBe(0)
  await run('init')
  for (const name of ['a', 'b/c', 'b/d', 'e']) {
    mkdirSync(join(dir, name, '..'), { recursive: true })
    writeFileSync(join(dir, name), name)
  }
  await run('add', '-A')
  await run('commit', '--no-provenance', '-m', 'one')
  writeFileSync(join(dir, 'a'), 'other')
  await run('add', 'a')
  writeFileSync(join(dir, 'b/c'), 'other')
  writeFileSync(join(dir, 'new'), 'new')
})
afterAll(() => rmSync(dir, { recursive: true }))

/** What the parser of all commands makes of the words after the verb. */
async function parsed(
  verb: string,
  words: readonly string[],
): Promise<{ args: string[]; options: object } | undefined> {
  const entry = REGISTRY[verb]!
  if (!('load' in entry)) throw new Error('not a verb')
  let result: { args: string[]; options: object } | undefined
  const command = new Command(verb)
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} })
    .option('--json', '')
    .option('-q, --quiet', '')
  ;(await entry.load()).define(command)
  command.action(() => {
    result = { args: command.args, options: command.opts() }
  })
  try {
    await command.parseAsync([...words], { from: 'user' })
  } catch {
    return undefined
  }
  return result
}

async function runPlain(argv: readonly string[]) {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const plain = plainWords(argv)
  if (!plain) throw new Error('not plain')
  const env = { FLOE_HOME: `${dir}/home`, CI: '1' }
  const exitCode = await plainMain(plain, argv, { streams: { stdout, stderr }, cwd: dir, env })
  await new Promise((resolve) => setImmediate(resolve))
  return { exitCode, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') }
}

describe('plain words', () => {
  it('mean what the parser makes of them', async () => {
    const flags = [
      '-s',
      '--short',
      '--staged',
      '--name-status',
      '--name-only',
      '--stat',
      '--no-renames',
      '-c',
      '--create',
      '-d',
      '-f',
      '--force',
    ]
    const others = [
      '--json',
      '-q',
      '--quiet',
      '--path',
      '-C',
      '--',
      '-',
      '-sq',
      '--sta',
      '--short=1',
      '--help',
      '--no-',
    ]
    const words = fc.array(fc.constantFrom(...flags, ...others, 'HEAD', 'a', 'b/c', ''), { maxLength: 5 })
    let plainCount = 0
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('status', 'diff', 'switch'), words, async (verb, typed) => {
        const plain = plainWords([verb, ...typed])
        if (!plain) return
        plainCount++
        const { args, options, globals } = plain
        expect({ args, options: { ...options, ...globals } }).toEqual(await parsed(verb, typed))
      }),
      { numRuns: 600 },
    )
    expect(plainCount).toBeGreaterThan(60)
  })

  it('leave to the parser what it alone understands', () => {
    for (const words of [
      [],
      ['--version'],
      ['-C', 'x', 'status'],
      ['status', '--help'],
      ['diff', 'a', 'b', 'c'],
      ['log'],
    ])
      expect(plainWords(words)).toBeUndefined()
    expect(plainWords(['status', '--toString'])).toBeUndefined()
    expect(plainWords(['toString'])).toBeUndefined()
  })

  it('print what the parser would have printed', async () => {
    for (const argv of [
      ['status'],
      ['status', '-s'],
      ['status', '--json'],
      ['status', '-q', 'b'],
      ['diff'],
      ['diff', '--staged', '--name-only'],
      ['diff', 'HEAD', 'nowhere'],
      ['diff', 'HEAD', 'nowhere', '--json'],
      ['switch', 'nowhere'],
      ['switch', 'main', '--json'],
    ]) {
      const plain = await runPlain(argv)
      expect(plain).toEqual(await runCli(argv, { cwd: dir }))
      expect(plain.stdout + plain.stderr).not.toBe('')
    }
  })
})
