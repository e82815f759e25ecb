/**
 * Goals that are known to be missed, and why. They are shown as missed, and do not end the benchmark with 1; one that is
 * reached is to be struck off here.
 */
export const NOT_REACHED_YET: Readonly<Record<string, string>> = {
  'memory: resident at its peak': 'with 300,000 due it was 317 MB when it was last measured',
  'memory: flat': 'from 10,000 to 300,000 due it grew by more than half',
  'bundle of the inspector':
    'half of it is the core of the SDK; logger, document client and valibot are 44 kB',
  'a month, idle, everything the stack makes':
    'at list price the alarms are 10 cents each and the dashboard is three dollars; an account has ten and three for nothing',
};
