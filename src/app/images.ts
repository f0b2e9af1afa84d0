import { join } from 'node:path'
import type { ServerSettings } from '../config/site.ts'
import type { Golden, House } from '../files/house.ts'
import { mayPull } from '../files/pull-right.ts'
import { readUpdateToken } from '../files/update-token.ts'
import type { Gatekeeper } from '../http/registry-gate.ts'
import { RegistryDesk } from '../http/registry.ts'
import type { GcOptions, GcResult } from '../image/gc.ts'
import type { Library } from '../image/library.ts'
import { openLayoutStore } from '../image/layout-store.ts'
import { openRegistryStore } from '../image/registry-store.ts'
import { isSameToken, openToken } from '../image/registry-token.ts'
import { openSigner, type Signer } from '../image/sign.ts'
import { allows, isOpen, TokenBook } from '../image/tokens.ts'
import { openTreeCache, type TreeCache } from '../image/tree-cache.ts'
import { shutToOthers } from './own-directory.ts'
import type { VerifyOptions, VerifyResult } from '../image/verify.ts'
import { verifyLibrary } from '../image/verify-library.ts'

/** `<data>/imager`, `<data>/image-key.pem`, and what `openStore` opens. Throws `config-invalid`. */
export function openGolden(data: string, images: ServerSettings['images']): Golden {
  const { store, gc } = openStore(data, images)
  let signer: Signer | undefined
  return {
    store,
    trees: openTrees(data),
    ...(gc && { collect: gc }),
    torrents: join(data, 'torrents'),
    imager: join(data, 'imager'),
    // Made when something is to be signed: a look at a site writes nothing.
    get signer() {
      return (signer ??= openSigner(join(data, 'image-key.pem')))
    },
  }
}

/** Where images are kept, and what only a keeper on this host or only a registry does in its own way. */
export interface Keeper {
  readonly store: Library
  readonly verify: (options: VerifyOptions) => Promise<VerifyResult>
  /** Not of a registry: that has its own. */
  readonly gc?: (options: GcOptions) => Promise<GcResult>
}

/** `<data>/images`, or the registry that the site names. Throws `config-invalid`. */
export function openStore(data: string, { registry }: Pick<ServerSettings['images'], 'registry'>): Keeper {
  shutToOthers(data)
  if (registry !== undefined) {
    const store = openRegistryAt(registry)
    return { store, verify: (options) => verifyLibrary(store, options) }
  }
  const store = openLayoutStore(join(data, 'images'))
  return { store, verify: (options) => store.verify(options), gc: (options) => store.gc(options) }
}

/** What is known of the files of each version. */
export function openTrees(data: string): TreeCache {
  return openTreeCache(join(data, 'image-trees'))
}

function openRegistryAt(registry: string): Library {
  const { origin, pathname, username, password } = new URL(registry)
  const user = { user: decodeURIComponent(username), password: decodeURIComponent(password) }
  return openRegistryStore({ url: `${origin}${pathname}`, ...(username !== '' && user) })
}

export interface RegistryParts {
  readonly data: string
  readonly house: House
  readonly store: Library
  readonly tokens: TokenBook
  readonly onError?: (error: unknown) => void
}

/**
 * The registry protocol over the images of this server: `<data>/registry-token` pushes and pulls everything, a token of `birnam token` what
 * it was made for, a machine's session its own image.
 */
export function openRegistry({ data, house, store, tokens, onError }: RegistryParts): RegistryDesk {
  const operators = operator(openToken(join(data, 'registry-token')))
  const gate = anyOf([operators, installing(house), named(tokens, house.now)])
  return new RegistryDesk({ store, gate, ...(onError && { onError }) })
}

function operator(token: string): Gatekeeper {
  const isOperator = (_name: string, credentials: { readonly token: string }): boolean =>
    isSameToken(credentials.token, token)
  return { isKnown: (credentials) => isOperator('', credentials), mayPull: isOperator, mayPush: isOperator }
}

/** What `birnam token` gave to people and programs. */
export function openTokens(data: string): TokenBook {
  shutToOthers(data)
  return new TokenBook(join(data, 'tokens'))
}

function named(book: TokenBook, now: () => number): Gatekeeper {
  const may =
    (what: 'pull' | 'push') =>
    (name: string, { token }: { readonly token: string }): boolean => {
      const right = book.find(token, now())
      return right !== undefined && allows(right, what, name, now())
    }
  return {
    isKnown: ({ token }) => isOpen(book.find(token, now()), now()),
    mayPull: may('pull'),
    mayPush: may('push'),
  }
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
  return {
    isKnown: (credentials, peer) => gates.some((gate) => gate.isKnown(credentials, peer)),
    mayPull: (name, credentials, peer) => gates.some((gate) => gate.mayPull(name, credentials, peer)),
    mayPush: (name, credentials, peer) => gates.some((gate) => gate.mayPush(name, credentials, peer)),
  }
}
