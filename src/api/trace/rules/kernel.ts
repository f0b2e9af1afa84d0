import { isTransfer, menuOf, nameOf, sinceMenu, textOf, wasSent, type Facts } from '../facts.ts'

/** A kernel or initrd that the loader asked for behind its menu, and that is nowhere. */
export function goneKernel({ events }: Facts): string | undefined {
  const since = sinceMenu(events)
  const sent = new Set(since.filter(wasSent).map(nameOf))
  const gone = since.findLast((event) => event.type === 'file.missing' && !sent.has(nameOf(event)))
  return gone && `${nameOf(gone)} is not there`
}

/** What went out as a kernel or an initrd is none. */
export function badFile({ events, fileFault }: Facts): string | undefined {
  const sent = sinceMenu(events).filter((event) => wasSent(event) && textOf(event, 'stage') === 'kernel')
  for (const event of sent.toReversed()) {
    const fault = fileFault?.(nameOf(event))
    if (fault !== undefined) return fault
  }
  return undefined
}

/** GRUB has the kernel, and does not go on to the initrd. */
export function refusedKernel({ events }: Facts): string | undefined {
  const last = events.findLast(isTransfer)
  const menu = menuOf(events)
  const byGrub = menu !== undefined && textOf(menu, 'loader') === 'grub'
  if (!byGrub || !last || !wasSent(last) || textOf(last, 'stage') !== 'kernel') return undefined
  return `GRUB has ${nameOf(last)} and asked for nothing more: with Secure Boot on it refuses a kernel that its own vendor did not sign (its console says "bad shim signature"; loaders: brings another vendor's shim and GRUB), or the kernel did not fit into memory`
}
