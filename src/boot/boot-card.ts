import { dashed, type Mac } from '../net/mac.ts'

/**
 * `BOOTIF=01-52-54-00-77-00-01`, as PXELINUX writes it: the card that a machine booted from is the one that its installer goes on with. Read by
 * netcfg (Debian), initramfs-tools and live-boot (Debian, Ubuntu), dracut with its own network scripts or NetworkManager (EL, Fedora, CoreOS,
 * Agama), and linuxrc (SUSE); others pass it over. Nothing where the line names a card already.
 */
export function bootCard(mac: Mac | undefined, words: readonly string[]): readonly string[] {
  return mac === undefined || words.some(namesCard) ? [] : [`BOOTIF=01-${dashed(mac)}`]
}

const chosen = /^(?:BOOTIF|rd\.bootif|bootdev|bond|team|vlan|bridge|ifcfg|netdevice)=/i
/** These name a card, or leave the choice to the installer. */
const perhaps = /^(?:interface|netcfg\/choose_interface|ksdevice|inst\.ks\.device)=(?!auto$|bootif$|link$)/

function namesCard(word: string): boolean {
  if (chosen.test(word) || perhaps.test(word)) return true
  // ip=eth0:dhcp, and ip=ADDRESS:PEER:GATEWAY:MASK:HOST:CARD:HOW; ip=dhcp names none.
  const fields = word.startsWith('ip=')
    ? word
        .slice(3)
        .replaceAll(/\[[^[\]]*\]/g, 'x')
        .split(':')
    : []
  return fields.length > 3 ? (fields[5] ?? '') !== '' : fields.length > 1
}
