import type { Barrier } from '../store/coherence.js';
import { optionsObject } from '../option.js';
import { InvalidOptionsError } from '../errors.js';
import { checkKeys } from './check-key.js';
import { tagsArgument } from './check-tags.js';
import type { CacheScope } from './cache-scope.js';
import { isRefusal, refusalError } from './refusal.js';

/** What a mutation is about to change. */
export interface MutationTargets {
  readonly keys?: Iterable<string>;
  readonly tags?: string | Iterable<string>;
}

interface Targets {
  readonly keys: readonly string[];
  readonly tags: readonly string[];
}

/** How long a barrier stands that nobody renews, in milliseconds: longer than a commit that was sent may take to happen. */
const BARRIER_TIME = 10_000;

/**
 * Runs `work`, which changes what the targets were made of, behind a write barrier: from before it begins until it has
 * ended, what is loaded or set for the targets is not stored. Then they are invalidated, whether it failed or not, since
 * what became of a transaction that failed is not always known.
 *
 * Where Redis is out of reach, `onError: 'throw'` throws before `work` has begun; else it runs without a barrier.
 */
export async function mutate<T>(
  scope: CacheScope,
  raw: MutationTargets,
  work: () => T | Promise<T>,
): Promise<T> {
  const targets = targetsOf(raw);
  if (typeof work !== 'function') throw new InvalidOptionsError('work', 'must be a function', work);
  scope.outdate(targets.keys, targets.tags);
  const barrier = await raise(scope, targets);
  scope.outdate(targets.keys, targets.tags);
  const release = barrier === undefined ? () => {} : keepUp(scope, barrier);
  try {
    return await work();
  } finally {
    release();
    await end(scope, targets, barrier);
  }
}

function targetsOf(raw: MutationTargets): Targets {
  optionsObject(raw, 'targets', ['keys', 'tags']);
  const keys = raw.keys === undefined ? [] : [...new Set(checkKeys(raw.keys))];
  const tags = raw.tags === undefined ? [] : tagsArgument(raw.tags);
  if (keys.length + tags.length > 0) return { keys, tags };
  throw new InvalidOptionsError('targets', 'must name keys or tags', raw);
}

async function raise(scope: CacheScope, targets: Targets): Promise<Barrier | undefined> {
  try {
    return await scope.coherence.bar(targets, BARRIER_TIME);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    scope.reportError('mutate', error);
    if (scope.context.onError === 'throw') throw refusalError('mutate', error);
    return undefined;
  }
}

/** Keeps a barrier standing. One that could not be renewed in time protects no more: the invalidation at the end remains. */
function keepUp(scope: CacheScope, barrier: Barrier): () => void {
  const { clock } = scope.context;
  let over = false;
  let cancel: (() => void) | undefined;
  const renew = async (): Promise<void> => {
    await barrier.renew().catch((error: unknown) => scope.reportError('mutate', error));
    if (!over) again();
  };
  const again = (): void => {
    cancel = clock.schedule(BARRIER_TIME / 3, () => void renew());
  };
  again();
  return () => {
    over = true;
    cancel?.();
  };
}

async function end(scope: CacheScope, { keys, tags }: Targets, barrier: Barrier | undefined): Promise<void> {
  scope.outdate(keys, tags);
  try {
    if (barrier === undefined) await invalidate(scope, { keys, tags });
    else await barrier.lift();
    if (keys.length > 0) scope.report({ type: 'delete', cache: scope.name, keys });
    if (tags.length > 0) scope.report({ type: 'invalidate', cache: scope.name, tags });
  } catch (error) {
    // The store repeats it until Redis has taken it. What `work` has done stands, and is told to its caller.
    if (!isRefusal(error)) throw error;
    scope.reportError('mutate', error);
  } finally {
    scope.outdate(keys, tags);
  }
}

async function invalidate(scope: CacheScope, { keys, tags }: Targets): Promise<void> {
  await Promise.all([
    keys.length === 0 ? undefined : scope.store.delete(keys),
    tags.length === 0 ? undefined : scope.coherence.invalidateTags(tags),
  ]);
}
