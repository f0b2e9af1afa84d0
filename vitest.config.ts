import { defineConfig } from 'vitest/config'

/** Unit tests run side by side; tests with real programs and machines one file at a time, so that two cores are enough. */
export default defineConfig({
  test: {
    pool: 'forks',
    execArgv: ['--disable-warning=ExperimentalWarning'],
    slowTestThreshold: 2000,
    projects: [
      project('unit', 0, {
        include: ['test/**/*.test.ts'],
        exclude: ['test/{interop,e2e,lab}/**'],
        testTimeout: 30_000,
      }),
      project('interop', 1, {
        include: ['test/{interop,lab}/**/*.test.ts'],
        fileParallelism: false,
        testTimeout: 120_000,
      }),
      project('e2e', 2, { include: ['test/e2e/**/*.test.ts'], fileParallelism: false, testTimeout: 600_000 }),
    ],
  },
})

function project(name: string, groupOrder: number, test: object): { extends: true; test: object } {
  return { extends: true, test: { name, sequence: { groupOrder }, hookTimeout: 600_000, ...test } }
}
