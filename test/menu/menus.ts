import type { Boot, Menu } from '../../src/menu/menu.ts'

type Kernel = Extract<Boot, { kind: 'kernel' }>

/** A menu with one kernel and the local disk. */
export function menuWith(kernel: Partial<Kernel> = {}, more: Partial<Menu> = {}, title = 'live: probe'): Menu {
  const boot: Kernel = {
    kind: 'kernel',
    kernel: 'boot/vmlinuz',
    initrd: ['boot/initrd.gz'],
    args: ['console=ttyS0,115200'],
    ...kernel,
  }
  return {
    comments: ['Birnam for duncan: live'],
    default: 'probe',
    timeout: 0,
    entries: [
      { label: 'probe', title, boot },
      { label: 'local', title: 'Boot from the local disk', boot: { kind: 'local' } },
    ],
    ...more,
  }
}
