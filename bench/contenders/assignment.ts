/** What a contender is to do. */
export type Work =
  /** One pass over what is due. */
  | 'inspect'
  /** The same for as long as the schedule leaves a pass: a minute. */
  | 'minute'
  /** One walk over everything, as after a restart. */
  | 'recover'
  /** One look at the jobs that have news. */
  | 'check'
  | 'submit';

export interface Assignment {
  readonly work: Work;
  /** DynamoDB and SQS alike. */
  readonly endpoint: string;
  readonly queueUrl: string;
  /** Segments to submit. */
  readonly segments: number;
  /** How long a minute is, in milliseconds. */
  readonly minuteMs: number;
  /** Whether all targets were dropped before, so that reading them first saves their writes. */
  readonly readsFirst: boolean;
  /** How often the work is done: of several times the fastest counts, as in a function that Lambda keeps warm. */
  readonly times: number;
}

/** What a contender says it has done; what is in the tables and the queue afterwards is checked beside it. */
export interface Done {
  /** Of the line that it logs, in bytes. */
  readonly logBytes?: number;
}

/** What it took, as the process itself sees it. */
export interface Effort extends Done {
  readonly wallMs: number;
  /** User and system. */
  readonly cpuMs: number;
  /** The most that was resident since the process was started, in bytes. */
  readonly peakBytes: number;
  /** What was resident then, as far as Node tells: the highest of a sample every 100 ms. */
  readonly memory?: MemorySample;
}

/** In bytes. */
export interface MemorySample {
  readonly resident: number;
  /** What V8 holds for objects, live or not. */
  readonly heap: number;
  /** Of the heap, what objects took: live ones and garbage. */
  readonly heapUsed: number;
  /** Buffers outside the heap. */
  readonly buffers: number;
}
