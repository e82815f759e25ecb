import type { Stores } from '../copy-segment/stores.ts';
import type { PassRun } from './pass-run.ts';

/** The same stores, watched: every change as it ended, every message that was accepted. */
export const observed = (
  { write, queue, ...reads }: Stores,
  { onChange, onMessage }: Pick<PassRun, 'onChange' | 'onMessage'>,
): Stores => ({
  ...reads,
  async write(changes) {
    const outcomes = await write(changes);
    if (onChange)
      for (const [index, change] of changes.entries()) {
        const outcome = outcomes[index];
        if (outcome) onChange(change, outcome);
      }
    return outcomes;
  },
  queue: {
    async send(messages) {
      const outcomes = await queue.send(messages);
      if (onMessage)
        for (const [index, message] of messages.entries())
          if (outcomes[index]?.kind === 'sent') onMessage(message);
      return outcomes;
    },
  },
});
