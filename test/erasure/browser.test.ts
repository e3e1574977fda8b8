import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { loadCoder } from '../../src/erasure/browser.ts'
import { createSyncCoder } from '../../src/erasure/sync.ts'

/** What is imported, types aside, from the file on: modules of packages by name. */
function reach(url: URL, seen: Set<string>, packages: Set<string>): void {
  if (seen.has(url.href)) return
  seen.add(url.href)
  const source = readFileSync(fileURLToPath(url), 'utf8')
  for (const [, type, target] of source.matchAll(/^(?:import|export) (type )?(?:[^'"]*? from )?'([^']+)'/gm)) {
    if (type) continue
    if (target!.startsWith('.')) reach(new URL(target!, url), seen, packages)
    else packages.add(target!)
  }
}

const answer =
  (body: Uint8Array | null, status = 200) =>
  async () =>
    new Response(body as Uint8Array<ArrayBuffer> | null, { status })
const scalar = readFileSync(new URL('../../src/erasure/kernels/rs2-scalar.wasm', import.meta.url))

describe('the coder for browsers', () => {
  it('reaches no module of Node', () => {
    const seen = new Set<string>()
    const packages = new Set<string>()
    reach(new URL('../../src/erasure/browser.ts', import.meta.url), seen, packages)
    expect(seen.size).toBeGreaterThan(15)
    expect([...packages]).toEqual(['@noble/hashes/blake2.js'])
  })

  it('runs whichever kernel it is given', async () => {
    const coder = await loadCoder({ fetch: answer(scalar) })
    const blob = createRng(1).fill(new Uint8Array(1000))
    expect(coder.computeBlobId(10, blob)).toEqual(createSyncCoder().computeBlobId(10, blob))
  })

  it('asks in the folder it is told, fastest kernel first, and passes over what the browser cannot run', async () => {
    const asked: string[] = []
    const coder = await loadCoder({
      kernels: 'https://example.test/kernels/',
      fetch: async (url) => {
        asked.push(String(url))
        return new Response(asked.length < 3 ? new Uint8Array([0, 97, 115, 109]) : scalar)
      },
    })
    expect(asked.map((url) => new URL(url).pathname)).toEqual([
      '/kernels/rs2-relaxed.wasm',
      '/kernels/rs2.wasm',
      '/kernels/rs2-scalar.wasm',
    ])
    expect(coder.computeBlobId(4, new Uint8Array(0)).params.shardCount).toBe(4)
  })

  it('says with a code that there is none', async () => {
    const none = { code: 'ERASURE_KERNEL' }
    await expect(loadCoder({ fetch: answer(null, 404) })).rejects.toMatchObject({ ...none, data: { status: 404 } })
    await expect(loadCoder({ fetch: answer(new Uint8Array(3)) })).rejects.toMatchObject(none)
  })
})
