/** `floe` packages that this user has published: `<home>/deployments/<network>.json`. They are trusted on their chain like
 *  those of the network's profile. */

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { utf8 } from '../base/bytes.ts'
import { UsageError } from '../base/errors.ts'
import type { FloeUpgrade, NetworkProfile } from '../ledger/networks.ts'
import { ensureDirectory, replaceFile } from '../store/atomic-file.ts'
import { nodeFs } from '../store/node-fs.ts'

const address = v.pipe(v.string(), v.regex(/^0x[0-9a-f]{64}$/))
const deploymentSchema = v.strictObject({
  packageId: address,
  /** As profiles have it. A network that was reset has another one, and what was published there is gone. */
  chainId: v.pipe(v.string(), v.regex(/^[0-9a-f]{8}$/)),
  publisher: address,
  /** Transaction that published it. */
  digest: v.pipe(v.string(), v.maxLength(64)),
  publishedMs: v.number(),
  /** True if new repositories are created with it. */
  isDefault: v.boolean(),
  /** What became of the right to upgrade. */
  upgrades: v.variant('$kind', [
    /** The capability lies with the publisher: publishing was interrupted before it was locked. */
    v.strictObject({ $kind: v.literal('open'), upgradeCapId: address }),
    /** Locked in a shared policy: each upgrade is proposed in public and waits. */
    v.strictObject({ $kind: v.literal('delayed'), policyId: address, keyId: address, delayMs: v.number() }),
    v.strictObject({ $kind: v.literal('never') }),
  ]),
  /** What the proposal that waits was made of; the package is linked to the same when it is upgraded. */
  proposed: v.optional(v.strictObject({ digest: v.string(), dependencies: v.array(address) })),
  /** Later versions, in order. */
  upgraded: v.optional(
    v.array(
      v.strictObject({
        packageId: address,
        /** `repository::VERSION` of its code. */
        contract: v.number(),
        digest: v.pipe(v.string(), v.maxLength(64)),
        upgradedMs: v.number(),
      }),
    ),
  ),
})
const fileSchema = v.strictObject({ deployments: v.pipe(v.array(deploymentSchema), v.maxLength(64)) })

export type Deployment = v.InferOutput<typeof deploymentSchema>

const MAX_BYTES = 256 * 1024

/** In the order of publishing.
 *  @throws {UsageError} DEPLOYMENTS_MALFORMED naming the file */
export async function readDeployments(homeDir: string, network: string): Promise<Deployment[]> {
  const path = pathOf(homeDir, network)
  let text: string
  try {
    if ((await stat(path)).size > MAX_BYTES) throw malformed(path, 'it is too long')
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw malformed(path, 'it is not JSON', error)
  }
  const result = v.safeParse(fileSchema, value)
  if (!result.success) throw malformed(path, result.issues[0].message)
  return result.output.deployments
}

/** Adds a deployment, or replaces the one of the same package. A new default takes the place of the old one. */
export async function recordDeployment(homeDir: string, network: string, deployment: Deployment): Promise<void> {
  const others = (await readDeployments(homeDir, network))
    .filter(({ packageId }) => packageId !== deployment.packageId)
    .map((other) => (deployment.isDefault ? { ...other, isDefault: false } : other))
  await ensureDirectory(nodeFs, join(homeDir, 'deployments'))
  const text = `${JSON.stringify({ deployments: [...others, deployment] }, null, 2)}\n`
  await replaceFile(nodeFs, pathOf(homeDir, network), [utf8(text)], { tmpDir: homeDir })
}

/** The profile with the user's own packages trusted, and all later versions; the last id creates new repositories. */
export async function withDeployments(homeDir: string, profile: NetworkProfile): Promise<NetworkProfile> {
  const found = (await readDeployments(homeDir, profile.name)).filter(
    ({ chainId }) => profile.chainId === undefined || chainId === profile.chainId,
  )
  const floeUpgrades = [...(profile.floeUpgrades ?? []), ...found.flatMap(upgradesOf)]
  if (found.length === 0 && floeUpgrades.length === 0) return profile
  const ids = (isDefault: boolean) => found.filter((one) => one.isDefault === isDefault).map((one) => one.packageId)
  const firstVersions = new Set([...ids(false), ...profile.floePackageIds, ...ids(true)])
  const later = (id: string) => floeUpgrades.filter(({ originalId }) => originalId === id).map((one) => one.packageId)
  const floePackageIds = [...new Set([...firstVersions].flatMap((id) => [id, ...later(id)]))]
  return { ...profile, floePackageIds, ...(floeUpgrades.length > 0 ? { floeUpgrades } : {}) }
}

function upgradesOf({ packageId: originalId, upgraded = [] }: Deployment): FloeUpgrade[] {
  return upgraded.map(({ packageId, contract }) => ({ packageId, originalId, contract }))
}

function pathOf(homeDir: string, network: string): string {
  return join(homeDir, 'deployments', `${network}.json`)
}

function malformed(path: string, why: string, cause?: unknown): UsageError {
  return new UsageError('DEPLOYMENTS_MALFORMED', `the list of published packages ${path} cannot be used: ${why}`, {
    data: { file: path },
    hints: ['Correct the file, or move it away: packages can be trusted with --trust-package'],
    cause,
  })
}
