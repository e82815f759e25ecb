/** Recovery as an operator types it, for version 1 and 2 of the AWS CLI. */
export interface RecoveryCommands {
  /** Waits for the pass and writes its report to recovery.json. */
  readonly wait: string;
  /** Starts the pass and returns. */
  readonly start: string;
  /** Prints the reports of the last hour's recoveries. */
  readonly read: string;
}

// Version 2 takes a payload from the command line for base64, unless told by an option that version 1 does not know;
// bytes from a file are bytes to both.
const EVENT = `echo '{"mode":"recover"}' |`;
const PAYLOAD = '--payload fileb:///dev/stdin';

/**
 * The report goes to a separate file: on standard output it would be mixed with the CLI's.
 *
 * `wait` outlasts the function, and does not try again: a time-out would start another pass while the first one runs on.
 * NAT gateways drop a connection that is silent for six minutes, however long the CLI waits; hence `start`.
 */
export function recoveryCommands(functionName: string, logGroupName: string): RecoveryCommands {
  return {
    wait: `${EVENT} AWS_MAX_ATTEMPTS=1 aws lambda invoke --function-name ${functionName} --cli-read-timeout 960 ${PAYLOAD} recovery.json`,
    start: `${EVENT} aws lambda invoke --function-name ${functionName} --invocation-type Event ${PAYLOAD} /dev/null`,
    read: `aws logs filter-log-events --log-group-name ${logGroupName} --start-time $(($(date +%s)-3600))000 --filter-pattern '{ $.mode = "recover" }' --query 'events[].[message]' --output text`,
  };
}
