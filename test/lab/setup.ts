import { openKernel } from './kernel.ts'
import { fetchForeign } from './loaders.ts'

/** Before the first test with machines: the guest's kernel is fetched, once, and loaders of other architectures. Without them those tests say why they are skipped. */
export async function setup(): Promise<void> {
  if (process.platform !== 'linux') return
  await openKernel().catch((error: unknown) =>
    console.error(`no kernel for the lab's machines: ${String(error).split('\n')[0]}`),
  )
  for (const arch of ['arm64', 'i386'] as const) {
    await fetchForeign(arch).catch((error: unknown) =>
      console.error(`no loaders for the lab's ${arch} machines: ${String(error).split('\n')[0]}`),
    )
  }
}
