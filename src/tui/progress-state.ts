/** Folds progress events into what the view shows. Pure, so that it is tested without a terminal. */

import type { ProgressEvent } from '../repo/progress.ts'

export interface Phase {
  label: string
  done: number
  /** 0 while it is not known. */
  total: number
  /** What `done` and `total` count. */
  unit: 'bytes' | 'files' | 'objects' | 'packs' | 'shards'
  finished: boolean
}

export interface ProgressState {
  phases: ReadonlyMap<string, Phase>
  /** Nodes that failed or lied, in order of appearance. */
  badNodes: readonly { node: string; reason: string }[]
}

export const EMPTY_STATE: ProgressState = { phases: new Map(), badNodes: [] }

/** At most this many failing nodes are listed; a network has about a hundred. */
export const MAX_BAD_NODES = 8

export function reduceProgress(state: ProgressState, event: ProgressEvent): ProgressState {
  const set = (key: string, phase: Phase): ProgressState => ({
    ...state,
    phases: new Map(state.phases).set(key, phase),
  })
  switch (event.$kind) {
    case 'scanned':
      return set('scan', { label: 'to send', done: event.bytes, total: event.bytes, unit: 'bytes', finished: true })
    case 'packed':
      return set('pack', packs('packing', event))
    case 'encoded':
      return set('encode', packs('encoding', event))
    case 'registered':
      return set('register', {
        label: 'registered',
        done: event.packs,
        total: event.packs,
        unit: 'packs',
        finished: true,
      })
    case 'uploading':
      return set('upload', {
        label: event.packs > 1 ? `uploading ${event.pack}/${event.packs}` : 'uploading',
        done: event.doneBytes,
        total: event.totalBytes,
        unit: 'bytes',
        finished: false,
      })
    case 'uploaded':
      return set('upload', {
        label: 'confirmed',
        done: event.confirmedShards,
        total: event.shards,
        unit: 'shards',
        finished: event.pack === event.packs,
      })
    case 'certified':
      return set('certify', {
        label: 'certified',
        done: event.packs,
        total: event.packs,
        unit: 'packs',
        finished: true,
      })
    case 'downloading':
      return set('download', bar('downloading', event.doneBytes, event.totalBytes, 'bytes'))
    case 'staging':
      return set('stage', bar('reading files', event.doneFiles, 0, 'files'))
    case 'checking-out':
      return set('checkout', bar('writing files', event.doneFiles, event.totalFiles, 'files'))
    case 'verifying':
      return set('verify', bar('verifying', event.doneObjects, event.totalObjects, 'objects'))
    case 'node-failed':
      return state.badNodes.length >= MAX_BAD_NODES || state.badNodes.some((bad) => bad.node === event.node)
        ? state
        : { ...state, badNodes: [...state.badNodes, { node: event.node, reason: event.reason }] }
    default:
      return state
  }
}

function packs(label: string, event: { pack: number; packs: number }): Phase {
  return { label, done: event.pack, total: event.packs, unit: 'packs', finished: event.pack === event.packs }
}

function bar(label: string, done: number, total: number, unit: Phase['unit']): Phase {
  // A total of 0 is not known yet.
  return { label, done: total > 0 ? Math.min(done, total) : done, total, unit, finished: total > 0 && done >= total }
}
