import type { Permit, PermitStore } from '../../machine/permit.ts'

/** Permits that live as long as the process. */
export class MemoryPermits implements PermitStore {
  readonly #byMachine = new Map<string, Permit>()

  load(): readonly Permit[] {
    return [...this.#byMachine.values()]
  }

  save(permit: Permit): void {
    this.#byMachine.set(permit.machine, permit)
  }
}
