import { openKernel } from './kernel.ts'

/** Before the first test with machines: the guest's kernel is fetched, once. Without it those tests say why they are skipped. */
export async function setup(): Promise<void> {
  if (process.platform !== 'linux') return
  await openKernel().catch((error: unknown) =>
    console.error(`no kernel for the lab's machines: ${String(error).split('\n')[0]}`),
  )
}
