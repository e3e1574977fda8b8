/** All services of the local ledger, by the names that clients call. */

import type { Chain } from '../ledger/chain.ts'
import { notFound } from '../ledger/errors.ts'
import type { Handlers, ServiceHandlers, Unary } from './dispatch.ts'
import { executionService } from './execution-service.ts'
import { forkingService } from './forking-service.ts'
import { ledgerService } from './ledger-service.ts'
import type { Proto } from './messages.ts'
import { packageService } from './package-service.ts'
import { signatureService } from './signature-service.ts'
import { stateService } from './state-service.ts'
import { subscriptionService } from './subscription-service.ts'

/** There are no names here; the answers are those that clients take for "no such name". */
function nameService(): Handlers {
  const lookupName: Unary<Proto.LookupNameRequest, Proto.LookupNameResponse> = () => {
    throw notFound('name not found')
  }
  const reverseLookupName: Unary<Proto.ReverseLookupNameRequest, Proto.ReverseLookupNameResponse> = () => ({})
  return { LookupName: lookupName, ReverseLookupName: reverseLookupName }
}

export function createServices(chain: Chain): ServiceHandlers {
  return {
    'sui.rpc.v2.LedgerService': ledgerService(chain),
    'sui.rpc.v2.StateService': stateService(chain),
    'sui.rpc.v2.TransactionExecutionService': executionService(chain),
    'sui.rpc.v2.MovePackageService': packageService(chain),
    'sui.rpc.v2.SubscriptionService': subscriptionService(chain),
    'sui.rpc.v2.SignatureVerificationService': signatureService(),
    'sui.rpc.v2.NameService': nameService(),
    'sui.forking.v1alpha.ForkingService': forkingService(chain),
  }
}
