/** `walrus::messages`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, variants } from '../../layout.ts'

export const BlobPersistenceType = variants('messages', 'BlobPersistenceType', {
  Permanent: {},
  Deletable: {
    objectId: address,
  },
})
export type BlobPersistenceType = LayoutOf<typeof BlobPersistenceType>
