/** What `doctor` says about keys and networks: whether the one could sign on the other, and whether that one answers. */

import { FloeError } from '../base/errors.ts'
import { ByteReader, CodecError } from '../codec/cursor.ts'
import { ChainRecordError } from '../ledger/errors.ts'
import { examineKeyFiles } from '../ledger/keystore.ts'
import type { Finding } from './doctor.ts'
import { checkNetwork } from './network-check.ts'
import { openRemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'
import { openChosenSigner } from './wallet-choice.ts'

/** Coins and epochs are counted by the chain's clock; a machine that is further off misjudges both. */
const MAX_CHAIN_SKEW_MS = 5 * 60_000
const CLOCK_OBJECT = '0x6'

/** @param network - of the workspace's remote, if it has one */
export async function checkKeys(homeDir: string, network: string | null): Promise<Finding> {
  const finding = (state: Finding['state'], detail: string, advice: string | null = null): Finding => ({
    check: 'keys',
    state,
    detail,
    advice,
  })
  try {
    const { keys, problems } = await examineKeyFiles(homeDir)
    const [problem] = problems
    if (problem) return finding('problem', problem.message, problem.hints[0] ?? null)
    const chosen = await openChosenSigner(homeDir)
    if (chosen) return finding('ok', `${chosen.address} signs outside the local network`)
    if (network !== null && network !== 'local')
      return finding('warning', `no key is chosen for ${network}`, '`floe key use ALIAS` or `floe key use --sui-cli`')
    if (keys.length > 0) return finding('ok', keys.map(({ alias }) => alias).join(', '))
    return finding('ok', 'none yet; the local network makes its own')
  } catch (error) {
    if (!(error instanceof FloeError)) throw error
    return finding('problem', error.message, error.hints[0] ?? null)
  }
}

/** Reachable, as its profile says, with a trusted package, and by the same clock.
 *  @param network - of the workspace's remote; null: there is none, and nothing is asked */
export async function checkRemoteNetwork(network: string | null, options: RemoteOptions): Promise<Finding[]> {
  const finding = (state: Finding['state'], detail: string, advice: string | null = null): Finding => ({
    check: 'network',
    state,
    detail,
    advice,
  })
  if (network === null) return [finding('ok', 'this workspace has no remote yet')]
  try {
    const report = await checkNetwork(network, options)
    const failed = report.steps.find(({ ok }) => !ok)
    if (failed) {
      const advice = failed.hints?.[0] ?? `\`floe network check ${network}\` says more`
      return [finding('problem', `${network}: ${failed.detail}`, advice)]
    }
    const walrus = report.walrus!
    return [
      finding('ok', `${network}: ${walrus.nodes} nodes, epoch ${walrus.epoch}`),
      ...(await checkChainClock(network, options)),
    ]
  } catch (error) {
    if (!(error instanceof FloeError) || error.kind === 'cancelled') throw error
    return [finding('problem', error.message, error.hints[0] ?? null)]
  }
}

/** Nothing if the clocks agree. The local network's is this machine's, and its object shows the last transaction. */
async function checkChainClock(network: string, options: RemoteOptions): Promise<Finding[]> {
  const { ledger, profile } = await openRemoteContext(network, options)
  if (profile.local) return []
  const clock = await ledger.fetchObject(CLOCK_OBJECT, options.signal ? { signal: options.signal } : {})
  if (!clock) return []
  const skewMs = readTimestamp(clock.content) - Date.now()
  if (Math.abs(skewMs) <= MAX_CHAIN_SKEW_MS) return []
  return [
    {
      check: 'clock',
      state: 'warning',
      detail: `the clock of ${network} is ${Math.round(Math.abs(skewMs) / 60_000)} min ${skewMs > 0 ? 'ahead of' : 'behind'} this machine`,
      advice: 'set the clock of this machine; what expires, expires by that of the network',
    },
  ]
}

/** `0x2::clock::Clock`: id and milliseconds. */
function readTimestamp(content: Uint8Array): number {
  try {
    const reader = new ByteReader(content)
    reader.bytes(32)
    const timestampMs = reader.safeU64()
    reader.end()
    return timestampMs
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    throw new ChainRecordError('LEDGER_RECORD_MALFORMED', 'the clock of the network has an unknown layout', {
      cause: error,
    })
  }
}
