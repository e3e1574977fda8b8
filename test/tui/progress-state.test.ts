import { describe, expect, it } from 'vitest'
import { EMPTY_STATE, MAX_BAD_NODES, reduceProgress } from '../../src/tui/progress-state.ts'

const uploading = { $kind: 'uploading', pack: 1, packs: 2, totalBytes: 100, confirmedShards: 0, shards: 208 } as const

describe('reduceProgress', () => {
  it('keeps one line per phase, in the order in which phases began', () => {
    let state = reduceProgress(EMPTY_STATE, { $kind: 'scanned', objects: 3, bytes: 30 })
    state = reduceProgress(state, { ...uploading, doneBytes: 10 })
    state = reduceProgress(state, { ...uploading, doneBytes: 60 })
    expect([...state.phases.keys()]).toEqual(['scan', 'upload'])
    expect(state.phases.get('upload')).toEqual({
      label: 'uploading 1/2',
      done: 60,
      total: 100,
      unit: 'bytes',
      finished: false,
    })
  })

  it('never shows more done than there is, although totals are estimates', () => {
    const state = reduceProgress(EMPTY_STATE, { $kind: 'downloading', doneBytes: 120, totalBytes: 100 })
    expect(state.phases.get('download')).toMatchObject({ done: 100, total: 100, finished: true })
  })

  it('keeps counting while the total is not known', () => {
    const state = reduceProgress(EMPTY_STATE, { $kind: 'downloading', doneBytes: 7, totalBytes: 0 })
    expect(state.phases.get('download')).toMatchObject({ done: 7, total: 0, finished: false })
  })

  it('names each failing node once, and a bounded number of them', () => {
    let state = EMPTY_STATE
    for (let i = 0; i < 50; i++)
      state = reduceProgress(state, { $kind: 'node-failed', node: `n${i % 20}`, url: '', reason: 'slow' })
    expect(state.badNodes.map((bad) => bad.node)).toEqual(Array.from({ length: MAX_BAD_NODES }, (_, i) => `n${i}`))
  })
})
