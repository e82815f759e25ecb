/** What alarms are called, which is their heading in RUNBOOK.md: of several that are on, look at the first one first. */
export const ALARM_HEADINGS = [
  'No passes',
  'Passes fail',
  'No checks',
  'Checks fail',
  'Drops fail',
  'Drops are withheld',
  'Work is overdue',
  'A job stays unsettled',
  'Dead letters',
  'Passes are cut short',
] as const;
export type AlarmHeading = (typeof ALARM_HEADINGS)[number];
