import { access, mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run, type Child } from './child.ts'
import type { Namespace } from './network.ts'

// What a minimal Debian has, as far as shells and the served script use it.
const programs =
  'sh tar curl zstd sha256sum find xargs grep sed awk sort comm tr cut mv cp rm stat df du mkfifo mktemp tee cat head tail ln ls mkdir rmdir sleep chmod chown touch id env sync wc base64 openssl readlink cmp getfattr setfattr'

/** Makes the tree of a small system with the real programs of this host, so that it can run in a root of its own. */
export async function makeSystem(tree: string, ...more: readonly string[]): Promise<void> {
  await mkdir(tree, { recursive: true })
  await run(['sh', '-euc', `cd "$0"; names=$1; ${script}`, tree, [programs, ...more].join(' ')])
}

const script = `
mkdir -p usr/bin usr/sbin usr/lib usr/lib64 etc/ssh var/log var/lib/birnam boot/grub opt/app dev proc sys run tmp root srv
chmod 1777 tmp
chmod 700 root
for name in bin sbin lib lib64; do ln -s usr/$name $name; done
for name in $names; do
  path=$(readlink -f "$(command -v $name)")
  cp "$path" usr/bin/$name
  ldd "$path" 2>/dev/null | grep -o '/[^ )]*' || :
done | sort -u | while read -r library; do
  mkdir -p ".$(dirname "$library")"
  [ -e ".$library" ] || cp -L "$library" ".$library"
done
echo 'root:x:0:0:root:/root:/bin/sh' >etc/passwd
echo 'root:x:0:' >etc/group
echo porter >etc/hostname
echo '127.0.0.1 localhost' >etc/hosts
echo 'PRETTY_NAME="Scone"' >etc/os-release
`

/** Puts a program in the place of one of a root: it writes down what any list of processes shows of it, then is what it was. */
export async function showWords(program: string, into: string, shell = '/bin/sh'): Promise<void> {
  const script = `#!${shell}\nprintf '%s\\n' "$0" "$@" >>${into}\nexec "$0.own" "$@"\n`
  await rename(program, `${program}.own`)
  await writeFile(program, script, { mode: 0o755 })
}

/** A running machine: its own root, mounts and address; what it runs sees nothing of this host. */
export class LivingMachine {
  readonly root: string
  readonly #net: Namespace

  private constructor(root: string, net: Namespace) {
    this.root = root
    this.#net = net
  }

  /** Puts a copy of the tree there, as an installer would have left it. */
  static async install(tree: string, root: string, net: Namespace, installed: string): Promise<LivingMachine> {
    await run(['cp', '-a', tree, root])
    await mkdir(join(root, 'var/lib/birnam'), { recursive: true })
    await writeFile(join(root, 'var/lib/birnam/installed'), installed)
    await writeFile(join(root, 'etc/hostname'), 'duncan\n')
    await writeFile(join(root, 'etc/hosts'), '127.0.0.1 localhost\n127.0.1.1 duncan\n')
    return new LivingMachine(root, net)
  }

  /** Starts a line of shell on it. `before` runs on the host side of its mounts: for disks of its own. */
  start(line: string, before = ':'): Child {
    return this.#net.start([
      'unshare',
      '--mount',
      '--propagation',
      'private',
      'sh',
      '-euc',
      inside,
      this.root,
      line,
      before,
    ])
  }

  /** Runs a line of shell to its end: what it said, and how it ended. */
  async run(line: string, before?: string): Promise<{ readonly code: number; readonly text: string }> {
    await using child = this.start(line, before)
    const code = await child.ended
    return { code, text: child.text }
  }

  /** What differs from a tree, by rsync's eyes, contents and attributes compared; what is the machine's own is left out. */
  async differences(tree: string, ...others: readonly string[]): Promise<string> {
    const own = [
      '/proc',
      '/dev',
      '/sys',
      '/run',
      '/tmp',
      '/var/lib/birnam',
      '/var/log',
      '/etc/hostname',
      '/etc/hosts',
      '/etc/ssh',
      ...others,
    ]
    const words = ['-naHAXi', '--checksum', '--delete', '--numeric-ids', ...own.map((path) => `--exclude=${path}`)]
    return run(['rsync', ...words, `${tree}/`, `${this.root}/`])
  }

  async has(path: string): Promise<boolean> {
    return access(join(this.root, path)).then(
      () => true,
      () => false,
    )
  }
}

const inside = `
cd "$0"
mount -t proc none proc
mount -t tmpfs none dev
for node in null zero urandom; do : >dev/$node; mount --bind /dev/$node dev/$node; done
ln -s /proc/self/fd dev/fd
eval "$2"
exec chroot . /bin/sh -c "$1"
`
