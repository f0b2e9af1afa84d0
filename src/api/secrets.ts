import { randomBytes } from 'node:crypto'
import type { Machine } from '../config/site.ts'
import { mergeVars } from '../config/vars.ts'
import type { House } from '../files/house.ts'
import { withoutTokens } from '../journal/without-tokens.ts'
import { disguised, isSecretText, passwordsIn, uncovered, type Mark } from './disguise.ts'
import { withoutLiterals } from './literal-secrets.ts'
import { SecretFragments } from './secret-fragments.ts'
import { isSecretKey, isSecretName } from './secret-names.ts'

const hidden = '(hidden)'

/** What stands for every secret where nobody compares. */
export const hide: Mark = () => hidden

const tokenKey = randomBytes(32)

/** A house in which nothing that is written holds a secret of the site, or a token that opens anything. */
export function disguisedHouse(house: House): House {
  return { ...house, disguise: disguised, sessions: house.sessions.withTokensOf(tokenKey) }
}

/** A text that was written with `disguised` variables, for a reader: it holds no secret of them in any form. */
export function shown(text: string, mark: Mark): string {
  return withoutLiterals(uncovered(text, mark), mark)
}

/** A text that somebody else wrote (an installer's log, a validator's complaint), without the secrets among these variables. */
export function hideSecrets(text: string, vars: Readonly<Record<string, unknown>> = {}): string {
  const fragments = new SecretFragments(secretValues(vars, false))
  return withoutTokens(withoutLiterals(fragments.hide(text, hidden), hide))
}

/** The same for a text about one machine, whose own secrets stand in its variables. */
export function hideFor({ registry }: House, machine: Machine | undefined, text: string): string {
  if (!machine) return hideSecrets(text, registry.site.vars)
  const profile = registry.profileOf(machine)
  return hideSecrets(text, mergeVars(registry.site, registry.groupsOf(machine), profile, machine).vars)
}

/** The same for one variable of `explain`. */
export function hideValue(name: string, value: unknown): unknown {
  if (isSecretName(name) && typeof value !== 'boolean') return hidden
  if (Array.isArray(value)) return value.map((item) => hideValue('', item))
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hideValue(key, item)]))
  }
  return typeof value === 'string' ? hideSecrets(value) : value
}

function secretValues(value: unknown, isSecret: boolean): string[] {
  if (typeof value === 'string' || typeof value === 'number') {
    const text = String(value)
    return isSecret || isSecretText(text) ? [text] : passwordsIn(text)
  }
  if (Array.isArray(value)) return value.flatMap((item) => secretValues(item, isSecret))
  if (!value || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, item]) => secretValues(item, isSecretKey(key, isSecret)))
}
