import type { Contender } from '../contenders/bundle-contenders.ts';

/** How each contender is called in tables and charts. */
export const NAMES: Readonly<Record<Contender, string>> = {
  naive: 'naive port',
  project: 'this project',
  floor: 'floor',
};
