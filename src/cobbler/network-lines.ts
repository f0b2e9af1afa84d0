import type { Piece } from './piece.ts'

/** A kickstart's network, as its own part of kickstart/redhat has it. */
export function networkLines(root: string): readonly Piece[] {
  const card = `word (default ${root}machine.mac "link")`
  const line = (...parts: readonly (string | readonly [code: string])[]): Piece[] =>
    parts.map((part) => (typeof part === 'string' ? { kind: 'text', text: part } : { kind: 'value', code: part[0] }))
  const address = [`word ${root}machine.ip`, `word ${root}network.netmask`] as const
  const fixed = line('network --bootproto=static --device=', [card], ' --ip=', [address[0]], ' --netmask=', [
    address[1],
  ])
  const router = line(' --gateway=', [`word ${root}network.router`])
  return [
    { kind: 'tag', code: `#if ${root}vars.static`, eats: true },
    ...fixed,
    { kind: 'tag', code: `#if ${root}network.router`, eats: false },
    ...router,
    { kind: 'tag', code: '/if', eats: false },
    ...line(' --nameserver=', [`words ${root}network.dns ","`], ' --activate --onboot=yes\n'),
    { kind: 'tag', code: 'else', eats: true },
    ...line('network --bootproto=dhcp --device=', [card], ' --activate --onboot=yes\n'),
    { kind: 'tag', code: '/if', eats: true },
    ...line('network --hostname=', [`word ${root}machine.hostname`]),
  ]
}
