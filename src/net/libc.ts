import { dlopen, getInt32, type DynamicLibraryResult } from 'node:ffi'
import { getSystemErrorName } from 'node:util'
import { parseIpv4, type Ipv4 } from './ipv4.ts'

const signatures = {
  socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
  setsockopt: { arguments: ['int32', 'int32', 'int32', 'buffer', 'uint32'], return: 'int32' },
  bind: { arguments: ['int32', 'buffer', 'uint32'], return: 'int32' },
  close: { arguments: ['int32'], return: 'int32' },
  __errno_location: { arguments: [], return: 'pointer' },
} as const

type Libc = DynamicLibraryResult<typeof signatures>['functions']

let loaded: Libc | undefined

/** The C library, opened when it is first needed. Throws where Node lacks node:ffi or the system is not glibc. */
export function libc(): Libc {
  return (loaded ??= dlopen('libc.so.6', signatures).functions)
}

// Linux, asm-generic/socket.h and bits/socket.h.
const AF_INET = 2
const SOCK_DGRAM = 2
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const SOL_SOCKET = 1
const SO_REUSEADDR = 2
const SO_BROADCAST = 6
const SO_BINDTODEVICE = 25

/** A UDP socket on one interface, for broadcasts too, bound and not blocking. Throws as Node does: `code` EPERM, ENODEV… */
export function boundSocket(place: { readonly address: Ipv4; readonly port: number; readonly device: string }): number {
  const c = libc()
  const fd = checked('socket', c.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))
  try {
    const one = Buffer.from([1, 0, 0, 0])
    checked('setsockopt', c.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, one, 4))
    checked('setsockopt', c.setsockopt(fd, SOL_SOCKET, SO_BROADCAST, one, 4))
    const device = Buffer.from(`${place.device}\0`)
    checked(`setsockopt SO_BINDTODEVICE ${place.device}`, c.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, device.length))
    const address = socketAddress(place.address, place.port)
    checked(`bind ${place.address}:${place.port}`, c.bind(fd, address, address.length))
    return fd
  } catch (error) {
    c.close(fd)
    throw error
  }
}

/** struct sockaddr_in. */
function socketAddress(address: Ipv4, port: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt16LE(AF_INET, 0)
  bytes.writeUInt16BE(port, 2)
  bytes.writeUInt32BE(parseIpv4(address), 4)
  return bytes
}

function checked(what: string, result: number): number {
  if (result >= 0) return result
  const errno = getInt32(libc().__errno_location(), 0)
  const code = getSystemErrorName(-errno)
  throw Object.assign(new Error(`${what}: ${code}`), { code, errno: -errno })
}
