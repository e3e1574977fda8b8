/** A training loop that saves each checkpoint as a version, dies, and goes on elsewhere from the last one that is certified. */

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  add,
  clone,
  commit,
  commitStatement,
  initWorkspace,
  localNetworkProfile,
  openWorkspace,
  push,
  type RemoteOptions,
} from 'floe'
import { startLocalNetwork } from 'floe/localnet'

const FEATURES = 4_096
const AUTHOR = { name: 'trainer', email: '' }

interface Checkpoint {
  step: number
  weights: Float32Array
}

/** A stand-in for an optimiser step: only the first rows move, as when the rest of a model is frozen. */
function train(checkpoint: Checkpoint, steps: number): Checkpoint {
  const weights = checkpoint.weights.slice()
  for (let i = 0; i < FEATURES / 16; i++) weights[i] = weights[i]! * 0.99 + checkpoint.step * 1e-3
  return { step: checkpoint.step + steps, weights }
}

async function save(dir: string, checkpoint: Checkpoint): Promise<void> {
  await mkdir(join(dir, 'checkpoints'), { recursive: true })
  await writeFile(join(dir, 'checkpoints', 'latest.f32'), new Uint8Array(checkpoint.weights.buffer))
  await writeFile(join(dir, 'checkpoints', 'state.json'), JSON.stringify({ step: checkpoint.step }))
}

async function load(dir: string): Promise<Checkpoint> {
  const bytes = await readFile(join(dir, 'checkpoints', 'latest.f32'))
  const state: { step: number } = JSON.parse(await readFile(join(dir, 'checkpoints', 'state.json'), 'utf8'))
  return {
    step: state.step,
    weights: new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
  }
}

async function publish(dir: string, checkpoint: Checkpoint, remote: RemoteOptions, name?: string): Promise<string> {
  await save(dir, checkpoint)
  await using workspace = await openWorkspace(dir)
  await add(workspace, { all: true })
  await commit(workspace, {
    message: `step ${checkpoint.step}`,
    author: AUTHOR,
    attachments: await commitStatement(dir),
  })
  const pushed = await push(dir, { ...remote, ...(name ? { create: { name, network: 'local' } } : {}), yes: true })
  return `local:${pushed.repository}`
}

/** @param log - told what happened, a line at a time
 *  @returns the step that training reached */
export async function trainAndResume(log: (line: string) => void): Promise<number> {
  const root = await mkdtemp(join(tmpdir(), 'floe-example-'))
  await using network = await startLocalNetwork({ dir: join(root, 'network'), sync: false })
  const remote: RemoteOptions = { homeDir: join(root, 'home'), networks: [localNetworkProfile(network)] }
  try {
    const first = join(root, 'run-1')
    await initWorkspace(first, {})
    let checkpoint: Checkpoint = { step: 0, weights: new Float32Array(FEATURES).fill(0.5) }
    let repository = ''
    for (const name of ['demo-model', undefined]) {
      checkpoint = train(checkpoint, 100)
      repository = await publish(first, checkpoint, remote, name)
      log(`step ${checkpoint.step} is certified`)
    }

    // This save never reaches the network: the machine is gone. The branch still names the last certified step.
    await save(first, train(checkpoint, 100))
    await rm(first, { recursive: true })
    log('the machine is gone')

    const second = join(root, 'run-2')
    await clone(repository, second, remote)
    const resumed = await load(second)
    log(`resumed at step ${resumed.step}`)
    const further = train(resumed, 100)
    await publish(second, further, remote)
    log(`step ${further.step} is certified`)
    return further.step
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

if (import.meta.main) await trainAndResume(console.log)
