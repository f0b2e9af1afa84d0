import { join } from 'node:path'
import type { Gatekeeper } from '../http/registry-gate.ts'
import { RegistryDesk } from '../http/registry.ts'
import type { Library } from '../image/library.ts'
import { openLayoutStore } from '../image/layout-store.ts'
import { isSameToken, openToken } from '../image/registry-token.ts'

export interface Images extends AsyncDisposable {
  readonly store: Library
  /** Answers `/v2/`. */
  readonly desk: RegistryDesk
}

export interface ImagesParts {
  readonly data: string
  /** Others than the operator's token: a session's, a user's. Any one of them opens. */
  readonly gates?: readonly Gatekeeper[]
  readonly onError?: (error: unknown) => void
}

/** `<data>/images`, and the registry protocol over it; `<data>/registry-token` pushes and pulls everything. */
export function openImages({ data, gates = [], onError }: ImagesParts): Images {
  const store = openLayoutStore(join(data, 'images'))
  const gate = anyOf([operator(openToken(join(data, 'registry-token'))), ...gates])
  const desk = new RegistryDesk({ store, gate, ...(onError && { onError }) })
  return { store, desk, [Symbol.asyncDispose]: () => desk[Symbol.asyncDispose]() }
}

function operator(token: string): Gatekeeper {
  const isOperator = (_name: string, credentials: { readonly token: string }): boolean =>
    isSameToken(credentials.token, token)
  return { isKnown: (credentials) => isOperator('', credentials), mayPull: isOperator, mayPush: isOperator }
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
