import { discovery } from '../boot/decide.ts'
import type { Plan } from '../boot/plan.ts'
import { isWiping, type MenuProfile, type Profile } from '../config/site.ts'
import type { Entry, Menu } from '../menu/menu.ts'
import type { Audience } from './context.ts'
import type { House } from './house.ts'

/** The entry that every menu ends with. */
export const disk: Entry = { label: 'local', title: 'Boot from the local disk', boot: { kind: 'local' } }

type Head = Pick<Menu, 'comments'>

export function choiceMenu(
  house: House,
  menu: MenuProfile,
  { comments, strangers }: Head & { readonly strangers: boolean },
): Menu {
  const { registry } = house
  const entries = menu.entries
    .filter((name) => name !== disk.label)
    .map((name) => choiceOf(name, registry.profile(name), menu))
    // A machine that has its name has nothing to wait for.
    .filter(({ label }) => strangers || label !== discovery)
  return {
    comments,
    title: menu.title ?? menu.name,
    default: disk.label,
    timeout: menu.timeout,
    entries: [...entries, disk],
  }
}

function choiceOf(name: string, profile: Profile | undefined, { password }: MenuProfile): Entry {
  if (name === discovery)
    return {
      label: name,
      title: 'Wait until somebody names this machine',
      boot: { kind: 'menu', entry: name, facts: true },
    }
  const login = isWiping(profile) && password !== undefined && { login: true }
  const what = profile?.kind === 'menu' ? (profile.title ?? name) : `${profile?.kind ?? 'profile'}: ${name}`
  return { label: name, title: what, boot: { kind: 'menu', entry: name, ...login } }
}

/** Asks again every few seconds, and is on its way as soon as somebody has allowed it. */
export function waitingMenu(
  house: House,
  { profile }: Extract<Plan, { do: 'wait' }>,
  audience: Audience,
  comments: Head['comments'],
): Menu {
  const refused = audience.session && house.console?.refusal(audience.session)
  const title = `birnam reinstall ${audience.machine!.name} --to ${profile.name}`
  const again: Entry = { label: 'again', title: 'Ask again', boot: { kind: 'menu', entry: profile.name } }
  return {
    comments,
    title: `${refused === undefined ? '' : `${refused}. `}Nothing is wiped until somebody says: ${title}`,
    default: again.label,
    timeout: 5,
    entries: [again, disk],
  }
}

/** The first time it tells what it is at once; then it shows that it waits. */
export function discoveryMenu({ mac, session }: Audience, comments: Head['comments']): Menu {
  const again: Entry = { label: 'again', title: 'Ask again', boot: { kind: 'menu', entry: discovery, facts: true } }
  return {
    comments,
    title: `Nobody named this machine yet: ${mac ?? 'no MAC address'}`,
    default: again.label,
    timeout: session?.chosen === discovery ? 10 : 0,
    entries: [again, disk],
  }
}
