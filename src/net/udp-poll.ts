import { dlopen, getCurrentEventLoop, getRawPointer, type DynamicLibraryResult } from 'node:ffi'

const signatures = {
  uv_handle_size: { arguments: ['int32'], return: 'uint32' },
  uv_poll_init: { arguments: ['pointer', 'pointer', 'int32'], return: 'int32' },
  uv_poll_start: { arguments: ['pointer', 'int32', 'pointer'], return: 'int32' },
  uv_poll_stop: { arguments: ['pointer'], return: 'int32' },
  uv_close: { arguments: ['pointer', 'pointer'], return: 'void' },
} as const

/** libuv's enum uv_handle_type and uv_poll_event. */
const UV_POLL = 8
const UV_READABLE = 1

let uv: DynamicLibraryResult<typeof signatures> | undefined

/** Tells when a descriptor can be read, through a uv_poll_t in Node's own event loop: Node has it, but no name for it in JavaScript. */
export class Poll {
  /** The kernel of libuv keeps its address until it is closed, so it is kept here. */
  readonly #handle: Buffer
  readonly #at: bigint
  readonly #callback: bigint

  /**
   * `onReadable` runs outside of Node's callback scopes: it must not throw, and promises that it settles go on only when Node's loop
   * runs something of its own (a `setImmediate` sees to that).
   */
  constructor(fd: number, onReadable: () => void) {
    uv ??= dlopen(null, signatures)
    this.#handle = Buffer.alloc(uv.functions.uv_handle_size(UV_POLL))
    this.#at = getRawPointer(this.#handle)
    this.#callback = uv.lib.registerCallback(
      { arguments: ['pointer', 'int32', 'int32'], return: 'void' },
      (_at, status) => {
        // An error on the descriptor stops the watch; reading takes the error away.
        if (status < 0) this.#start()
        onReadable()
      },
    )
    const result = uv.functions.uv_poll_init(getCurrentEventLoop(), this.#at, fd)
    if (result < 0) throw new Error(`uv_poll_init: ${result}`)
    this.#start()
  }

  /** Resolves when libuv has let go; the descriptor is closed after that. */
  async close(): Promise<void> {
    const { lib, functions } = uv!
    const { promise, resolve } = Promise.withResolvers<void>()
    const closed = lib.registerCallback({ arguments: ['pointer'], return: 'void' }, () => void setImmediate(resolve))
    functions.uv_poll_stop(this.#at)
    functions.uv_close(this.#at, closed)
    await promise
    lib.unregisterCallback(closed)
    lib.unregisterCallback(this.#callback)
  }

  #start(): void {
    const result = uv!.functions.uv_poll_start(this.#at, UV_READABLE, this.#callback)
    if (result < 0) throw new Error(`uv_poll_start: ${result}`)
  }
}
