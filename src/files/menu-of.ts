import type { Answer } from '../boot/ask.ts'
import type { Entry, Menu } from '../menu/menu.ts'
import { entryElsewhere, imagerEntry, kernelEntry } from './boot-entries.ts'
import { choiceMenu, discoveryMenu, disk, waitingMenu } from './console-menus.ts'
import type { Audience } from './context.ts'
import { saidElsewhere } from './elsewhere.ts'
import type { House } from './house.ts'

/** A Plan as a menu: every template rendered for this audience. The local disk is always the last entry. */
export function menuOf(house: House, answer: Answer, audience: Audience): Menu {
  const { machine, profile } = answer
  const way = machine?.localboot ?? profile?.localboot ?? house.registry.site.server.localboot
  const menu = planned(house, answer, audience)
  if (way === undefined) return menu
  return {
    ...menu,
    entries: menu.entries.map((entry) => (entry === disk ? { ...disk, boot: { kind: 'local', way } } : entry)),
  }
}

function planned(house: House, answer: Answer, audience: Audience): Menu {
  const { plan, machine } = answer
  const comments = [`Birnam for ${machine?.name ?? audience.mac ?? 'a stranger'}: ${plan.do}: ${plan.why}`]
  // What is chosen is kept in the boot session; who asks at a name that anyone can guess, pypxeboot above all, chooses nothing.
  const chooses = plan.do === 'menu' || plan.do === 'wait' || plan.do === 'discover'
  const onlyDisk: Menu = { comments, default: disk.label, timeout: 0, entries: [disk] }
  if (chooses && !audience.session) return onlyDisk
  switch (plan.do) {
    case 'ignore':
    case 'local':
      return onlyDisk
    case 'menu':
      return choiceMenu(house, plan.profile, { comments, strangers: !machine })
    case 'wait':
      return waitingMenu(house, plan, audience, comments)
    case 'discover':
      return discoveryMenu(audience, comments)
    case 'live':
    case 'install': {
      const said = saidElsewhere(house, answer, audience.mac ?? machine?.macs[0])
      if (said?.state === 'refused') return onlyDisk
      if (!said) return booting(comments, kernelEntry(house, plan.profile, audience))
      const told = said.state === 'asking' ? 'was asked what to boot' : `says: ${said.message ?? 'boot this'}`
      return booting(
        [...comments, `${plan.profile.pixiecore} ${told}`],
        entryElsewhere(house, plan.profile, said, audience),
      )
    }
    case 'image':
      return booting(comments, imagerEntry(house, plan.profile, audience))
  }
}

function booting(comments: Menu['comments'], entry: Entry): Menu {
  return { comments, default: entry.label, timeout: 0, entries: [entry, disk] }
}
