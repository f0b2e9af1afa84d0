import type { MenuProfile, Profile } from './site.ts'

/** All that can be chosen from a menu, and from the menus in it, by name. Menus may lead back to each other. */
export function choicesOf(
  profiles: { profile(name: string): Profile | undefined },
  menu: MenuProfile,
): ReadonlyMap<string, Profile> {
  const found = new Map<string, Profile>([[menu.name, menu]])
  const open = [menu]
  for (let next = open.pop(); next; next = open.pop()) {
    for (const name of next.entries) {
      const profile = profiles.profile(name)
      if (!profile || found.has(name)) continue
      found.set(name, profile)
      if (profile.kind === 'menu') open.push(profile)
    }
  }
  return found
}
