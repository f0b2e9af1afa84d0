import { readFileSync, readlinkSync } from 'node:fs'

/**
 * Which process a lock or a half-written file belongs to, so that others can tell whether it still lives: a pid alone may be
 * another process by now, after a reboot or in another container.
 */
export type Owner = string & { readonly kind: 'owner' }

const form = /^(\d+)\.(\d+)\.(\d+)\.([0-9a-f]+)$/

/** This process. */
export function self(): Owner {
  return `${process.pid}.${startOf(process.pid) ?? 0}.${space()}.${boot()}` as Owner
}

export function readOwner(text: string): Owner | undefined {
  return form.test(text) ? (text as Owner) : undefined
}

/** `unknown`: of another boot, container or host; only age can tell. */
export function lifeOf(owner: Owner): 'alive' | 'dead' | 'unknown' {
  const [, pid, start, itsSpace, itsBoot] = form.exec(owner)!
  if (itsBoot !== boot() || itsSpace !== space()) return 'unknown'
  return startOf(Number(pid)) === start ? 'alive' : 'dead'
}

/** Clock ticks since boot (proc(5), field 22 of stat); where there is no /proc, whether it answers signals. */
function startOf(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`)
  // The command's name stands in parentheses and may hold anything, parentheses too.
  if (stat !== undefined) return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  return process.platform !== 'linux' && answers(pid) ? '0' : undefined
}

function answers(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function space(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  } catch {
    return '0'
  }
}

function boot(): string {
  return (
    readText('/proc/sys/kernel/random/boot_id')
      ?.replaceAll(/[^0-9a-f]/g, '')
      .slice(0, 12) || '0'
  )
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}
