#!/usr/bin/env node
// CommonJS, which every Node can read: an older one is told what it needs.
require('../node-24.cjs');
import('./copy-segment.ts');
