import { macFromBytes, type Mac } from './mac.ts'

/**
 * An InfiniBand card by the name that an Ethernet world has for it: the first and the last three bytes of its port's GUID, as the firmware of such
 * cards (FlexBoot, iPXE) calls itself when it speaks Ethernet. One machine then has one name, whichever way its card asks.
 */
export function macOfGuid(guid: Uint8Array): Mac | undefined {
  const [first = 0, second = 0, third = 0, , , ...rest] = guid
  const mac = Uint8Array.from([first, second, third, ...rest])
  const isCard = guid.length === 8 && (first & 1) === 0 && mac.some((byte) => byte !== 0)
  return isCard ? macFromBytes(mac) : undefined
}

const guidForm = /^(?:20[:-])?[0-9a-f]{2}(?:[:-][0-9a-f]{2}){7}$|^(?:0x)?[0-9a-f]{16}$|^[0-9a-f]{4}(?::[0-9a-f]{4}){3}$/

/** A GUID as people and tools write it: eight pairs, PXELINUX's `20-` before them, `0x` and 16 digits (ibstat), four groups (ibv_devinfo). */
export function readGuid(text: string): Mac | undefined {
  const lower = text.toLowerCase()
  return guidForm.test(lower) ? macOfGuid(Buffer.from(lower.replaceAll(/[:-]|^0x/g, '').slice(-16), 'hex')) : undefined
}
