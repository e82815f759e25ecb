/** A server that runs beside this process and ends with it. */
export interface Engine {
  /** As `KNOWN_DIFFERENCES` lists it. */
  readonly name: EngineName;
  readonly endpoint: string;
  /** The group of the engine's processes, where they are not this one's. */
  readonly processGroup?: number;
  stop(): Promise<void>;
}

/** What stands in for DynamoDB, and for SQS and S3, on this machine. */
export type EngineName = 'dynoxide' | 'dynamodb-local' | 'fauxqs';
