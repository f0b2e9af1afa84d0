import { defineConfig } from 'vitest/config'
import { LabReporter } from './test/lab/reporter.ts'

const real = { fileParallelism: false, globalSetup: 'test/lab/setup.ts' }

/** Unit tests run side by side; tests with real programs and machines one file at a time, so that two cores are enough. */
export default defineConfig({
  test: {
    pool: 'forks',
    execArgv: ['--disable-warning=ExperimentalWarning'],
    slowTestThreshold: 2000,
    reporters: ['default', new LabReporter()],
    projects: [
      project('unit', 1, {
        maxWorkers: '100%',
        include: ['test/**/*.test.ts'],
        exclude: ['test/{interop,e2e,lab}/**'],
        testTimeout: 30_000,
      }),
      project('interop', 2, { include: ['test/{interop,lab}/**/*.test.ts'], testTimeout: 180_000, ...real }),
      project('e2e', 3, { include: ['test/e2e/**/*.test.ts'], testTimeout: 600_000, ...real }),
    ],
  },
})

function project(name: string, groupOrder: number, test: object): { extends: true; test: object } {
  return { extends: true, test: { name, sequence: { groupOrder }, hookTimeout: 120_000, ...test } }
}
