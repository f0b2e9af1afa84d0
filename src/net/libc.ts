import { dlopen, getInt32, getRawPointer, type DynamicLibraryResult } from 'node:ffi'
import { getSystemErrorName } from 'node:util'
import { parseIpv4, type Ipv4 } from './ipv4.ts'

const signatures = {
  socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
  setsockopt: { arguments: ['int32', 'int32', 'int32', 'buffer', 'uint32'], return: 'int32' },
  getsockopt: { arguments: ['int32', 'int32', 'int32', 'buffer', 'buffer'], return: 'int32' },
  bind: { arguments: ['int32', 'buffer', 'uint32'], return: 'int32' },
  close: { arguments: ['int32'], return: 'int32' },
  getsockname: { arguments: ['int32', 'buffer', 'buffer'], return: 'int32' },
  send: { arguments: ['int32', 'buffer', 'uint64', 'int32'], return: 'int64' },
  recv: { arguments: ['int32', 'buffer', 'uint64', 'int32'], return: 'int64' },
  sendto: { arguments: ['int32', 'pointer', 'uint32', 'int32', 'buffer', 'uint32'], return: 'int32' },
  recvmsg: { arguments: ['int32', 'pointer', 'int32'], return: 'int32' },
  recvmmsg: { arguments: ['int32', 'pointer', 'uint32', 'int32', 'pointer'], return: 'int32' },
  sendmsg: { arguments: ['int32', 'pointer', 'int32'], return: 'int32' },
  sendmmsg: { arguments: ['int32', 'pointer', 'uint32', 'int32'], return: 'int32' },
  sendfile: { arguments: ['int32', 'int32', 'buffer', 'uint64'], return: 'int64' },
  mmap: { arguments: ['pointer', 'uint64', 'int32', 'int32', 'int32', 'int64'], return: 'pointer' },
  mincore: { arguments: ['pointer', 'uint64', 'buffer'], return: 'int32' },
  munmap: { arguments: ['pointer', 'uint64'], return: 'int32' },
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
const AF_NETLINK = 16
const SOCK_DGRAM = 2
const SOCK_RAW = 3
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const IPPROTO_IP = 0
const IP_PKTINFO = 8
const IP_MTU_DISCOVER = 10
const IP_PMTUDISC_DONT = 0
const SOL_SOCKET = 1
const SO_REUSEADDR = 2
const SO_BROADCAST = 6
const SO_SNDBUF = 7
const SO_RCVBUF = 8
const SO_PEERCRED = 17
const SO_BINDTODEVICE = 25
const SO_SNDBUFFORCE = 32
const SO_RCVBUFFORCE = 33

export interface SocketPlace {
  readonly address: Ipv4
  readonly port: number
  /** Only this interface; needs CAP_NET_RAW. */
  readonly device?: string
  readonly reuse?: boolean
  readonly broadcast?: boolean
  /** Bytes; what the system allows of it. */
  readonly receiveBuffer?: number
  /** Routers may cut what is sent: the don't-fragment bit is not set. */
  readonly mayFragment?: boolean
  /** Each message tells which of our addresses was asked. */
  readonly tellLocal?: boolean
}

/** A bound UDP socket that does not block. Throws as Node does: `code` is EACCES, EADDRINUSE, ENODEV… */
export function boundSocket(place: SocketPlace): number {
  const c = libc()
  const fd = checked('socket', c.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))
  try {
    prepare(fd, place)
    const address = socketAddress(place.address, place.port)
    checked(`bind ${place.address}:${place.port}`, c.bind(fd, address, address.length))
    return fd
  } catch (error) {
    c.close(fd)
    throw error
  }
}

/** A socket to the kernel's tables of routes and neighbours (netlink(7)) that does not block. Throws as `boundSocket` does. */
export function routeSocket(): number {
  return checked('netlink', libc().socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))
}

function prepare(fd: number, place: SocketPlace): void {
  const { device, reuse = false, broadcast = false, receiveBuffer = 0, tellLocal = false } = place
  if (reuse) checked('SO_REUSEADDR', setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1))
  if (broadcast) checked('SO_BROADCAST', setOption(fd, SOL_SOCKET, SO_BROADCAST, 1))
  if (tellLocal) checked('IP_PKTINFO', setOption(fd, IPPROTO_IP, IP_PKTINFO, 1))
  if (place.mayFragment) checked('IP_MTU_DISCOVER', setOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT))
  if (receiveBuffer > 0) setBuffers(fd, receiveBuffer)
  if (device === undefined) return
  const name = Buffer.from(`${device}\0`)
  checked(`SO_BINDTODEVICE ${device}`, libc().setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, name.length))
}

// The forced ones need CAP_NET_ADMIN and go beyond net.core.rmem_max; without it, what the system allows.
function setBuffers(fd: number, size: number): void {
  if (setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, size) < 0) setOption(fd, SOL_SOCKET, SO_RCVBUF, size)
  if (setOption(fd, SOL_SOCKET, SO_SNDBUFFORCE, size) < 0) setOption(fd, SOL_SOCKET, SO_SNDBUF, size)
}

function setOption(fd: number, level: number, option: number, value: number): number {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return libc().setsockopt(fd, level, option, bytes, 4)
}

/** The port that a socket is bound to. */
export function portOf(fd: number): number {
  const address = Buffer.alloc(16)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(address.length)
  checked('getsockname', libc().getsockname(fd, address, length))
  return address.readUInt16BE(2)
}

/** Who is at the other end of a connected Unix socket, as the kernel noted it at connect(2). */
export function peerUidOf(fd: number): number {
  // struct ucred of unix(7): pid, uid, gid.
  const credentials = Buffer.alloc(12)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(credentials.length)
  checked('SO_PEERCRED', libc().getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length))
  return credentials.readUInt32LE(4)
}

/** struct sockaddr_in. */
function socketAddress(address: Ipv4, port: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt16LE(AF_INET, 0)
  bytes.writeUInt16BE(port, 2)
  bytes.writeUInt32BE(parseIpv4(address), 4)
  return bytes
}

/** The errno of the call just made; nothing else may happen in between. */
export function errno(): number {
  return getInt32(libc().__errno_location(), 0)
}

/** Where a buffer's bytes lie. The caller keeps the buffer alive for as long as the kernel may look. */
export function addressOf(bytes: ArrayBuffer | NodeJS.ArrayBufferView): number {
  return Number(getRawPointer(bytes))
}

function checked(what: string, result: number): number {
  if (result >= 0) return result
  const number = errno()
  const code = getSystemErrorName(-number)
  throw Object.assign(new Error(`${what}: ${code}`), { code, errno: -number })
}
