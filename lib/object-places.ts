import { Stack, Validations } from 'aws-cdk-lib';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Place } from '../functions/worker-s3/transfer.ts';

export interface ObjectPlacesProps {
  /** Snapshots are below it. */
  readonly source: Place;
  /** Restored segments are below it. */
  readonly target: Place;
}

/** Where objects are copied from and to: buckets that exist already, and are neither changed nor removed. */
export class ObjectPlaces extends Construct {
  private readonly props: ObjectPlacesProps;

  constructor(scope: Construct, id: string, props: ObjectPlacesProps) {
    super(scope, id);
    this.props = props;
  }

  /** What a copy does below the two root paths, and nothing outside them. It deletes nothing. */
  grantCopy(role: IRole): void {
    const { source, target } = this.props;
    const allow = (
      actions: readonly string[],
      resource: string,
      conditions?: Record<string, unknown>,
    ): void => {
      const names = actions.map((action) => `s3:${action}`);
      role.addToPrincipalPolicy(
        new PolicyStatement({ actions: names, resources: [resource], ...(conditions && { conditions }) }),
      );
    };
    allow(['GetObject'], this.objectsOf(source));
    allow(['GetObject', 'PutObject', 'AbortMultipartUpload'], this.objectsOf(target));
    for (const place of [source, target])
      allow(['ListBucket'], this.arnOf(place), { StringLike: { 's3:prefix': `${prefixOf(place)}*` } });

    for (const place of [source, target])
      Validations.of(role).acknowledge({
        id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::${place.bucket}/${prefixOf(place)}*]`,
        reason:
          'The keys of objects are not known before: what is named is the root path that they are below.',
      });
  }

  private arnOf({ bucket }: Place): string {
    return Stack.of(this).formatArn({
      service: 's3',
      region: '',
      account: '',
      resource: bucket,
    });
  }

  private objectsOf(place: Place): string {
    return `${this.arnOf(place)}/${prefixOf(place)}*`;
  }
}

const prefixOf = ({ rootPath }: Place): string => (rootPath === '' ? '' : `${rootPath}/`);
