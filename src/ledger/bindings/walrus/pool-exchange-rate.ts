/** `walrus::pool_exchange_rate`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, u128, variants } from '../../layout.ts'

export const PoolExchangeRate = variants('pool_exchange_rate', 'PoolExchangeRate', {
  Flat: {},
  Variable: {
    walAmount: u128,
    shareAmount: u128,
  },
})
export type PoolExchangeRate = LayoutOf<typeof PoolExchangeRate>
