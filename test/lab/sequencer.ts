import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The longest first, so that none of them runs alone at the end: whole installs, then disks, then the rest as vitest orders it. */
const long = [/\/e2e\/image-/, /\/e2e\/disks-/]

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => rank(a) - rank(b))
  }
}

function rank({ moduleId }: TestSpecification): number {
  const found = long.findIndex((form) => form.test(moduleId))
  return found < 0 ? long.length : found
}
