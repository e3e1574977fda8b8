/** Trees: all paths of a version. One door to building, reading, comparing and proving. */

export { comparePaths } from './path.ts'
export { buildTree, TreeBuilder, type TreeChange, updateTree } from './tree-build.ts'
export { diffTrees, sameEntry, type TreeDifference } from './tree-diff.ts'
export { createTreeNodeCache, type TreeNodeCache } from './tree-load.ts'
export { encodeTreeNode, parseTreeNode, type TreeEntry, type TreeLink, type TreeNode } from './tree-node.ts'
export { proveEntry, type TreeProof, verifyEntryProof } from './tree-proof.ts'
export { findEntry, isInTree, treeNodeIds, treeTotals, verifyTree, walkTree, walkTreeNodes } from './tree-walk.ts'
