/** `npm run smoke -- --network NAME`: one small push, a clone and a full verification on a network, through the commands that a
 *  user types, and what was seen on the way. On any network but the local one it needs a chosen key with SUI and WAL
 *  (`floe key use`, `floe wallet`) and spends at most `--max-wal` (default 0.2).
 *
 *  Exit status: 0 all seen; else that of the command that failed (12 key or funds, 13 integrity, 14 network). */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { parseArgs } from 'node:util'
import { main } from '../../src/cli/main.ts'

interface Answer {
  ok: boolean
  error?: { code: string; message: string; hints: string[] }
  [field: string]: unknown
}

class SmokeFailure extends Error {
  override name = 'SmokeFailure'
  readonly exitCode: number
  constructor(message: string, exitCode: number) {
    super(message)
    this.exitCode = exitCode
  }
}

export interface SmokeOptions {
  network: string
  maxWal: string
  env: Readonly<Record<string, string | undefined>>
  print(line: string): void
}

/** @returns the exit status; never throws for what a network does */
export async function smoke({ network, maxWal, env, print }: SmokeOptions): Promise<number> {
  const root = mkdtempSync(join(tmpdir(), 'floe-smoke-'))
  const startedAt = performance.now()
  /** Runs a command and gives its JSON. `tell` makes a line of it. */
  const floe = async (cwd: string, args: string[], tell: (answer: Answer) => string): Promise<Answer> => {
    const from = performance.now()
    const typed = `floe ${args.slice(0, args[0] === 'network' ? 2 : 1).join(' ')}`
    const stdout = new PassThrough().setEncoding('utf8')
    const stderr = new PassThrough().setEncoding('utf8')
    let text = ''
    stdout.on('data', (piece: string) => {
      text += piece
    })
    stderr.resume()
    const exitCode = await main([...args, '--json'], { streams: { stdout, stderr }, cwd, env: { ...env, CI: '1' } })
    await new Promise((resolve) => setImmediate(resolve))
    const answer = JSON.parse(text) as Answer
    const seconds = ((performance.now() - from) / 1000).toFixed(1)
    if (exitCode !== 0) {
      const { code = 'CHECK_FAILED', message = firstFailure(answer), hints = [] } = answer.error ?? {}
      print(`failed  ${typed} (${seconds} s)  ${code}: ${message}`)
      for (const hint of hints) print(`        ${hint}`)
      throw new SmokeFailure(code, exitCode)
    }
    print(`ok      ${typed} (${seconds} s)  ${tell(answer)}`)
    return answer
  }
  try {
    await floe(root, ['network', 'check', network], ({ walrus, chainId }) => {
      const { version, epoch, nodes, shards } = walrus as Record<string, number>
      return `chain ${chainId}, Walrus ${version}, epoch ${epoch}, ${nodes} nodes, ${shards} shards`
    })
    if (network === 'local') await floe(root, ['faucet'], ({ address }) => String(address))
    await floe(root, ['wallet', '--network', network], ({ wallets }) => {
      const [{ address, suiMist, walFrost }] = wallets as [Record<string, string>]
      return `${address}: ${suiMist} MIST, ${walFrost} FROST`
    })
    const source = join(root, 'source')
    await floe(root, ['init', source], () => 'a new workspace')
    // Different each time: nothing of an earlier run can be what is read.
    const content = `smoke ${new Date().toISOString()} ${Math.round(performance.now() * 1e6)}\n`
    writeFileSync(join(source, 'smoke.txt'), content)
    await floe(source, ['add', '.'], () => 'one file')
    await floe(source, ['commit', '-m', 'smoke'], ({ commit }) => String(commit))
    const spending = network === 'local' ? [] : ['--max-wal', maxWal, '--public']
    const pushed = await floe(
      source,
      ['push', '--create', 'smoke', '--network', network, '--epochs', '1', '--yes', ...spending],
      ({ repository, cost, digest }) =>
        `repository ${repository}, ${(cost as Record<string, string>)['walFrost']} FROST, transaction ${digest}`,
    )
    const copy = join(root, 'copy')
    await floe(root, ['clone', `${network}:${pushed['repository']}`, copy], ({ files, bytes, badNodes }) => {
      const bad = (badNodes as unknown[]).length
      return `${files} files, ${bytes} bytes${bad > 0 ? `, ${bad} nodes failed` : ''}`
    })
    if (readFileSync(join(copy, 'smoke.txt'), 'utf8') !== content) {
      print('failed  what was cloned is not what was pushed')
      throw new SmokeFailure('SMOKE_CONTENT', 13)
    }
    await floe(copy, ['verify', '--full'], ({ checks, endEpoch }) => {
      return `${(checks as unknown[]).length} checks, kept until epoch ${endEpoch}`
    })
    print(`all seen on ${network} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
    return 0
  } catch (error) {
    if (error instanceof SmokeFailure) return error.exitCode
    throw error
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** Of a report that lists steps. */
function firstFailure(answer: Answer): string {
  const steps = (answer['steps'] ?? []) as { ok: boolean; check: string; detail: string; code?: string }[]
  const failed = steps.find(({ ok }) => !ok)
  if (failed) return `${failed.check}: ${failed.detail} (${failed.code})`
  const rows = (answer['wallets'] ?? []) as { error: { code: string; message: string } | null }[]
  const error = rows.find((row) => row.error !== null)?.error
  return error ? `${error.message} (${error.code})` : 'the command failed'
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      network: { type: 'string', default: 'local' },
      'max-wal': { type: 'string', default: '0.2' },
    },
  })
  process.exitCode = await smoke({
    network: values.network,
    maxWal: values['max-wal'],
    env: process.env,
    print: (line) => process.stdout.write(`${line}\n`),
  })
}
