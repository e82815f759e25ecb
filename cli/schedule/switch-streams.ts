import type { EventSourceMappingConfiguration, LambdaClient } from '@aws-sdk/client-lambda';

const OFF = ['Disabled', 'Disabling'];

/**
 * Switches on or off what wakes a function besides its schedule: its event source mappings on streams of tables. A stream that is
 * read again begins where it was left.
 *
 * @returns how many were switched; those that were so already are left alone
 */
export async function switchStreams(
  client: Pick<LambdaClient, 'send'>,
  FunctionName: string,
  to: { readonly isOn: boolean },
): Promise<number> {
  const { UpdateEventSourceMappingCommand } = await import('@aws-sdk/client-lambda');
  let switched = 0;
  for (const { UUID, State = '', EventSourceArn = '' } of await mappingsOf(client, FunctionName)) {
    const isStream = /^arn:[^:]*:dynamodb:.*\/stream\//.test(EventSourceArn);
    if (!isStream || !OFF.includes(State) === to.isOn) continue;
    await client.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: to.isOn }));
    switched++;
  }
  return switched;
}

async function mappingsOf(
  client: Pick<LambdaClient, 'send'>,
  FunctionName: string,
): Promise<EventSourceMappingConfiguration[]> {
  const { ListEventSourceMappingsCommand } = await import('@aws-sdk/client-lambda');
  const mappings: EventSourceMappingConfiguration[] = [];
  let Marker: string | undefined;
  do {
    const page = await client.send(
      new ListEventSourceMappingsCommand({ FunctionName, ...(Marker && { Marker }) }),
    );
    mappings.push(...(page.EventSourceMappings ?? []));
    Marker = page.NextMarker;
  } while (Marker);
  return mappings;
}
