import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';

/** A cancelled transaction as DynamoDB answers it, with the code of each part. No engine here cancels for a conflict. */
export const cancelled = (codes: readonly string[]): TransactionCanceledException =>
  new TransactionCanceledException({
    message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes.join(', ')}]`,
    $metadata: { httpStatusCode: 400 },
    CancellationReasons: codes.map((Code) => ({ Code })),
  });
