/** The encoder in a real browser: headless Chromium loads the sources, types stripped, from a server of this test. */

import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { createRng } from '../../src/base/rng.ts'
import { createSyncCoder } from '../../src/erasure/sync.ts'

const root = new URL('../../', import.meta.url)
const chromium = process.env['FLOE_CHROMIUM'] ?? 'chromium'
const TIMEOUT_MS = 600_000

const CASES = [
  [4, 0],
  [7, 1],
  [10, 1000],
  [13, 65_537],
  [100, 300_001],
  [1000, 1],
] as const

/** What the page does; it posts its findings, or its error, to /result. */
const PAGE = `<!doctype html><meta charset="utf-8">
<script type="importmap">{"imports":{"@noble/hashes/blake2.js":"/node_modules/@noble/hashes/blake2.js"}}</script>
<script type="module">
try {
  const { loadCoder } = await import('/src/erasure/browser.ts')
  const { createRng } = await import('/src/base/rng.ts')
  const { toHex } = await import('/src/base/bytes.ts')
  const coder = await loadCoder()
  const results = []
  for (const [shardCount, bytes] of ${JSON.stringify(CASES)}) {
    const blob = createRng(bytes).fill(new Uint8Array(bytes))
    const encoded = coder.encodeBlob(shardCount, blob)
    const { primarySourceCount: kp, secondarySourceCount: ks } = encoded.params
    const last = (axis, count) => Array.from({ length: count }, (_, i) => encoded.sliver(axis, shardCount - 1 - i))
    const decoded = ['primary', 'secondary'].map((axis) =>
      toHex(coder.decodeBlob(encoded.metadata, axis, last(axis, axis === 'primary' ? kp : ks))) === toHex(blob))
    coder.verifySliver(encoded.metadata, 'secondary', encoded.sliver('secondary', shardCount - 1))
    const damaged = encoded.sliver('primary', 0)
    damaged.bytes[0] ^= 1
    let refused = ''
    try { coder.verifySliver(encoded.metadata, 'primary', damaged) } catch (error) { refused = error.code }
    const symbols = coder.recoverySymbols(encoded.metadata, 'secondary', encoded.sliver('secondary', 0), [0])
    results.push({ blobId: toHex(encoded.blobId), pairHashes: toHex(encoded.metadata.pairHashes), decoded, refused,
      symbol: toHex(symbols[0].bytes), proof: symbols[0].proof.length })
  }
  await fetch('/result', { method: 'POST', body: JSON.stringify({ results, shared: typeof SharedArrayBuffer, node: typeof process }) })
} catch (error) {
  await fetch('/result', { method: 'POST', body: JSON.stringify({ error: String(error?.stack ?? error) }) })
}
</script>`

interface Findings {
  error?: string
  shared?: string
  node?: string
  results?: {
    blobId: string
    pairHashes: string
    decoded: boolean[]
    refused: string
    symbol: string
    proof: number
  }[]
}

async function serve(request: IncomingMessage, response: ServerResponse, done: (body: string) => void): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  if (pathname === '/result') {
    let body = ''
    for await (const piece of request) body += piece
    response.end()
    return done(body)
  }
  if (pathname === '/') return void response.setHeader('content-type', 'text/html').end(PAGE)
  if (!/^\/(src\/(base|erasure)|node_modules\/@noble\/hashes)\/[\w./-]+$/.test(pathname) || pathname.includes('..'))
    return void response.writeHead(404).end()
  const content = await readFile(fileURLToPath(new URL(`.${pathname}`, root)))
  if (pathname.endsWith('.wasm')) return void response.setHeader('content-type', 'application/wasm').end(content)
  response.setHeader('content-type', 'text/javascript')
  response.end(pathname.endsWith('.ts') ? stripTypeScriptTypes(content.toString()) : content)
}

/** Opens the page in a browser of its own and waits for what it posts. */
async function browse(): Promise<Findings> {
  const profile = await mkdtemp(join(tmpdir(), 'floe-chromium-'))
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const server = createServer((request, response) => {
    serve(request, response, resolve).catch(() => response.writeHead(500).end())
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run']
  const browser = spawn(chromium, [...flags, `--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`], {
    stdio: 'ignore',
    // A group of its own: the browser is a dozen processes, all of which have to go.
    detached: true,
  })
  const timer = setTimeout(() => reject(new Error('the page did not answer in time')), TIMEOUT_MS)
  browser.on('error', reject)
  const exited = new Promise((gone) => browser.on('close', gone))
  exited.then(() => reject(new Error('the browser ended before the page answered')))
  try {
    return JSON.parse(await promise) as Findings
  } finally {
    clearTimeout(timer)
    if (browser.pid !== undefined && browser.exitCode === null) {
      process.kill(-browser.pid, 'SIGKILL')
      await exited
    }
    server.closeAllConnections()
    server.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

describe('in headless Chromium', () => {
  it('the encoder gives the bytes it gives in Node', async () => {
    const { error, results, shared, node } = await browse()
    expect(error).toBeUndefined()
    // A page without cross-origin isolation, and nothing of Node.
    expect({ shared, node }).toEqual({ shared: 'undefined', node: 'undefined' })
    const coder = createSyncCoder()
    expect(results).toEqual(
      CASES.map(([shardCount, bytes]) => {
        const encoded = coder.encodeBlob(shardCount, createRng(bytes).fill(new Uint8Array(bytes)))
        const [symbol] = coder.recoverySymbols(encoded.metadata, 'secondary', encoded.sliver('secondary', 0), [0])
        return {
          blobId: toHex(encoded.blobId),
          pairHashes: toHex(encoded.metadata.pairHashes),
          decoded: [true, true],
          refused: 'ERASURE_SLIVER_MISMATCH',
          symbol: toHex(symbol!.bytes),
          proof: symbol!.proof.length,
        }
      }),
    )
  })
})
