import { join } from 'node:path'
import type { Golden, House } from '../files/house.ts'
import { mayPull } from '../files/pull-right.ts'
import { readUpdateToken } from '../files/update-token.ts'
import type { Gatekeeper } from '../http/registry-gate.ts'
import { RegistryDesk } from '../http/registry.ts'
import type { Library } from '../image/library.ts'
import { openLayoutStore } from '../image/layout-store.ts'
import { isSameToken, openToken } from '../image/registry-token.ts'
import { openSigner } from '../image/sign.ts'
import { openTreeCache } from '../image/tree-cache.ts'

/** `<data>/images`, `<data>/imager` and `<data>/image-key.pem`. */
export function openGolden(data: string): Golden {
  const store = openLayoutStore(join(data, 'images'))
  return {
    store,
    trees: openTreeCache(join(data, 'image-trees')),
    collect: (options) => store.gc(options),
    imager: join(data, 'imager'),
    signer: openSigner(join(data, 'image-key.pem')),
  }
}

export interface RegistryParts {
  readonly data: string
  readonly house: House
  readonly store: Library
  readonly onError?: (error: unknown) => void
}

/** The registry protocol over the images of this server: `<data>/registry-token` pushes and pulls everything, a machine's session its own image. */
export function openRegistry({ data, house, store, onError }: RegistryParts): RegistryDesk {
  const gate = anyOf([operator(openToken(join(data, 'registry-token'))), installing(house)])
  return new RegistryDesk({ store, gate, ...(onError && { onError }) })
}

function operator(token: string): Gatekeeper {
  const isOperator = (_name: string, credentials: { readonly token: string }): boolean =>
    isSameToken(credentials.token, token)
  return { isKnown: (credentials) => isOperator('', credentials), mayPull: isOperator, mayPush: isOperator }
}

function installing(house: House): Gatekeeper {
  return {
    isKnown: ({ token }) =>
      house.sessions.byToken(token, house.now()) !== undefined || readUpdateToken(house.sessions, token) !== undefined,
    mayPull: (name, { token }, peer) => mayPull(house, token, name, peer),
    mayPush: () => false,
  }
}

function anyOf(gates: readonly Gatekeeper[]): Gatekeeper {
  const some = async (ask: (gate: Gatekeeper) => boolean | Promise<boolean>): Promise<boolean> => {
    for (const gate of gates) if (await ask(gate)) return true
    return false
  }
  return {
    isKnown: (credentials, peer) => some((gate) => gate.isKnown(credentials, peer)),
    mayPull: (name, credentials, peer) => some((gate) => gate.mayPull(name, credentials, peer)),
    mayPush: (name, credentials, peer) => some((gate) => gate.mayPush(name, credentials, peer)),
  }
}
