import { expect, test } from 'vitest'
import { Fault } from '../../src/fault.ts'
import { writeGrub } from '../../src/menu/grub.ts'
import { writeIpxe } from '../../src/menu/ipxe.ts'
import type { Boot, Menu } from '../../src/menu/menu.ts'
import { readPixiecoreReply } from '../../src/menu/pixiecore-reply.ts'
import { writePxelinux } from '../../src/menu/pxelinux.ts'

const api = 'http://inventory:8080/prefix'

function read(reply: unknown): ReturnType<typeof readPixiecoreReply> {
  return readPixiecoreReply(typeof reply === 'string' ? reply : JSON.stringify(reply), api)
}

test('names without a host are at the root of the API, whole URLs are as they are', () => {
  const { boot } = read({
    kernel: '/kernel',
    initrd: ['/initrd.0', 'https://files.local/initrd.1'],
    cmdline: ' a=1  b ',
  })
  expect(boot).toEqual({
    kind: 'kernel',
    kernel: 'http://inventory:8080/kernel',
    initrd: ['http://inventory:8080/initrd.0', 'https://files.local/initrd.1'],
    args: ['a=1', 'b'],
  })
})

test('a URL within the cmdline is made whole as well, and the message is kept', () => {
  const { boot, message } = read({
    kernel: '/kernel',
    cmdline: 'config={{ URL "/config.ign" }} other={{URL `https://other/x`}}',
    message: 'hello',
  })
  expect(boot).toMatchObject({ args: ['config=http://inventory:8080/config.ign', 'other=https://other/x'] })
  expect(message).toBe('hello')
})

test('a script goes before everything else, without its first line', () => {
  const { boot } = read({ kernel: '/kernel', 'ipxe-script': '#!ipxe\r\necho hello\r\nshell\r\n' })
  expect(boot).toEqual({ kind: 'script', lines: ['echo hello', 'shell'] })
})

test.each([
  ['no JSON', '<html>', 'not what pixiecore reads'],
  ['a list', '[]', 'not what pixiecore reads'],
  ['no kernel', {}, 'names no kernel'],
  ['an empty kernel', { kernel: '' }, 'names no kernel'],
  ['a kernel that is no text', { kernel: 7 }, 'not what pixiecore reads'],
  ['an initrd that is no list', { kernel: '/k', initrd: '/i' }, 'not what pixiecore reads'],
  ['a cmdline that is no text', { kernel: '/k', cmdline: { a: 1 } }, 'not what pixiecore reads'],
  ['a file of its own host', { kernel: 'file:///etc/shadow' }, 'cannot fetch "file:///etc/shadow"'],
  ['no URL', { kernel: 'http://' }, 'cannot fetch "http://"'],
  ['a template', { kernel: '/k', cmdline: 'a={{ ID "x" }}' }, 'holds a template'],
  ["iPXE's own syntax", { kernel: '/k', cmdline: 'a ; b' }, 'iPXE would not pass on'],
  ["iPXE's variables in a URL", { kernel: '/k?${net0/mac}' }, 'a loader cannot ask for'],
  ['quotes', { kernel: '/k', cmdline: 'a="b c"' }, 'holds a quote'],
  ['an initrd in the cmdline', { kernel: '/k', cmdline: 'initrd=x' }, 'names an initrd'],
  ['a line that is too long', { kernel: '/k', cmdline: 'a'.repeat(3000) }, 'has 3'],
  ['a script with control characters', { 'ipxe-script': 'echo\necho \u001b[31m' }, 'line 2 of its ipxe-script'],
])('%s is refused in a sentence', (_what, reply, sentence) => {
  expect(() => read(reply)).toThrow(Fault)
  expect(() => read(reply)).toThrow(sentence)
})

const away: readonly (readonly [string, Boot])[] = [
  ['a kernel elsewhere', read({ kernel: '/kernel' }).boot],
  ['a script', read({ 'ipxe-script': 'shell' }).boot],
  ['a question that is still open', { kind: 'again' }],
]

test.each(away)('%s is for iPXE alone', (_what, boot) => {
  const menu: Menu = { comments: [], default: 'away', timeout: 0, entries: [{ label: 'away', title: 'away', boot }] }
  expect(() => writePxelinux(menu, { metal: true })).toThrow('PXELINUX cannot start away')
  expect(() => writeGrub(menu, '/')).toThrow('GRUB cannot start away')
  expect(writeIpxe(menu, 'http://10.77.0.1/')).toContain(':away\n')
})
