import type { LoaderChoice, ServerSettings } from '../config/site.ts'
import { archOf } from './arch.ts'
import type { Answer } from './ask.ts'
import type { Client } from './client.ts'
import type { FirstFile } from './loader.ts'
import { pathOf, type Session } from './session.ts'

/** The machine's own wish, else its profile's, else the site's; what lies on another server only iPXE fetches. */
export function loaderChoice(
  { machine, profile }: Pick<Answer, 'machine' | 'profile'>,
  site: LoaderChoice,
): LoaderChoice {
  const wished = [machine?.loader, profile?.loader].find((wish) => wish !== undefined && wish !== 'auto')
  const isElsewhere = profile !== undefined && 'pixiecore' in profile && profile.pixiecore !== undefined
  return wished ?? (isElsewhere ? 'ipxe' : site)
}

/**
 * The same for one client. Beside another DHCP server, UEFI machines whose loader nobody chose get iPXE: GRUB asks the server that gave
 * the address for its files, and not the proxy.
 */
export function loaderFor(
  { arch }: Pick<Client, 'arch'>,
  answer: Pick<Answer, 'machine' | 'profile'>,
  { loader, dhcp }: Pick<ServerSettings, 'loader' | 'dhcp'>,
): LoaderChoice {
  const choice = loaderChoice(answer, loader)
  const isUefi = archOf(arch ?? 0)?.platform === 'uefi'
  return choice === 'auto' && dhcp.mode === 'proxy' && isUefi ? 'ipxe' : choice
}

/**
 * The file name of a DHCP reply. It begins with the boot session, so everything that follows is asked under it; strangers and
 * clients that only want an address get the plain names. `url` is this server's `http://address:port`.
 */
export function offeredFile(first: FirstFile, session: Session | undefined, url: string): string {
  const path = session ? pathOf(session) : ''
  if (first.kind === 'script') return `${url}/${path}boot.ipxe`
  // To who reads menus only the directory counts.
  const name = first.kind === 'menus' ? 'pxelinux.0' : first.name
  return first.carrier === 'http' ? `${url}/${path}${name}` : `${path}${name}`
}

/**
 * Option 210 (RFC 5071 §5). lpxelinux has its own TCP: what it asks for after itself comes by HTTP. Petitboot asks for `pxelinux.cfg/` below it.
 */
export function offeredPrefix(first: FirstFile, session: Session | undefined, url: string): string | undefined {
  const path = session ? pathOf(session) : ''
  if (first.kind === 'menus') return path === '' ? undefined : path
  return first.kind === 'loader' && first.name === 'lpxelinux.0' ? `${url}/${path}` : undefined
}
