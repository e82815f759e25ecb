/** The life of a worker in this process, which can end as if the process had: at once, in the middle of its work. */
export interface MortalLife {
  readonly isOver: boolean;
  /** Resolves when it ends. */
  readonly over: Promise<void>;
  /** Lets it end with the request that would be the copy after these. */
  endAfter(copies: number, onEnd: () => void): void;
  /** Puts it between a client and its service. */
  attachTo(client: Client): void;
}

// What all clients of the SDK have, and no type of theirs says.
interface Client {
  readonly middlewareStack: {
    // biome-ignore lint/suspicious/noExplicitAny: one middleware for the commands of two clients
    add(middleware: (next: any, context: any) => (args: any) => Promise<any>, options: object): void;
  };
}

/** Whoever is gone asks nothing, and gets no answer. */
const forever = new Promise<never>(() => {});

export function createMortalLife(): MortalLife {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  let isOver = false;
  let end: { copiesLeft: number; readonly onEnd: () => void } | undefined;

  const live = (commandName: string): boolean => {
    if (!isOver && end && commandName === 'CopyObjectCommand' && end.copiesLeft-- === 0) {
      isOver = true;
      end.onEnd();
      resolve();
    }
    return !isOver;
  };

  return {
    get isOver() {
      return isOver;
    },
    over,
    endAfter(copiesLeft, onEnd) {
      end = { copiesLeft, onEnd };
    },
    attachTo(client) {
      client.middlewareStack.add(
        (next, { commandName }) =>
          async (args) => {
            if (!live(commandName)) return forever;
            const answer = await next(args);
            return isOver ? forever : answer;
          },
        // Outside the SDK's retries.
        { step: 'initialize', priority: 'low', name: 'mortalLife' },
      );
    },
  };
}
