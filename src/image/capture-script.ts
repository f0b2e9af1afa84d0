import { Fault } from '../fault.ts'
import { judgeTar } from './capture-complaints.ts'
import { ListReader } from './capture-listing.ts'
import { listingOf } from './capture-machine.ts'
import { rootsOf } from './capture-mounts.ts'
import { quote } from './capture-shell.ts'
import type { CaptureSource, Listing, PackedTar } from './capture-source.ts'
import { listLine, nameList, packLine, probeLine, readProbe, type Probe } from './capture-words.ts'

/**
 * The script that a machine runs by itself: `echo url=<url> | curl -fsSK - | sh`. It asks `<url>/…` in this order: PUT probe (answer: how to
 * list), PUT list (answer: names to pack, or nothing), GET pack (how to pack), PUT tar, PUT end (answer: a sentence).
 */
export function captureScript(url: string): string {
  return `#!/bin/sh
# Captures this machine as a golden image. Reads files, changes none; needs root, GNU tar, GNU find and curl.
set -u
umask 077
LC_ALL=C; export LC_ALL
url=${quote(url)}
stop() { echo "birnam: $1" >&2; exit 1; }
for program in curl tar find; do command -v "$program" > /dev/null || stop "this machine has no $program"; done
work=$(mktemp -d) || stop 'no place for temporary files'
trap 'rm -rf "$work"' EXIT
# The address stands in a file of root's and in no list of processes: whoever has it sends what this machine shall have been.
at() {
  cat > "$work/$1.url" <<END
url = "$url/$1"
END
}
send() { at "$1" && curl -sS --fail-with-body -K "$work/$1.url" -T -; }

probe() { ${probeLine.trim()}; }
probe | send probe > "$work/list.sh" || stop 'the server does not want this machine'
echo 'birnam: listing files' >&2
sh "$work/list.sh" 2> "$work/find.said" | send list > "$work/names" || stop 'the server could not take the list'
if [ -s "$work/names" ]; then
  at pack && curl -fsS -K "$work/pack.url" > "$work/pack.sh" || stop 'the server gave no answer'
  echo 'birnam: packing' >&2
  { sh "$work/pack.sh" < "$work/names" 2> "$work/said"; echo "$?" > "$work/status"; } | send tar > "$work/reply" ||
    stop 'the server could not take the files'
  { cat "$work/status"; cat "$work/said"; } | send end || stop 'the image was not kept'
else
  send end < /dev/null || stop 'the image was not kept'
fi
`
}

/** The server's side of that script: what the requests carry goes in, what `capture` asks for comes out. */
export class ScriptCapture {
  readonly #probe = Promise.withResolvers<Probe>()
  readonly #listing = Promise.withResolvers<Listing>()
  readonly #names = Promise.withResolvers<Uint8Array>()
  readonly #tar = Promise.withResolvers<AsyncIterable<Uint8Array>>()
  readonly #end = Promise.withResolvers<{ status: number; said: string[] }>()
  readonly #name: string
  #asked: 'probe' | 'list' | 'tar' | 'end' | 'done' = 'probe'

  /** `name`: which machine it is, for people. */
  constructor(name: string) {
    this.#name = name
    // Whoever does not wait for them shall not be told by a crash.
    for (const { promise } of [this.#probe, this.#listing, this.#names, this.#tar, this.#end])
      promise.catch(() => undefined)
  }

  /** What `capture` works with. */
  get source(): CaptureSource {
    return {
      name: this.#name,
      list: () => this.#listing.promise,
      sums: () =>
        Promise.reject(new Fault('request-invalid', 'a machine that captures itself does not compare contents')),
      pack: (paths) => this.#pack(paths),
      [Symbol.asyncDispose]: () => {
        this.abort(new Fault('capture-failed', `${this.#name} was not captured`))
        return Promise.resolve()
      },
    }
  }

  /** Returns the shell that lists the machine. Throws `capture-failed` when it lacks something. */
  async probe(body: AsyncIterable<Uint8Array>): Promise<string> {
    this.#expect('probe', 'list')
    const read = readProbe(await textOf(body, 4_000_000))
    if (!read) throw this.abort(new Fault('capture-failed', `${this.#name} did not say what it is`))
    this.#probe.resolve(read.probe)
    return `LC_ALL=C; export LC_ALL\n${listLine(rootsOf(read.probe.mountinfo, '/').start)}`
  }

  /** Returns the names to pack, each ended by a zero byte; none when nothing has changed. */
  async list(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    this.#expect('list', 'tar')
    const probe = await this.#probe.promise
    const reader = new ListReader('/')
    try {
      for await (const chunk of body) reader.read(chunk)
      if (reader.status === undefined) throw new Fault('capture-failed', `the list of ${this.#name} was cut short`)
      const { not, notes } = rootsOf(probe.mountinfo, '/')
      this.#listing.resolve(listingOf(reader, { name: this.#name, base: '/', probe, not, notes }))
    } catch (error) {
      throw this.abort(error)
    }
    return await this.#names.promise
  }

  /** The shell that packs the names on its standard input. */
  async packShell(): Promise<string> {
    const { tarHelp } = await this.#probe.promise
    return `LC_ALL=C; export LC_ALL\n${packLine('/', tarHelp)}`
  }

  /** Returns when the whole body has been taken. */
  async tar(body: AsyncIterable<Uint8Array>): Promise<void> {
    this.#expect('tar', 'end')
    const taken = Promise.withResolvers<void>()
    this.#tar.resolve(untilTaken(body, taken))
    await Promise.race([taken.promise, this.#end.promise])
  }

  /** The first line is tar's exit status, the others what it said. */
  async end(body: AsyncIterable<Uint8Array>): Promise<void> {
    if (this.#asked !== 'tar') this.#expect('end', 'done')
    const [status = '', ...said] = (await textOf(body, 16_000_000)).split('\n')
    this.#end.resolve({
      status: status === '' ? 0 : Number(status),
      said: said.filter((line) => !line.startsWith('find: ')),
    })
  }

  /** Tells the machine that nothing is wanted: the capture has ended without packing. */
  nothingToPack(): void {
    this.#names.resolve(Buffer.alloc(0))
  }

  /** Ends everything that waits. Returns the error, to be thrown. */
  abort(error: unknown): unknown {
    for (const { reject } of [this.#probe, this.#listing, this.#names, this.#tar, this.#end]) reject(error)
    return error
  }

  #pack(paths: readonly string[]): Promise<PackedTar> {
    this.#names.resolve(nameList(paths))
    const [tar, end] = [this.#tar.promise, this.#end.promise]
    async function* bytes(): AsyncGenerator<Uint8Array, void, void> {
      yield* await tar
    }
    return Promise.resolve({
      bytes: bytes(),
      end: async () => {
        const { status, said } = await end
        return judgeTar(status, said, this.#name)
      },
    })
  }

  /** One token is one capture: each step once, in its order. */
  #expect(step: 'probe' | 'list' | 'tar' | 'end', next: 'list' | 'tar' | 'end' | 'done'): void {
    if (this.#asked !== step) throw new Fault('request-invalid', `a capture does not go on with "${step}" now`)
    this.#asked = next
  }
}

async function* untilTaken(
  body: AsyncIterable<Uint8Array>,
  taken: PromiseWithResolvers<void>,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* body
    taken.resolve()
  } catch (error) {
    taken.reject(error)
    throw new Fault('capture-failed', 'the machine stopped sending', { cause: error })
  } finally {
    taken.resolve()
  }
}

async function textOf(body: AsyncIterable<Uint8Array>, most: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > most) throw new Fault('request-invalid', `a request has more than ${most} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('latin1')
}
