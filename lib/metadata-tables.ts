import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AttributeType,
  Billing,
  ProjectionType,
  StreamViewType,
  TableEncryptionV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { DUE_INDEX } from '../functions/copy-segment/due-index.ts';
import {
  type TableDefinition,
  type TableKind,
  type TableNames,
  tableDefinitions,
} from '../functions/copy-segment/tables.ts';
import { VARIABLES } from '../functions/pass/variables.ts';

export interface MetadataTablesProps {
  /** Tables that exist already; they are neither changed nor removed. */
  readonly existing?: TableNames | undefined;
  /** The streams of tables that exist already, if they are to be read. */
  readonly existingStreams?: StreamArns | undefined;
  /** Whether new tables have streams. */
  readonly reactive: boolean;
  readonly disposable: boolean;
}

/** The streams of Jobs and Tasks; they have the images of an item before and after a change. */
export type StreamArns = Readonly<Record<'jobs' | 'tasks', string>>;

/** The jobs, tasks and segments of restores. */
export class MetadataTables extends Construct {
  readonly names: TableNames;
  /** Undefined: nobody reads them. */
  readonly streams: StreamArns | undefined;
  private readonly arns: Readonly<Record<TableKind, string>>;

  constructor(
    scope: Construct,
    id: string,
    { existing, existingStreams, reactive, disposable }: MetadataTablesProps,
  ) {
    super(scope, id);
    const of = (kind: TableKind) => {
      if (existing) {
        const arn = Stack.of(this).formatArn({
          service: 'dynamodb',
          resource: 'table',
          resourceName: existing[kind],
        });
        return { name: existing[kind], arn, stream: undefined };
      }
      const hasStream = reactive && kind !== 'segments';
      const table = this.createTable(kind, disposable, hasStream);
      return {
        name: table.tableName,
        arn: table.tableArn,
        stream: hasStream ? table.tableStreamArn : undefined,
      };
    };
    const [jobs, tasks, segments] = [of('jobs'), of('tasks'), of('segments')];
    this.names = { jobs: jobs.name, tasks: tasks.name, segments: segments.name };
    this.streams =
      jobs.stream === undefined || tasks.stream === undefined
        ? existingStreams
        : { jobs: jobs.stream, tasks: tasks.stream };
    this.arns = { jobs: jobs.arn, tasks: tasks.arn, segments: segments.arn };
  }

  /** How a function learns where they are. */
  variables(shards: number): Record<string, string> {
    return {
      [VARIABLES.jobsTable]: this.names.jobs,
      [VARIABLES.tasksTable]: this.names.tasks,
      [VARIABLES.segmentsTable]: this.names.segments,
      [VARIABLES.shards]: String(shards),
    };
  }

  /** What a pass does with the tables, and no more: it creates and deletes no item. */
  grantInspection(role: IRole): void {
    const { jobs, tasks, segments } = this.arns;
    const allow = allowing(role);
    allow(['Query'], `${jobs}/index/${DUE_INDEX}`, `${tasks}/index/${DUE_INDEX}`, tasks);
    allow(['BatchGetItem', 'PartiQLUpdate'], jobs, tasks, segments);
    allow(['Scan'], jobs, tasks);
    // For a service that does not take several REMOVE clauses in a statement: a release and a settlement have them.
    allow(['UpdateItem'], jobs, tasks);
  }

  /** What a worker does with the tables, and no more: it changes its task, and leaves word on the job. */
  grantWork(role: IRole): void {
    const { jobs, tasks, segments } = this.arns;
    const allow = allowing(role);
    allow(['GetItem', 'UpdateItem'], jobs, tasks);
    allow(['GetItem'], segments);
  }

  /**
   * What a check does with the tables, and no more: tasks it reads. A transaction needs the permission of each of its
   * parts.
   */
  grantChecks(role: IRole): void {
    const { jobs, tasks, segments } = this.arns;
    const allow = allowing(role);
    allow(['Query'], `${jobs}/index/${DUE_INDEX}`, tasks);
    allow(['BatchGetItem', 'ConditionCheckItem', 'PartiQLUpdate', 'Scan', 'UpdateItem'], jobs);
    allow(['BatchGetItem', 'UpdateItem'], segments);
  }

  /** What Lambda does, as the function's role, with a stream that wakes the function. */
  static grantStream(role: IRole, streamArn: string): void {
    allowing(role)(['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'], streamArn);
  }

  private createTable(kind: TableKind, disposable: boolean, hasStream: boolean): TableV2 {
    const { partitionKey, sortKey, timeToLiveAttribute, dueIndex }: TableDefinition = tableDefinitions[kind];
    return new TableV2(this, `${kind[0]?.toUpperCase()}${kind.slice(1)}`, {
      partitionKey: number(partitionKey),
      ...(sortKey && { sortKey: number(sortKey) }),
      ...(timeToLiveAttribute && { timeToLiveAttribute }),
      ...(hasStream && { dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES }),
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.awsManagedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: !disposable,
      removalPolicy: disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
      globalSecondaryIndexes: dueIndex
        ? [
            {
              indexName: dueIndex.name,
              partitionKey: number(dueIndex.partitionKey),
              sortKey: number(dueIndex.sortKey),
              projectionType: ProjectionType.INCLUDE,
              nonKeyAttributes: [...dueIndex.nonKeyAttributes],
            },
          ]
        : [],
    });
  }
}

const allowing =
  (role: IRole) =>
  (actions: readonly string[], ...resources: string[]): void => {
    const names = actions.map((action) => `dynamodb:${action}`);
    role.addToPrincipalPolicy(new PolicyStatement({ actions: names, resources }));
  };

const number = (name: string) => ({ name, type: AttributeType.NUMBER });
