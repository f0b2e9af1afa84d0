import { defineConfig } from 'vitest/config'
import { LabReporter } from './test/lab/reporter.ts'
import { LongFirst } from './test/lab/sequencer.ts'

const globalSetup = 'test/lab/setup.ts'

/** Unit tests run side by side, tests with real programs one file at a time, machines two at a time, which is what two cores can take. */
export default defineConfig({
  test: {
    pool: 'forks',
    execArgv: ['--disable-warning=ExperimentalWarning'],
    slowTestThreshold: 2000,
    sequence: { sequencer: LongFirst },
    reporters: ['default', new LabReporter()],
    projects: [
      project('unit', 1, {
        maxWorkers: '100%',
        include: ['test/**/*.test.ts'],
        exclude: ['test/{interop,e2e,lab,slow}/**'],
        testTimeout: 30_000,
      }),
      project('interop', 2, {
        include: ['test/{interop,lab}/**/*.test.ts'],
        testTimeout: 180_000,
        fileParallelism: false,
        globalSetup,
      }),
      // Not in npm test: npm run test:slow.
      project('slow', 4, { include: ['test/slow/**/*.test.ts'], testTimeout: 1_800_000, maxWorkers: 2, globalSetup }),
      project('e2e', 3, { include: ['test/e2e/**/*.test.ts'], testTimeout: 900_000, maxWorkers: 2, globalSetup }),
    ],
  },
})

function project(name: string, groupOrder: number, test: object): { extends: true; test: object } {
  return { extends: true, test: { name, sequence: { groupOrder }, hookTimeout: 120_000, ...test } }
}
