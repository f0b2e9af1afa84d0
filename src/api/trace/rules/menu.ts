import { isTransfer, isType, nameOf, wasSent, whyOf, type Facts } from '../facts.ts'

/** What the template said goes before what became of the transfer. */
export function failedMenu({ events }: Facts): string | undefined {
  const event = events.findLast(isType('menu.failed'))
  return event && whyOf(event)
}

/** With Secure Boot on, firmware and shim start only what is signed for them, and tell the server nothing when they do not. */
export function refusedLoader({ events }: Facts): string | undefined {
  const last = events.findLast(isTransfer)
  if (!last || !wasSent(last) || !/\.efi$/i.test(nameOf(last))) return undefined
  const name = nameOf(last)
  const byShim = events.some((event) => wasSent(event) && isShim(nameOf(event)) && event !== last)
  const rule = byShim
    ? 'shim starts only what its own vendor signed, so both must come from the same one'
    : `firmware starts only what is signed for it${isShim(name) ? '' : ', and loader: shim is what it starts'}`
  return `the machine has ${name} and asked for nothing more: with Secure Boot on, ${rule}; else ${name} found no network`
}

function isShim(name: string): boolean {
  return /shim/i.test(name)
}
