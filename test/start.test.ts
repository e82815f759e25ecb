import { describe, expect, inject, it } from 'vitest';
import { bucketsThere } from './support/buckets-there.ts';
import { start, startInTerminal } from './support/command-line.ts';
import { endpointInBetween } from './support/endpoint-in-between.ts';
import { leftBehind } from './support/left-behind.ts';
import { type S3Request, s3InBetween } from './support/s3-in-between.ts';
import { readRequest, type SeenLoop, startWatched } from './support/seen-loop.ts';

/** A run makes some thousand requests; a busy machine answers them slowly. */
const RUN_TIMEOUT_MS = 240_000;

const ESCAPE = String.fromCharCode(0x1b);

const stateOf = ({ segments }: SeenLoop, segmentId: bigint): unknown =>
  segments.find((segment) => segment.segmentId === segmentId)?.state;

describe('npm start', { timeout: RUN_TIMEOUT_MS }, () => {
  it('restores a snapshot, one more though a worker dies, and nothing of one that lacks a source', async () => {
    const [undisturbed, complete, damaged] = [
      await readRequest('undisturbed.ndjson'),
      await readRequest('restore.ndjson'),
      await readRequest('missing-source.ndjson'),
    ];
    let seen: SeenLoop | undefined;
    const { code, stdout, stderr, engines } = await startWatched(['--json'], (world) => {
      seen = world;
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    if (!seen) throw new Error('nobody looked');

    expect(seen.jobs).toHaveLength(3);
    for (const { jobId } of [undisturbed, complete])
      expect(seen.jobs.find((job) => job.jobId === jobId)?.state).toBe('Completed');
    expect(seen.jobs.find(({ jobId }) => jobId === damaged.jobId)).toMatchObject({
      state: 'Failed',
      reason: expect.stringMatching(/^1\/2 tasks failed: source segment \d+ has no objects/),
      segmentsDroppedAt: expect.anything(),
    });
    expect(seen.segments).toHaveLength(
      undisturbed.targets.length + complete.targets.length + damaged.targets.length,
    );
    for (const id of [...undisturbed.targets, ...complete.targets]) expect(stateOf(seen, id)).toBe('Flushed');
    for (const id of damaged.targets) expect(stateOf(seen, id)).toBe('Dropped');

    const counts = [undisturbed, complete].map(({ sourceRoot, targets, targetOf }) => {
      const sources = [...(seen?.sources ?? [])].filter(([key]) => key.startsWith(sourceRoot));
      expect(sources.length).toBeGreaterThan(targets.length);
      for (const [key, bytes] of sources)
        expect(seen?.targets.get(targetOf(key))?.equals(bytes), key).toBe(true);
      return sources.length;
    });

    // A worker died holding its lease; another one completed its task.
    const lost = seen.tasks.filter(({ lostLeases }) => lostLeases !== undefined);
    expect(lost).toEqual([
      expect.objectContaining({ jobId: complete.jobId, state: 'Completed', lostLeases: 1n }),
    ]);

    const { events, restores, promises, kept, after } = JSON.parse(stdout);
    const dead = events.find(({ what }: { what: string }) => what === 'died');
    expect(lost[0]?.nodeId).not.toBe(dead.who);
    expect(kept).toBe(true);
    expect(promises).toHaveLength(11);
    const restored = [undisturbed, complete].map(({ jobId, targets }, index) => ({
      jobId: String(jobId),
      state: 'Completed',
      segments: { Flushed: targets.length },
      objects: { sources: counts[index], equal: counts[index], missing: [], different: [] },
    }));
    expect(restores).toMatchObject([
      ...restored,
      { jobId: '3', state: 'Failed', segments: { Dropped: damaged.targets.length } },
    ]);

    // When each restore came how far, as its events have it.
    type Timed = { at: number; what: string; jobId: string };
    for (const { jobId, steps } of restores as {
      jobId: string;
      steps: Record<string, number | string>[];
    }[]) {
      const names = steps.map(({ step }) => step);
      expect(names).toEqual(
        jobId === '3'
          ? ['submitted', 'sent', 'claimed', 'dropped']
          : ['submitted', 'sent', 'claimed', 'copied', 'published'],
      );
      const timesOf = (step: unknown): number[] =>
        (events as Timed[]).flatMap((event) =>
          event.what === step && event.jobId === jobId ? [event.at] : [],
        );
      const [submitted = 0] = timesOf('submitted');
      let before = 0;
      for (const { step, sinceSubmitMs, tookMs } of steps) {
        const times = timesOf(step);
        const at = step === 'copied' || step === 'dropped' ? Math.max(...times) : Math.min(...times);
        const begun = submitted - Number(steps[0]?.sinceSubmitMs);
        // Each time is rounded by itself.
        expect(Math.abs(Number(sinceSubmitMs) - (at - begun))).toBeLessThanOrEqual(2);
        expect(Math.abs(Number(tookMs) - (Number(sinceSubmitMs) - before))).toBeLessThanOrEqual(2);
        before = Number(sinceSubmitMs);
      }
    }
    expect(after.segments).toHaveLength(seen.segments.length);

    expect(leftBehind(engines)).toEqual([]);
    const there = await bucketsThere();
    for (const { source, target } of seen.jobs as {
      source: { bucket: string };
      target: { bucket: string };
    }[])
      for (const { bucket } of [source, target]) expect(there).not.toContain(bucket);
  });

  it('tells each event with its time, and ends with 1 and a reason when something is not as promised', async () => {
    const [complete, damaged] = [
      await readRequest('restore.ndjson'),
      await readRequest('missing-source.ndjson'),
    ];
    let changed = '';
    const { code, stdout, stderr, engines } = await startWatched([], async (world) => {
      const { sources, putTarget, setSegment } = world;
      const [source = ''] = [...sources.keys()].filter((key) => key.startsWith(complete.sourceRoot));
      changed = complete.targetOf(source);
      await putTarget(changed, 'other bytes');
      await setSegment(damaged.targets[7], 'Flushed');
    });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(
        new RegExp(`objects of job 2 are equal to their sources, byte by byte: ${changed} differs$`),
      ),
      expect.stringMatching(new RegExp(`segments of job 3 are Dropped: ${damaged.targets[7]} is Flushed$`)),
    ]);
    expect(stdout).toContain('2 of 11 promises of this run do NOT hold.');
    expect(leftBehind(engines)).toEqual([]);

    expect(stdout).not.toMatch(/…|\r/);
    expect(stdout).not.toContain(ESCAPE);
    const told = stdout.split('\n').filter((text) => /^\d\d:\d\d\.\d /.test(text));
    const times = told.map((text) => text.slice(0, 7));
    expect(times).toEqual([...times].sort());
    // Workers are at work side by side: which of them is first is chance.
    const sorted = (words: string): string => `${words.trim().split(' ').sort().join(' ')} `;
    const happenings = (job: number): string[] =>
      told.flatMap(
        (text) => text.match(new RegExp(`^\\S+ +\\S+ +(?:job ${job}|${job}/\\d) +(\\w+)`))?.[1] ?? [],
      );
    expect(happenings(1).join(' ')).toBe(
      'stored submitted sent claimed copied publishing published completed',
    );
    expect(
      happenings(2)
        .join(' ')
        .replace(/((claimed|copied|DIED)\b ?){3,}/, sorted),
    ).toBe(
      'stored submitted sent sent DIED claimed claimed copied released sent claimed copied ' +
        'publishing published completed deleted',
    );
    // The other task is copied meanwhile: its worker ends it whenever it does.
    expect(happenings(3)).toContain('copied');
    expect(
      happenings(3)
        .filter((what) => what !== 'copied')
        .join(' ')
        .replace(/((claimed|failed)\b ?){3}/, sorted),
    )
      // The inspector is told of the failed task first, unless its machine is slow.
      .toMatch(
        /^stored lost submitted sent sent claimed claimed failed (dropped failed|failed dropped) dropped$/,
      );
    const dropped = [...stdout.matchAll(/ job 3 +dropped (\d+) segments/g)].map(([, count]) => Number(count));
    expect(dropped.reduce((sum, count) => sum + count, 0)).toBe(damaged.targets.length);

    // No schedule was waited for where a stream tells.
    const minuteOf = (pattern: RegExp): string | undefined => stdout.match(pattern)?.[1];
    for (const job of [1, 2, 3])
      expect(minuteOf(new RegExp(`^(\\d\\d):\\S+ +inspector +${job}/1 +sent`, 'm'))).toBe(
        minuteOf(new RegExp(`^(\\d\\d):\\S+ +submit +job ${job}`, 'm')),
      );

    const [, leaseEnd = ''] = stdout.match(/ DIED .* its lease runs until (\S+)$/m) ?? [];
    const [, releasedAt = ''] =
      stdout.match(/^(\S+) +inspector +2\/2 +released after its lease expired$/m) ?? [];
    expect(leaseEnd).toMatch(/^\d\d:\d\d\.\d$/);
    expect(releasedAt > leaseEnd, `${releasedAt} is after ${leaseEnd}`).toBe(true);
  });

  it.runIf(process.platform === 'linux')(
    'fits a terminal of 80 columns, on three screens of 24 lines',
    async () => {
      const { code, stdout } = await startInTerminal([]);
      expect(code).toBe(0);
      const lines = stdout.trimEnd().split('\n');
      expect(lines.filter((line) => line.length > 80)).toEqual([]);
      expect(lines.length).toBeLessThanOrEqual(72);
      expect(stdout).toMatch(
        /^Job 3 failed because\n {2}1\/2 tasks failed: source segment …\d+ has no objects; its rows: 8$/m,
      );
      for (const job of [1, 2])
        expect(stdout).toMatch(
          new RegExp(
            `^(\\d+) of \\1 objects of job ${job} are equal to their sources, byte by byte\\.$`,
            'm',
          ),
        );
      expect(stdout).toMatch(/^MS SINCE SUBMIT +JOB 1 +STEP +JOB 2 +STEP +JOB 3 +STEP$/m);
      expect(stdout).toMatch(/^published +[\d,]+ +\+[\d,]+ +[\d,]+ +\+[\d,]+$/m);
    },
  );
});

describe('a command line that makes no sense', () => {
  it.each([
    [['--file', 'x', '--watch', 'often'], /--watch.*It must be a time such as 2s, 500ms or 1m/],
    [['--verbose'], /unknown option '--verbose'/],
    [['restore.ndjson'], /too many arguments/],
    [['--recover'], /--recover goes with --file, such as: npm start -- --file \S+ --recover\n/],
    [['--dry-run', '--json'], /--dry-run goes with --file, such as: npm start -- --file \S+ --dry-run\n/],
    [['--watch', '2s'], /--watch goes with --file, such as: npm start -- --file \S+ --watch 2s\n/],
  ])('%o is refused with what it takes', async (args, message) => {
    const { code, stdout, stderr } = await start(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).toContain('--dry-run');
  });
});

describe('an S3 of the user’s own', () => {
  /** A run whose second bucket is refused, with the requests for buckets that it has made by then. */
  async function runRefused(isRefused: (request: S3Request) => boolean) {
    let buckets = 0;
    const s3 = await s3InBetween(inject('s3Endpoint'), (request) => {
      const isCreation = request.operation === 'PutObject' && request.key === '';
      return (isCreation && ++buckets === 2) || isRefused(request)
        ? { status: 403, code: 'AccessDenied' }
        : 'none';
    });
    const dynamo = await endpointInBetween(inject('dynamoEndpoint'));
    const sqs = await endpointInBetween(inject('sqsEndpoint'));
    const ended = await start([], {
      env: {
        AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
        AWS_ENDPOINT_URL_SQS: sqs.endpoint,
        AWS_ENDPOINT_URL_S3: s3.endpoint,
      },
    });
    await Promise.all([s3.close(), dynamo.close(), sqs.close()]);
    expect(leftBehind([dynamo, sqs])).toEqual([]);
    return { ...ended, made: s3.carried.find(({ operation }) => operation === 'PutObject')?.bucket ?? '' };
  }

  it('that is another service is told so', async () => {
    const { code, stdout, stderr } = await start([], {
      env: { AWS_ENDPOINT_URL_S3: inject('dynamoEndpoint') },
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^No S3 at http\S+ \(AWS_ENDPOINT_URL_S3\):\n {2}something answers with HTTP status/,
    );
  });

  it('that makes no second bucket keeps neither the first one nor tables nor queue', async () => {
    const { code, stdout, stderr, made } = await runRefused(() => false);
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: 'buckets cannot be created: AccessDenied: injected\n',
    });
    expect(made).toMatch(/-source$/);
    expect(await bucketsThere()).not.toContain(made);
  });

  it('that does not delete a bucket either has it named', async () => {
    const { code, stderr, made } = await runRefused(
      ({ operation, key }) => operation === 'Other' && key === '',
    );
    expect(code).toBe(1);
    expect(stderr).toContain(`could not be deleted: bucket ${made} (AccessDenied: injected)`);
    expect(await bucketsThere()).toContain(made);
  });
});
