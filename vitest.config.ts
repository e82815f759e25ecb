import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // A machine with two busy cores is slow, not broken; what hangs is still found.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
