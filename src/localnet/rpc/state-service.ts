/** `sui.rpc.v2.StateService`: what an address owns, balances, coin types, dynamic fields. */

import type { Chain } from '../ledger/chain.ts'
import { type DynamicFieldView, dynamicFieldView } from '../ledger/dynamic-field.ts'
import { invalidArgument, notFound } from '../ledger/errors.ts'
import { ACCUMULATOR_ROOT, readFunds } from '../ledger/funds.ts'
import { coinType, coinValue, type LedgerObject } from '../ledger/object.ts'
import { datatypeType, normalizeAddress, parseType, SUI_FRAMEWORK_ADDRESS } from '../movevm/types.ts'
import { coinMetadata, treasury } from './coin-info.ts'
import type { Handlers, Unary } from './dispatch.ts'
import { FieldMask } from './field-mask.ts'
import { Proto } from './messages.ts'
import { objectMessage } from './object-message.ts'
import { pageOf, parsePageToken } from './paging.ts'
import { createTypeFilter } from './type-filter.ts'

function requiredAddress(text: string | undefined, field: string): string {
  if (!text) throw invalidArgument(`missing ${field}`)
  return normalizeAddress(text)
}

function coinOf(object: LedgerObject): string | undefined {
  return object.data.kind === 'move' && object.owner.kind === 'address' ? coinType(object.data.type) : undefined
}

interface Holding {
  coins: bigint
  funds: bigint
}

function balanceMessage(type: string, { coins, funds }: Holding): Proto.Balance {
  return { coinType: type, balance: coins + funds, coinBalance: coins, addressBalance: funds }
}

export function stateService(chain: Chain): Handlers {
  const { state } = chain

  function balances(owner: string): Map<string, Holding> {
    const sums = new Map<string, Holding>()
    const holding = (type: string) => {
      const known = sums.get(type) ?? { coins: 0n, funds: 0n }
      sums.set(type, known)
      return known
    }
    for (const id of state.childIds(ACCUMULATOR_ROOT)) {
      const funds = readFunds(state.getObject(id)!)
      if (funds.owner === owner) holding(funds.coinType).funds += funds.amount
    }
    for (const id of state.ownedIds(owner)) {
      const object = state.getObject(id)!
      const type = coinOf(object)
      if (type !== undefined) holding(type).coins += coinValue(object)
    }
    return sums
  }

  const listOwnedObjects: Unary<Proto.ListOwnedObjectsRequest, Proto.ListOwnedObjectsResponse> = (request) => {
    const owner = requiredAddress(request.owner, 'owner')
    const mask = FieldMask.parse(Proto.Object, request.readMask, ['object_id', 'version', 'object_type'])
    const wanted = request.objectType ? createTypeFilter(request.objectType) : undefined
    const ids = state.ownedIds(owner, parsePageToken(request.pageToken))
    const page = pageOf(ids, request.pageSize, (id) => {
      const object = state.getObject(id)!
      const matches = !wanted || (object.data.kind === 'move' && wanted(object.data.type))
      return matches ? objectMessage(object, mask, state) : undefined
    })
    return { objects: page.items, nextPageToken: page.nextPageToken }
  }

  const getBalance: Unary<Proto.GetBalanceRequest, Proto.GetBalanceResponse> = (request) => {
    const owner = requiredAddress(request.owner, 'owner')
    if (!request.coinType) throw invalidArgument('missing coin_type')
    const type = parseType(request.coinType).key
    return { balance: balanceMessage(type, balances(owner).get(type) ?? { coins: 0n, funds: 0n }) }
  }

  const listBalances: Unary<Proto.ListBalancesRequest, Proto.ListBalancesResponse> = (request) => {
    const sums = balances(requiredAddress(request.owner, 'owner'))
    const after = parsePageToken(request.pageToken)
    const types = [...sums.keys()].sort().filter((type) => after === undefined || type > after)
    const page = pageOf(types, request.pageSize, (type) => balanceMessage(type, sums.get(type)!))
    return { balances: page.items, nextPageToken: page.nextPageToken }
  }

  const getCoinInfo: Unary<Proto.GetCoinInfoRequest, Proto.GetCoinInfoResponse> = (request) => {
    if (!request.coinType) throw invalidArgument('missing coin_type')
    const type = parseType(request.coinType)
    const objectOf = (name: string) => {
      const wanted = datatypeType(SUI_FRAMEWORK_ADDRESS, 'coin', name, [type]).key
      for (const object of state.liveObjects()) {
        if (object.data.kind === 'move' && object.data.type === wanted) return object
      }
      return undefined
    }
    const metadata = coinMetadata(type.key, objectOf('CoinMetadata'))
    if (!metadata) throw notFound(`Coin type ${type.key} not found`)
    return { coinType: type.key, metadata, treasury: treasury(objectOf('TreasuryCap')) }
  }

  function fieldMessage(parent: string, object: LedgerObject, view: DynamicFieldView, mask: FieldMask) {
    const message = Proto.DynamicField.create({
      kind: Proto.DynamicField_DynamicFieldKind[view.kind === 'object' ? 'OBJECT' : 'FIELD'],
      parent,
      fieldId: object.id,
      name: { name: view.nameType, value: view.name },
      valueType: view.valueType,
      childId: view.childId,
    })
    if (mask.has('value')) message.value = { name: view.valueType, value: view.value }
    if (mask.has('field_object')) message.fieldObject = objectMessage(object, mask.child('field_object'), state)
    const child = view.childId === undefined ? undefined : state.getObject(view.childId)
    if (child && mask.has('child_object')) message.childObject = objectMessage(child, mask.child('child_object'), state)
    return mask.apply(Proto.DynamicField, message)
  }

  const listDynamicFields: Unary<Proto.ListDynamicFieldsRequest, Proto.ListDynamicFieldsResponse> = (request) => {
    const parent = requiredAddress(request.parent, 'parent')
    const mask = FieldMask.parse(Proto.DynamicField, request.readMask, ['parent', 'field_id'])
    const ids = state.childIds(parent, parsePageToken(request.pageToken))
    const page = pageOf(ids, request.pageSize, (id) => {
      const object = state.getObject(id)!
      const view = dynamicFieldView(state, object)
      return view && fieldMessage(parent, object, view, mask)
    })
    return { dynamicFields: page.items, nextPageToken: page.nextPageToken }
  }

  return {
    ListOwnedObjects: listOwnedObjects,
    GetBalance: getBalance,
    ListBalances: listBalances,
    GetCoinInfo: getCoinInfo,
    ListDynamicFields: listDynamicFields,
  }
}
