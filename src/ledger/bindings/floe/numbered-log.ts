/** `floe::numbered_log`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, struct, table } from '../../layout.ts'

export const NumberedLog = struct('numbered_log', 'NumberedLog', {
  records: table,
  newest: table,
})
export type NumberedLog = LayoutOf<typeof NumberedLog>
